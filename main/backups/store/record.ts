import { createHash, randomBytes } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { BackupId } from '../../words/index.ts';
import { seal, unseal, type StoreKeys } from './keys.ts';

/** Magic (4), flags (1: sealed), 3 zero bytes, salt (32). */
const HEADER = 40;
/** Most bytes that a record may unfold to. */
const MOST = 256 * 1024 * 1024;

const KINDS = {
  snapshot: { magic: Buffer.from('GKS2'), keyOf: (keys: StoreKeys, salt: Buffer) => keys.snapshotKey(salt) },
  mark: { magic: Buffer.from('GKM2'), keyOf: (keys: StoreKeys, salt: Buffer) => keys.markKey(salt) },
};
export type RecordKind = keyof typeof KINDS;

/** The bytes of a small file of JSON that belongs to one backup: sealed, or with its hash in an open store. */
export function encodeRecord(keys: StoreKeys, kind: RecordKind, id: BackupId, json: unknown): Buffer {
  const { magic, keyOf } = KINDS[kind];
  const header = Buffer.alloc(HEADER);
  magic.copy(header);
  header.writeUInt8(keys.sealed ? 1 : 0, 4);
  if (keys.sealed) randomBytes(32).copy(header, 8);
  const content = zstdCompressSync(Buffer.from(JSON.stringify(json)));
  const key = keyOf(keys, header.subarray(8));
  const bound = Buffer.concat([header, Buffer.from(id)]);
  // The key is this file's own, so its one nonce may be zero.
  if (key !== null) return Buffer.concat([header, seal(key, Buffer.alloc(12), bound, content)]);
  return Buffer.concat([header, content, createHash('sha256').update(bound).update(content).digest()]);
}

/** The JSON text of such a file. @throws when it is not what was written for this backup */
export function decodeRecord(keys: StoreKeys, kind: RecordKind, id: BackupId, bytes: Buffer): string {
  const { magic, keyOf } = KINDS[kind];
  const header = bytes.subarray(0, HEADER);
  const expected = Buffer.alloc(8);
  magic.copy(expected);
  expected.writeUInt8(keys.sealed ? 1 : 0, 4);
  if (header.length < HEADER || !header.subarray(0, 8).equals(expected))
    throw new RangeError(`not a ${kind} of this store`);
  const key = keyOf(keys, Buffer.from(header.subarray(8)));
  const bound = Buffer.concat([header, Buffer.from(id)]);
  let content: Buffer;
  if (key === null) {
    content = bytes.subarray(HEADER, -32);
    const hash = createHash('sha256').update(bound).update(content).digest();
    if (!hash.equals(bytes.subarray(-32))) throw new RangeError('it was changed');
  } else {
    content = unseal(key, Buffer.alloc(12), bound, bytes.subarray(HEADER));
  }
  return zstdDecompressSync(content, { maxOutputLength: MOST }).toString('utf8');
}
