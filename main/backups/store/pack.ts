import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Problem, Sha256 } from '../../words/index.ts';
import { sealInto, TAG, unseal, type BlobId, type StoreKeys } from './keys.ts';

/** How a blob's bytes were made smaller. */
export const CODEC = { raw: 0, zstd: 1 } as const;

/** `GKP2`, flags (1: sealed), 3 zero bytes, salt (32). */
export const PACK_HEADER = 40;
/** `GKB2`, codec, 3 zero bytes, id (32), length of the content, length as stored (u32 LE). */
export const BLOB_HEADER = 48;
/** A line of the table: id (32), offset of the payload, length as stored, length of the content (u32 LE), codec, 3 zero bytes. */
const LINE = 48;
/** SHA-256 of the table, number of its lines (u32 LE), `GKPE`. */
const TRAILER = 40;
const SALT = 32;
const MAGIC = { pack: Buffer.from('GKP2'), blob: Buffer.from('GKB2'), end: Buffer.from('GKPE') };

export interface BlobPlace {
  readonly id: BlobId;
  /** Of the payload within the pack. */
  readonly offset: number;
  /** Length as stored, with the tag where it is sealed. */
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
}

/** Room for all that a codec gives at once: in parts it would be copied together, and be twice the garbage. */
function roomOf(bytes: number): number {
  return Math.max(constants.Z_MIN_CHUNK, bytes + (bytes >> 7) + 128);
}

/**
 * Compresses where that makes it smaller. In one go: zlib's own threads take a context of a megabyte for each
 * blob that waits.
 */
export function compressBlob(bytes: Buffer): { codec: number; payload: Buffer } {
  if (bytes.length < 64) return { codec: CODEC.raw, payload: bytes };
  const small = zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: 3 },
    pledgedSrcSize: bytes.length,
    chunkSize: roomOf(bytes.length),
  });
  return small.length < bytes.length * 0.97
    ? { codec: CODEC.zstd, payload: small }
    : { codec: CODEC.raw, payload: bytes };
}

/** The beginning of a pack. The salt of an open one is all zero. */
export function packHeader(keys: StoreKeys, salt: Buffer): Buffer {
  const header = Buffer.alloc(PACK_HEADER);
  MAGIC.pack.copy(header);
  header.writeUInt8(keys.sealed ? 1 : 0, 4);
  salt.copy(header, 8);
  return header;
}

/** The salt of a pack, from its beginning; null when this is no pack of this store. */
export function saltOf(keys: StoreKeys, header: Buffer): Buffer | null {
  const salt = header.subarray(8, 8 + SALT);
  if (header.length < PACK_HEADER || !packHeader(keys, salt).equals(header.subarray(0, PACK_HEADER)))
    return null;
  return keys.sealed || salt.every((byte) => byte === 0) ? Buffer.from(salt) : null;
}

/**
 * Writes a blob as it stands in a pack, sealed where the store is: header and payload.
 * @param pack the pack that is made; it has room for the blob
 * @param at where in the pack it begins: each place has a nonce of its own
 */
export function frameBlob(
  keys: StoreKeys,
  salt: Buffer,
  pack: Buffer,
  at: number,
  blob: { readonly id: BlobId; readonly raw: number; readonly codec: number; readonly payload: Buffer },
): BlobPlace {
  const key = keys.packKey(salt);
  const place: BlobPlace = {
    id: blob.id,
    offset: at + BLOB_HEADER,
    stored: blob.payload.length + (key === null ? 0 : TAG),
    raw: blob.raw,
    codec: blob.codec,
  };
  const header = blobHeader(place);
  header.copy(pack, at);
  if (key === null) blob.payload.copy(pack, place.offset);
  else sealInto(pack, place.offset, key, nonceOf(place), header, blob.payload);
  return place;
}

/** The compressed bytes of a blob, unsealed. @throws Problem `store-damaged` */
export function openBlob(keys: StoreKeys, salt: Buffer, place: BlobPlace, payload: Buffer): Buffer {
  const key = keys.packKey(salt);
  if (key === null) return payload;
  try {
    return unseal(key, nonceOf(place), blobHeader(place), payload);
  } catch (error) {
    throw damaged(`blob ${place.id} cannot be unsealed`, error);
  }
}

/** The content of a blob. @throws Problem `store-damaged` when the bytes are not those that the id names. */
export function decodeBlob(keys: StoreKeys, salt: Buffer, place: BlobPlace, payload: Buffer): Buffer {
  const packed = openBlob(keys, salt, place, payload);
  let bytes: Buffer;
  try {
    bytes =
      place.codec === CODEC.zstd
        ? zstdDecompressSync(packed, {
            maxOutputLength: Math.max(1, place.raw),
            chunkSize: roomOf(place.raw),
          })
        : packed;
  } catch (error) {
    throw damaged(`blob ${place.id} cannot be decompressed`, error);
  }
  if (bytes.length !== place.raw || keys.blobId(bytes) !== place.id)
    throw damaged(`blob ${place.id} is not what it was`);
  return bytes;
}

