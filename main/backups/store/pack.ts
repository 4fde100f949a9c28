import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { Problem, Sha256 } from '../../words/index.ts';

/** Content is addressed by this: SHA-256 of the bytes. */
export type BlobId = Sha256;

/** How a blob's bytes are stored. Sealed codecs join this list with their issue. */
export const CODEC = { raw: 0, zstd: 1 } as const;

/** The header before each blob: `GKB1`, codec, kind, 2 zero bytes, id (32), raw length, stored length (u32 LE). */
export const HEADER = 48;
const MAGIC = Buffer.from('GKB1');
/** The end of a pack: SHA-256 of everything before, then `GKPE`. */
export const TRAILER = 36;
const END = Buffer.from('GKPE');

export interface BlobPlace {
  readonly id: BlobId;
  /** Of the payload within the pack. */
  readonly offset: number;
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export function blobIdOf(bytes: Uint8Array): BlobId {
  return Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
}

/** Compresses where that makes it smaller. Runs on libuv's threads. */
export async function encodeBlob(bytes: Buffer): Promise<{ codec: number; payload: Buffer }> {
  if (bytes.length < 64) return { codec: CODEC.raw, payload: bytes };
  const small = await compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return small.length < bytes.length * 0.97
    ? { codec: CODEC.zstd, payload: small }
    : { codec: CODEC.raw, payload: bytes };
}

/** @throws Problem `store-damaged` when the bytes are not those that the id names. */
export async function decodeBlob(place: BlobPlace, payload: Buffer): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes =
      place.codec === CODEC.zstd ? await decompress(payload, { maxOutputLength: place.raw + 1 }) : payload;
  } catch (error) {
    throw damaged(`blob ${place.id} cannot be decompressed`, error);
  }
  if (bytes.length !== place.raw || blobIdOf(bytes) !== place.id)
    throw damaged(`blob ${place.id} is not what it was`);
  return bytes;
}

/** A blob with its header, ready to be appended to a pack. */
export function frameBlob(id: BlobId, raw: number, codec: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt8(codec, 4);
  Buffer.from(id, 'hex').copy(header, 8);
  header.writeUInt32LE(raw, 40);
  header.writeUInt32LE(payload.length, 44);
  return Buffer.concat([header, payload]);
}

/** The end of a pack that holds these bytes. */
export function trailerOf(body: Buffer): Buffer {
  return Buffer.concat([createHash('sha256').update(body).digest(), END]);
}

/**
 * Finds every blob of a pack, from its bytes alone: so the index can be rebuilt.
 * @throws Problem `store-damaged` when the pack is cut or changed.
 */
export function readPack(name: string, pack: Buffer): BlobPlace[] {
  const end = pack.length - TRAILER;
  if (end < 0 || !pack.subarray(end + 32).equals(END)) throw damaged(`pack ${name} is cut`);
  if (
    !createHash('sha256')
      .update(pack.subarray(0, end))
      .digest()
      .equals(pack.subarray(end, end + 32))
  )
    throw damaged(`pack ${name} was changed`);
  const places: BlobPlace[] = [];
  for (let at = 0; at < end;) {
    if (!pack.subarray(at, at + 4).equals(MAGIC) || at + HEADER > end)
      throw damaged(`pack ${name} has no blob at ${at}`);
    const place = placeAt(pack, at);
    places.push(place);
    at += HEADER + place.stored;
  }
  return places;
}

/** The blobs of a damaged pack that are still whole. */
export async function salvagePack(pack: Buffer): Promise<BlobPlace[]> {
  const whole: BlobPlace[] = [];
  for (
    let at = pack.indexOf(MAGIC);
    at >= 0 && at + HEADER <= pack.length;
    at = pack.indexOf(MAGIC, at + 1)
  ) {
    const place = placeAt(pack, at);
    const payload = pack.subarray(place.offset, place.offset + place.stored);
    if (payload.length !== place.stored) continue;
    const bytes = await decodeBlob(place, payload).catch(() => null);
    if (bytes !== null) whole.push(place);
  }
  return whole;
}

/** What the header at a place says. */
function placeAt(pack: Buffer, at: number): BlobPlace {
  return {
    id: Sha256.parse(pack.subarray(at + 8, at + 40).toString('hex')),
    offset: at + HEADER,
    stored: pack.readUInt32LE(at + 44),
    raw: pack.readUInt32LE(at + 40),
    codec: pack.readUInt8(at + 4),
  };
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
