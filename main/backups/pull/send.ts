import type { Writable } from 'node:stream';
import { runOk, lines, sh, type Connection, type Script } from '../../connections/index.ts';
import type { OnProgress, RemotePath } from '../../words/index.ts';
import { TAR_END, tarHeader, tarPadding, type TarEntry } from './tar.ts';

/** Something to be put on the server. */
export interface Sending extends TarEntry {
  readonly content?: (() => AsyncIterable<Buffer> | Promise<Buffer>) | undefined;
}

/** Sends files into a folder of the server as one tar stream. The folder has to be there. */
export async function sendFiles(
  connection: Connection,
  folder: RemotePath,
  entries: readonly Sending[],
  options: {
    readonly before?: Script | undefined;
    readonly signal: AbortSignal;
    readonly progress: OnProgress;
    readonly what: string;
  },
): Promise<void> {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  let done = 0;
  const feed = async (stdin: Writable) => {
    const push = async (bytes: Buffer) => {
      if (bytes.length > 0 && !stdin.write(bytes))
        await new Promise<void>((resolve) =>
          stdin
            .once('drain', resolve)
            .once('close', resolve)
            .once('error', () => resolve()),
        );
    };
    for (const entry of entries) {
      options.signal.throwIfAborted();
      await push(tarHeader(entry));
      if (entry.content === undefined) continue;
      const content = entry.content();
      let size = 0;
      for await (const chunk of content instanceof Promise ? one(content) : content) {
        await push(chunk);
        size += chunk.length;
        done += chunk.length;
        options.progress({ what: options.what, done, total, unit: 'bytes' });
      }
      if (size !== entry.size)
        throw new Error(`${entry.name} has ${size} bytes, ${entry.size} were announced`);
      await push(tarPadding(entry.size));
    }
    await push(TAR_END);
    stdin.end();
  };
  // -o: no owners; the one spelling that GNU's, BusyBox's and the BSDs' share.
  const script = sh`cd -- ${folder} && exec tar -x -p -o -f -`;
  await runOk(connection, lines(options.before ?? sh``, script), {
    attempted: options.what,
    signal: options.signal,
    timeLimit: 6 * 3_600_000,
    stdin: feed,
  });
}

async function* one(content: Promise<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield await content;
}
