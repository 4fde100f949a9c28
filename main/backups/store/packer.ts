import { randomBytes } from 'node:crypto';
import type { BlobId, StoreKeys } from './keys.ts';
import { BLOB_HEADER, PACK_HEADER, tableSize, type BlobPlace } from './pack.ts';
import type { StoreWorkers } from './workers.ts';

export interface PackerPlace {
  readonly keys: StoreKeys;
  readonly workers: StoreWorkers;
  readonly has: (id: BlobId) => boolean;
  /** Where a pack of this name is to be written. */
  readonly roomFor: (name: string) => string;
  /** Makes a pack known that has been written. */
  readonly onPack: (
    pack: { readonly name: string; readonly salt: Buffer; readonly size: number },
    places: readonly BlobPlace[],
  ) => void;
}

/** Gathers blobs into packs, which threads compress, seal and write; a bounded number of them ahead. */
export interface Packer {
  add(id: BlobId, bytes: Buffer): Promise<void>;
  /** Takes a blob over as it stands in another pack, already compressed. */
  addPacked(blob: { id: BlobId; raw: number; codec: number; payload: Buffer }): Promise<void>;
  finish(): Promise<void>;
  /** Bytes that went into packs. */
  added(): number;
}

/** Bytes that a pack holds before it is compressed. */
const PACK = 16 * 1024 * 1024;
/** Packs that are under way at once. */
const AHEAD = 2;

/** Bytes on the disk of the packs that blobs of these lengths as given to a packer would fill, in this order. */
export function packedSize(blobs: Iterable<{ readonly payload: number; readonly stored: number }>): number {
  let total = 0;
  let size = 0;
  let given = 0;
  let count = 0;
  const end = () => {
    if (count > 0) total += size + tableSize(count);
    size = 0;
    given = 0;
    count = 0;
  };
  for (const { payload, stored } of blobs) {
    if (count > 0 && given + payload > PACK) end();
    if (count === 0) size = PACK_HEADER;
    size += BLOB_HEADER + stored;
    given += payload;
    count += 1;
  }
  end();
  return total;
}

export function createPacker({ keys, workers, has, roomFor, onPack }: PackerPlace): Packer {
  const mine = new Set<BlobId>();
  let room: Buffer<ArrayBuffer> | null = null;
  /** Rooms that came back. */
  const rooms: Buffer<ArrayBuffer>[] = [];
  let used = 0;
  let blobs: { id: BlobId; raw: number; codec: number | null; from: number; to: number }[] = [];
  let total = 0;
  const under = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | null = null;

  const endPack = () => {
    if (room === null) return;
    const name = randomBytes(16).toString('hex');
    const salt = keys.sealed ? randomBytes(32) : Buffer.alloc(32);
    const work = workers
      .pack({ file: roomFor(name), salt: new Uint8Array(salt), bytes: room.buffer, blobs })
      .then(({ size, places, bytes }) => {
        if (bytes.byteLength === PACK) rooms.push(Buffer.from(bytes));
        onPack({ name, salt, size }, places);
        total += size;
      })
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => under.delete(work));
    under.add(work);
    room = null;
    used = 0;
    blobs = [];
  };

  const refuseAfterFailure = () => {
    if (failed) throw failed.error;
  };

  const append = async (id: BlobId, raw: number, codec: number | null, payload: Buffer) => {
    // Looked at anew after each wait: others may have begun a pack, or filled it, meanwhile.
    for (;;) {
      refuseAfterFailure();
      if (room !== null && used + payload.length > PACK) endPack();
      if (room !== null || under.size < AHEAD) break;
      await Promise.race(under);
    }
    room ??=
      (payload.length <= PACK ? rooms.pop() : null) ??
      Buffer.from(new ArrayBuffer(Math.max(PACK, payload.length)));
    payload.copy(room, used);
    blobs.push({ id, raw, codec, from: used, to: used + payload.length });
    used += payload.length;
  };

  return {
    async add(id, bytes) {
      if (mine.has(id) || has(id)) return;
      mine.add(id);
      await append(id, bytes.length, null, bytes);
    },
    async addPacked({ id, raw, codec, payload }) {
      if (mine.has(id)) return;
      mine.add(id);
      await append(id, raw, codec, payload);
    },
    async finish() {
      endPack();
      await Promise.all(under);
      refuseAfterFailure();
    },
    added: () => total,
  };
}
