import { encodeBlob, frameBlob, HEADER, trailerOf, type BlobId, type BlobPlace } from './pack.ts';

export interface PackerPlace {
  has(id: BlobId): boolean;
  /** Makes a pack durable and known. */
  flush(name: string, bytes: Buffer, places: readonly BlobPlace[]): Promise<void>;
  newName(): string;
}

/** Gathers blobs into packs. Compression runs on several threads at once, a bounded number of bytes ahead. */
export interface Packer {
  add(id: BlobId, bytes: Buffer): Promise<void>;
  finish(): Promise<void>;
  /** Bytes that went into packs. */
  added(): number;
}

const PACK = 16 * 1024 * 1024;
const AHEAD = 24 * 1024 * 1024;

export function createPacker(place: PackerPlace): Packer {
  const mine = new Set<BlobId>();
  let parts: Buffer[] = [];
  let places: BlobPlace[] = [];
  let size = 0;
  let total = 0;
  let ahead = 0;
  const under = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | null = null;
  let flushing: Promise<void> = Promise.resolve();

  const flush = () => {
    if (places.length === 0) return;
    const body = Buffer.concat(parts);
    const bytes = Buffer.concat([body, trailerOf(body)]);
    const found = places;
    parts = [];
    places = [];
    size = 0;
    total += bytes.length;
    flushing = flushing.then(() => place.flush(place.newName(), bytes, found));
    flushing.catch((error: unknown) => {
      failed ??= { error };
    });
  };

  const store = async (id: BlobId, bytes: Buffer) => {
    const { codec, payload } = await encodeBlob(bytes);
    const framed = frameBlob(id, bytes.length, codec, payload);
    places.push({ id, offset: size + HEADER, stored: payload.length, raw: bytes.length, codec });
    parts.push(framed);
    size += framed.length;
    if (size >= PACK) flush();
  };

  const refuseAfterFailure = () => {
    if (failed) throw failed.error;
  };

  return {
    async add(id, bytes) {
      refuseAfterFailure();
      if (mine.has(id) || place.has(id)) return;
      mine.add(id);
      ahead += bytes.length;
      const work = store(id, bytes)
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
    async finish() {
      await Promise.all(under);
      flush();
      await flushing;
      refuseAfterFailure();
    },
    added: () => total,
  };
}
