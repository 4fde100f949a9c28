import { createReadStream } from 'node:fs';
import type { StoreIndex } from './index-db.ts';
import type { BlobId, StoreKeys } from './keys.ts';

/** Whether a file holds just the bytes that the blobs name, in that order, and no more. Nothing is read from the packs. */
export async function matches(
  { keys, index }: { readonly keys: StoreKeys; readonly index: StoreIndex },
  blobs: readonly BlobId[],
  file: string,
): Promise<boolean> {
  const left = [...blobs].reverse();
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of createReadStream(file)) {
    if (!Buffer.isBuffer(chunk)) continue;
    held.push(chunk);
    size += chunk.length;
    for (;;) {
      const next = left.at(-1);
      if (next === undefined) break;
      const length = index.find(next)?.raw;
      if (length === undefined) return false;
      if (size < length) break;
      const all = Buffer.concat(held);
      if (keys.blobId(all.subarray(0, length)) !== next) return false;
      left.pop();
      held = [all.subarray(length)];
      size -= length;
    }
  }
  return left.length === 0 && size === 0;
}
