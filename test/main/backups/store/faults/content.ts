import { createHash } from 'node:crypto';

/** The same bytes for the same words, on every computer: SHA-256 in counter mode. */
export function bytesOf(words: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash('sha256').update(`${words} ${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** The files of a backup, by its seed: some that every backup has, some of its own, and one that is empty. */
export function filesOf(seed: string): ReadonlyMap<string, Buffer> {
  return new Map([
    ['empty', Buffer.alloc(0)],
    ['index.php', bytesOf('in every backup', 3000)],
    ['own.txt', bytesOf(`${seed} text`, 700)],
    ['picture.jpg', bytesOf(`${seed} picture`, 9000)],
  ]);
}

export const dumpOf = (seed: string): Buffer => bytesOf(`${seed} dump`, 40_000);
