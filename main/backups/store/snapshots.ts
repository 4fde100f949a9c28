import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BackupId, Problem, readJson, Sha256, wordsOf } from '../../words/index.ts';
import { Backup } from '../backup.ts';
import { diskProblem } from './disk-problem.ts';
import { removeDurably, writeDurably } from './durable.ts';
import type { StoreKeys } from './keys.ts';
import { damaged } from './pack.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { StoredDatabase } from './types.ts';

/** The truth about what was backed up: one file per backup in `snapshots/`. */
export const SnapshotRecord = z.object({
  format: z.literal(2),
  backup: Backup.omit({ verifiedAt: true, pin: true, proof: true }),
  root: Sha256,
  database: StoredDatabase.nullable(),
  /** What was known of its site; missing in records of older versions. Not the store's to read: see `lost-sites.ts`. */
  site: z.unknown().default(null),
});
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;

const ENDING = '.snapshot';

/** The snapshot files of a store. They never change, so each is read once. */
export interface Snapshots {
  ids(): Promise<BackupId[]>;
  /** @throws Problem `no-such-backup`, `store-damaged` */
  read(id: BackupId): Promise<SnapshotRecord>;
  /** As `read`, from the disk: to learn whether it is still what it was. */
  readAnew(id: BackupId): Promise<SnapshotRecord>;
  write(record: SnapshotRecord): Promise<void>;
  remove(id: BackupId): Promise<void>;
  file(id: BackupId): string;
}

export function openSnapshots(folder: string, keys: StoreKeys): Snapshots {
  const known = new Map<BackupId, SnapshotRecord>();
  const file = (id: BackupId) => join(folder, `${id}${ENDING}`);
  const readAnew = async (id: BackupId): Promise<SnapshotRecord> => {
    let bytes: Buffer;
    try {
      bytes = await readFile(file(id));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        throw diskProblem(error, file(id));
      throw new Problem(
        {
          code: 'no-such-backup',
          message: `There is no backup ${id}.`,
          answered: wordsOf(error),
          todo: '`backups list` shows all of them.',
        },
        error,
      );
    }
    try {
      const record = decodeSnapshot(keys, id, bytes);
      known.set(id, record);
      return record;
    } catch (error) {
      throw damaged(`snapshot ${id}: ${wordsOf(error)}`, error);
    }
  };
  return {
    file,
    async ids() {
      const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
      return names.flatMap((name) => BackupId.safeParse(name.slice(0, -ENDING.length)).data ?? []);
    },
    read: async (id) => known.get(id) ?? readAnew(id),
    readAnew,
    async write(record) {
      await writeDurably(file(record.backup.id), encodeSnapshot(keys, record));
    },
    async remove(id) {
      // Before a prune takes its packs: a record that came back would be damaged.
      await removeDurably(file(id));
      known.delete(id);
    },
  };
}

/** The bytes of a snapshot file. */
export function encodeSnapshot(keys: StoreKeys, record: SnapshotRecord): Buffer {
  return encodeRecord(keys, 'snapshot', record.backup.id, record);
}

/** @throws when it is not what was written for this backup */
export function decodeSnapshot(keys: StoreKeys, id: BackupId, bytes: Buffer): SnapshotRecord {
  const record = readJson(SnapshotRecord, decodeRecord(keys, 'snapshot', id, bytes));
  if (record.backup.id !== id) throw new RangeError('it is the record of another backup');
  return record;
}
