import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { BackupId, Problem, readJson, Sha256, wordsOf } from '../../words/index.ts';
import { Backup } from '../backup.ts';
import { writeDurably } from './durable.ts';
import { seal, unseal, type StoreKeys } from './keys.ts';
import { damaged } from './pack.ts';
import { StoredDatabase } from './types.ts';

/** The truth about what was backed up: one file per backup in `snapshots/`. */
export const SnapshotRecord = z.object({
  format: z.literal(2),
  backup: Backup.omit({ verifiedAt: true }),
  root: Sha256,
  database: StoredDatabase.nullable(),
});
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;

const ENDING = '.snapshot';
/** `GKS2`, flags (1: sealed), 3 zero bytes, salt (32). */
const HEADER = 40;
const MAGIC = Buffer.from('GKS2');
/** Most bytes that a record may unfold to. */
const MOST = 256 * 1024 * 1024;

/** The snapshot files of a store. They never change, so each is read once. */
export interface Snapshots {
  ids(): Promise<BackupId[]>;
  /** @throws Problem `no-such-backup`, `store-damaged` */
  read(id: BackupId): Promise<SnapshotRecord>;
  write(record: SnapshotRecord): Promise<void>;
  remove(id: BackupId): Promise<void>;
  file(id: BackupId): string;
}

export function openSnapshots(folder: string, keys: StoreKeys): Snapshots {
  const known = new Map<BackupId, SnapshotRecord>();
  const file = (id: BackupId) => join(folder, `${id}${ENDING}`);
  return {
    file,
    async ids() {
      const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
      return names.flatMap((name) => BackupId.safeParse(name.slice(0, -ENDING.length)).data ?? []);
    },
    async read(id) {
      const before = known.get(id);
      if (before) return before;
      let bytes: Buffer;
      try {
        bytes = await readFile(file(id));
      } catch (error) {
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
    },
    async write(record) {
      await writeDurably(file(record.backup.id), encodeSnapshot(keys, record));
    },
    async remove(id) {
      await rm(file(id));
      known.delete(id);
    },
  };
}

/** The bytes of a snapshot file. */
export function encodeSnapshot(keys: StoreKeys, record: SnapshotRecord): Buffer {
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt8(keys.sealed ? 1 : 0, 4);
  if (keys.sealed) randomBytes(32).copy(header, 8);
  const content = zstdCompressSync(Buffer.from(JSON.stringify(record)));
  const key = keys.snapshotKey(header.subarray(8));
  const bound = Buffer.concat([header, Buffer.from(record.backup.id)]);
  // The key is this file's own, so its one nonce may be zero.
  if (key !== null) return Buffer.concat([header, seal(key, Buffer.alloc(12), bound, content)]);
  return Buffer.concat([header, content, createHash('sha256').update(bound).update(content).digest()]);
}

/** @throws when it is not what was written for this backup */
export function decodeSnapshot(keys: StoreKeys, id: BackupId, bytes: Buffer): SnapshotRecord {
  const header = bytes.subarray(0, HEADER);
  const expected = Buffer.alloc(8);
  MAGIC.copy(expected);
  expected.writeUInt8(keys.sealed ? 1 : 0, 4);
  if (header.length < HEADER || !header.subarray(0, 8).equals(expected))
    throw new RangeError('not a snapshot of this store');
  const key = keys.snapshotKey(Buffer.from(header.subarray(8)));
  const bound = Buffer.concat([header, Buffer.from(id)]);
  let content: Buffer;
  if (key === null) {
    content = bytes.subarray(HEADER, -32);
    const hash = createHash('sha256').update(bound).update(content).digest();
    if (!hash.equals(bytes.subarray(-32))) throw new RangeError('it was changed');
  } else {
    content = unseal(key, Buffer.alloc(12), bound, bytes.subarray(HEADER));
  }
  const record = readJson(
    SnapshotRecord,
    zstdDecompressSync(content, { maxOutputLength: MOST }).toString('utf8'),
  );
  if (record.backup.id !== id) throw new RangeError('it is the record of another backup');
  return record;
}
