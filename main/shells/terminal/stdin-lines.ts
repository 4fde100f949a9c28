import { text } from 'node:stream/consumers';

/** Secrets that come on stdin one below the other, in the order in which they are asked for. */
export interface StdinLines {
  /** The next line; '' when no more came. */
  next(): Promise<string>;
}

export function stdinLines(stdin: NodeJS.ReadStream = process.stdin): StdinLines {
  let rest: Promise<string[]> | null = null;
  return {
    async next() {
      rest ??= text(stdin).then((all) => all.split(/\r?\n/));
      return (await rest).shift() ?? '';
    },
  };
}