/** The end of a pack with these blobs. */
export function packTable(places: readonly BlobPlace[]): Buffer {
  const table = Buffer.alloc(places.length * LINE);
  for (const [index, place] of places.entries()) {
    const at = index * LINE;
    Buffer.from(place.id, 'hex').copy(table, at);
    table.writeUInt32LE(place.offset, at + 32);
    table.writeUInt32LE(place.stored, at + 36);
    table.writeUInt32LE(place.raw, at + 40);
    table.writeUInt8(place.codec, at + 44);
  }
  const trailer = Buffer.alloc(TRAILER);
  createHash('sha256').update(table).digest().copy(trailer);
  trailer.writeUInt32LE(places.length, 32);
  MAGIC.end.copy(trailer, 36);
  return Buffer.concat([table, trailer]);
}

/** Length of the end of a pack with so many blobs. */
export function tableSize(blobs: number): number {
  return blobs * LINE + TRAILER;
}

/** Reads some bytes of a pack. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/**
 * Every blob of a pack, from its table: so the index can be rebuilt without reading the contents.
 * @throws Problem `store-damaged` when the pack is cut or its ends were changed.
 */
export async function readPackTable(
  name: string,
  size: number,
  keys: StoreKeys,
  read: ReadAt,
): Promise<{ salt: Buffer; places: BlobPlace[] }> {
  const salt = size < PACK_HEADER + TRAILER ? null : saltOf(keys, await read(0, PACK_HEADER));
  if (salt === null) throw damaged(`pack ${name} is no pack of this store, or its beginning was changed`);
  const trailer = await read(size - TRAILER, TRAILER);
  const count = trailer.readUInt32LE(32);
  const from = size - TRAILER - count * LINE;
  if (!trailer.subarray(36).equals(MAGIC.end) || from < PACK_HEADER) throw damaged(`pack ${name} is cut`);
  const table = await read(from, count * LINE);
  if (!createHash('sha256').update(table).digest().equals(trailer.subarray(0, 32)))
    throw damaged(`the table of pack ${name} was changed`);
  const places = Array.from({ length: count }, (_, index) => {
    const at = index * LINE;
    return {
      id: Sha256.parse(table.subarray(at, at + 32).toString('hex')),
      offset: table.readUInt32LE(at + 32),
      stored: table.readUInt32LE(at + 36),
      raw: table.readUInt32LE(at + 40),
      codec: table.readUInt8(at + 44),
    };
  });
  let next = PACK_HEADER;
  for (const place of places) {
    if (place.offset !== next + BLOB_HEADER) throw damaged(`the table of pack ${name} is not in order`);
    next = place.offset + place.stored;
  }
  if (next !== from) throw damaged(`pack ${name} holds something that its table does not name`);
  return { salt, places };
}

/** Whether the header before a blob is what its line in the table says. */
export function headerMatches(pack: Buffer, place: BlobPlace): boolean {
  return pack.subarray(place.offset - BLOB_HEADER, place.offset).equals(blobHeader(place));
}

/** The blobs of a damaged pack that are still whole, found by their headers. */
export function salvagePack(keys: StoreKeys, pack: Buffer): { salt: Buffer; places: BlobPlace[] } {
  const salt = Buffer.from(pack.subarray(8, 8 + SALT));
  const whole: BlobPlace[] = [];
  if (salt.length < SALT) return { salt: Buffer.alloc(SALT), places: whole };
  for (
    let at = pack.indexOf(MAGIC.blob);
    at >= 0 && at + BLOB_HEADER <= pack.length;
    at = pack.indexOf(MAGIC.blob, at + 1)
  ) {
    const place: BlobPlace = {
      id: Sha256.parse(pack.subarray(at + 8, at + 40).toString('hex')),
      offset: at + BLOB_HEADER,
      stored: pack.readUInt32LE(at + 44),
      raw: pack.readUInt32LE(at + 40),
      codec: pack.readUInt8(at + 4),
    };
    const payload = pack.subarray(place.offset, place.offset + place.stored);
    if (payload.length !== place.stored) continue;
    try {
      decodeBlob(keys, salt, place, payload);
      whole.push(place);
    } catch {
      // Not whole.
    }
  }
  return { salt, places: whole };
}

function blobHeader(place: BlobPlace): Buffer {
  const header = Buffer.alloc(BLOB_HEADER);
  MAGIC.blob.copy(header);
  header.writeUInt8(place.codec, 4);
  Buffer.from(place.id, 'hex').copy(header, 8);
  header.writeUInt32LE(place.raw, 40);
  header.writeUInt32LE(place.stored, 44);
  return header;
}

/** A pack's key is its own, so a blob's place in the pack is a nonce that comes once. */
function nonceOf(place: BlobPlace): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(place.offset, 0);
  return nonce;
}

export function damaged(answered: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'store-damaged',
      message: 'Part of the backup store is damaged.',
      attempted: 'Read the store',
      answered,
      todo: 'Back up the sites again at once: what is whole on them is stored anew. Then look after the disk.',
    },
    cause,
  );
}
