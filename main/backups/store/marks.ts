import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { BackupId, readJson } from '../../words/index.ts';
import { Pin, Proof } from '../backup.ts';
import { makeFolderIn, removeDurably, writeDurably } from './durable.ts';
import type { StoreKeys } from './keys.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { markFile, markOfFile, type StoreFile } from './store-files.ts';

const MarkRecord = z.object({
  format: z.literal(2),
  id: BackupId,
  pin: Pin.nullable(),
  proof: Proof.nullable(),
});
/** What is said of a backup after it was taken. */
export type Mark = Pick<z.infer<typeof MarkRecord>, 'pin' | 'proof'>;

/** The marks of a store: small files in `marks/`, so that they travel with it. */
export interface Marks {
  of(id: BackupId): Mark;
  /** @throws Problem `disk-full`, `store-unwritable` */
  set(id: BackupId, change: Partial<Mark>): Promise<void>;
  forget(id: BackupId): Promise<void>;
  /** The marks that hold, by the names of their files. */
  files(): StoreFile[];
  /** Reads those again. @returns each that is not what was written, by backup and file */
  damage(): Promise<string[]>;
}

interface Known {
  readonly number: number;
  readonly mark: Mark;
}

const NONE: Mark = { pin: null, proof: null };
/** A mark that cannot be read may have been a pin: its backup stays until the user says otherwise. */
const UNREADABLE: Mark = { pin: { at: 0, note: 'its mark is damaged' }, proof: null };

/** Reads every mark of a store. Of those of one backup the one with the highest number holds; a crash leaves others. */
export async function openMarks(folder: string, keys: StoreKeys): Promise<Marks> {
  makeFolderIn(dirname(folder), basename(folder));
  const file = (id: BackupId, number: number) => join(folder, basename(markFile(id, number)));
  const known = new Map<BackupId, Known>();
  for (const name of await readdir(folder)) {
    const found = markOfFile(`marks/${name}`);
    if (found === null || (known.get(found.backup)?.number ?? 0) >= found.number) continue;
    const mark = readMark(keys, found.backup, await readFile(join(folder, name)));
    known.set(found.backup, { number: found.number, mark });
  }
  const forgetBelow = async (id: BackupId, number: number) => {
    for (const name of await readdir(folder)) {
      const found = markOfFile(`marks/${name}`);
      if (found?.backup === id && found.number < number) await removeDurably(join(folder, name));
    }
  };
  return {
    of: (id) => known.get(id)?.mark ?? NONE,
    async set(id, change) {
      const before = known.get(id);
      const mark = { ...(before?.mark ?? NONE), ...change };
      const number = (before?.number ?? 0) + 1;
      await writeDurably(file(id, number), encodeRecord(keys, 'mark', id, { format: 2, id, ...mark }));
      known.set(id, { number, mark });
      await forgetBelow(id, number);
    },
    files: () => [...known].map(([id, { number }]) => markFile(id, number)),
    async damage() {
      const found: string[] = [];
      for (const [id, { number }] of known) {
        const bytes = await readFile(file(id, number)).catch(() => null);
        const wrong = bytes === null ? 'it cannot be read' : inspectMark(keys, id, bytes);
        if (wrong !== null) found.push(`${id} (no content is lost) its mark ${file(id, number)}: ${wrong}`);
      }
      return found;
    },
    async forget(id) {
      await forgetBelow(id, Number.POSITIVE_INFINITY);
      known.delete(id);
    },
  };
}

/** What is wrong with the bytes of a mark; null: nothing. */
export function inspectMark(keys: StoreKeys, id: BackupId, bytes: Buffer): string | null {
  return readMark(keys, id, bytes) === UNREADABLE ? 'the mark is damaged' : null;
}

function readMark(keys: StoreKeys, id: BackupId, bytes: Buffer): Mark {
  try {
    const { pin, proof, id: bound } = readJson(MarkRecord, decodeRecord(keys, 'mark', id, bytes));
    return bound === id ? { pin, proof } : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
