import type { Writable } from 'node:stream';

const ENDS = ['drain', 'close', 'error'];

/**
 * Waits until a command takes more, or will never again: one that ended early says more than a broken pipe. Nothing of the waiting stays
 * on the stream.
 */
export function drained(stdin: Writable): Promise<void> {
  if (stdin.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      for (const end of ENDS) stdin.off(end, done);
      resolve();
    };
    for (const end of ENDS) stdin.on(end, done);
  });
}
