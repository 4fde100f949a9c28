import { randomBytes } from 'node:crypto';
import type { BlobId, StoreKeys } from './keys.ts';
import {
  BLOB_HEADER,
  compressBlob,
  frameBlob,
  PACK_HEADER,
  packHeader,
  packTable,
  tableSize,
  type BlobPlace,
} from './pack.ts';

export interface PackerPlace {
  readonly keys: StoreKeys;
  readonly has: (id: BlobId) => boolean;
  /** Makes a pack durable and known. */
  readonly flush: (pack: {
    readonly name: string;
    readonly salt: Buffer;
    readonly bytes: Buffer;
    readonly places: readonly BlobPlace[];
  }) => Promise<void>;
}

/** Gathers blobs into packs. Compression runs on several threads at once, a bounded number of bytes ahead. */
export interface Packer {
  add(id: BlobId, bytes: Buffer): Promise<void>;
  /** Takes a blob over as it stands in another pack, already made smaller. */
  addPacked(blob: { id: BlobId; raw: number; codec: number; payload: Buffer }): Promise<void>;
  finish(): Promise<void>;
  /** Bytes that went into packs. */
  added(): number;
}

const PACK = 16 * 1024 * 1024;
const AHEAD = 24 * 1024 * 1024;

/** Bytes on the disk of the packs that blobs of these stored lengths would fill, in this order. */
export function packedSize(stored: Iterable<number>): number {
  let total = 0;
  let size = 0;
  let blobs = 0;
  const end = () => {
    if (blobs > 0) total += size + tableSize(blobs);
    size = 0;
    blobs = 0;
  };
  for (const length of stored) {
    if (blobs === 0) size = PACK_HEADER;
    size += BLOB_HEADER + length;
    blobs += 1;
    if (size >= PACK) end();
  }
  end();
  return total;
}

export function createPacker({ keys, has, flush }: PackerPlace): Packer {
  const mine = new Set<BlobId>();
  let salt: Buffer = Buffer.alloc(32);
  let parts: Buffer[] = [];
  let places: BlobPlace[] = [];
  let size = 0;
  let total = 0;
  let ahead = 0;
  const under = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | null = null;
  let flushing: Promise<void> = Promise.resolve();

  const endPack = () => {
    if (places.length === 0) return;
    const bytes = Buffer.concat([...parts, packTable(places)]);
    const pack = { name: randomBytes(16).toString('hex'), salt, bytes, places };
    parts = [];
    places = [];
    size = 0;
    total += bytes.length;
    flushing = flushing.then(() => flush(pack));
    flushing.catch((error: unknown) => {
      failed ??= { error };
    });
  };

  const append = (blob: { id: BlobId; raw: number; codec: number; payload: Buffer }) => {
    if (places.length === 0) {
      if (keys.sealed) salt = randomBytes(32);
      parts = [packHeader(keys, salt)];
      size = parts[0]?.length ?? 0;
    }
    const { frame, place } = frameBlob(keys, salt, size, blob);
    parts.push(frame);
    places.push(place);
    size += frame.length;
    if (size >= PACK) endPack();
  };

  const refuseAfterFailure = () => {
    if (failed) throw failed.error;
  };

  return {
    async add(id, bytes) {
      refuseAfterFailure();
      if (mine.has(id) || has(id)) return;
      mine.add(id);
      ahead += bytes.length;
      const work = compressBlob(bytes)
        .then(({ codec, payload }) => append({ id, raw: bytes.length, codec, payload }))
        .catch((error: unknown) => {
          failed ??= { error };
        })
        .finally(() => {
          ahead -= bytes.length;
          under.delete(work);
        });
      under.add(work);
      while (ahead > AHEAD && under.size > 0) await Promise.race(under);
      if (ahead > AHEAD / 2) await flushing.catch(() => {});
      refuseAfterFailure();
    },
    async addPacked(blob) {
      refuseAfterFailure();
      if (mine.has(blob.id)) return;
      mine.add(blob.id);
      append(blob);
      await flushing;
    },
    async finish() {
      await Promise.all(under);
      endPack();
      await flushing;
      refuseAfterFailure();
    },
    added: () => total,
  };
}
