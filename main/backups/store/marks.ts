import { mkdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BackupId, readJson } from '../../words/index.ts';
import { Pin, Proof } from '../backup.ts';
import { writeDurably } from './durable.ts';
import type { StoreKeys } from './keys.ts';
import { decodeRecord, encodeRecord } from './record.ts';

const MarkRecord = z.object({
  format: z.literal(2),
  id: BackupId,
  pin: Pin.nullable(),
  proof: Proof.nullable(),
});
/** What is said of a backup after it was taken. */
export type Mark = Pick<z.infer<typeof MarkRecord>, 'pin' | 'proof'>;

/** The marks of a store: one small file for each backup that has one, in `marks/`, so that they travel with it. */
export interface Marks {
  of(id: BackupId): Mark;
  /** @throws Problem `disk-full`, `store-unwritable` */
  set(id: BackupId, change: Partial<Mark>): Promise<void>;
  forget(id: BackupId): Promise<void>;
}

const ENDING = '.mark';
const NONE: Mark = { pin: null, proof: null };
/** A mark that cannot be read may have been a pin: its backup stays until the user says otherwise. */
const UNREADABLE: Mark = { pin: { at: 0, note: 'its mark is damaged' }, proof: null };

/** Reads every mark of a store. */
export async function openMarks(folder: string, keys: StoreKeys): Promise<Marks> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (id: BackupId) => join(folder, `${id}${ENDING}`);
  const known = new Map<BackupId, Mark>();
  for (const name of await readdir(folder)) {
    const id = BackupId.safeParse(name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : '').data;
    if (id !== undefined) known.set(id, readMark(keys, id, await readFile(file(id))));
  }
  return {
    of: (id) => known.get(id) ?? NONE,
    async set(id, change) {
      const next = { ...(known.get(id) ?? NONE), ...change };
      await writeDurably(file(id), encodeRecord(keys, 'mark', id, { format: 2, id, ...next }));
      known.set(id, next);
    },
    async forget(id) {
      await rm(file(id), { force: true });
      known.delete(id);
    },
  };
}

function readMark(keys: StoreKeys, id: BackupId, bytes: Buffer): Mark {
  try {
    const { pin, proof, id: bound } = readJson(MarkRecord, decodeRecord(keys, 'mark', id, bytes));
    return bound === id ? { pin, proof } : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
