import type { Writable } from 'node:stream';

const ENDS = ['drain', 'close', 'error'];

/** What whoever feeds a command is stopped by once that takes no more. How it ended says more. */
export class TakesNoMore extends Error {
  override readonly name = 'TakesNoMore';
}

/**
 * Hands bytes to a command, and waits until it takes more. Nothing of the waiting stays on the stream.
 * @throws TakesNoMore once it has ended. ssh2's channels are never `destroyed`, and what is written to one that was closed gets neither
 * an answer nor an error: whether it is `writable` is all that tells.
 */
export async function feed(stdin: Writable, bytes: Uint8Array | string): Promise<void> {
  if (!stdin.writable) throw new TakesNoMore();
  if (stdin.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const end of ENDS) stdin.off(end, done);
      resolve();
    };
    for (const end of ENDS) stdin.on(end, done);
  });
  if (!stdin.writable) throw new TakesNoMore();
}
