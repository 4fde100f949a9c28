import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import tar from 'tar-stream';
import { run, sh, type Connection } from '../connections/index.ts';
import { decodeName, encodeName, Problem, type RemotePath } from '../words/index.ts';
import type { ManifestEntry } from './manifest.ts';

export interface PullOptions {
  readonly root: RemotePath;
  readonly signal: AbortSignal;
  /** Takes one file's content; all of it has to be read. */
  readonly onFile: (entry: ManifestEntry, size: number, content: AsyncIterable<Buffer>) => Promise<void>;
}

/** What a pull could not bring. */
export interface Pulled {
  /** Came in another size than the manifest says, or was not there any more. */
  readonly moved: readonly ManifestEntry[];
  readonly unreadable: readonly ManifestEntry[];
}

/**
 * Brings files as one tar stream over one channel. Every wanted file is accounted for afterwards: it came,
 * it moved, or it could not be read.
 * @throws Problem `pull-failed` when the server's tar failed otherwise.
 */
export async function pullFiles(
  connection: Connection,
  wanted: readonly ManifestEntry[],
  options: PullOptions,
): Promise<Pulled> {
  const { onFile } = options;
  const missing = new Map(wanted.map((entry) => [entry.path, entry]));
  const moved: ManifestEntry[] = [];
  if (wanted.length === 0) return { moved, unreadable: [] };
  const script = sh`cd -- ${options.root} && LC_ALL=C exec tar --null --no-recursion --format=gnu -cf - -T -`;
  const result = await run(connection, script, {
    attempted: `Fetch ${wanted.length} files from ${options.root}`,
    signal: options.signal,
    timeLimit: 6 * 3_600_000,
    stdin: (stdin) => feed(stdin, wanted),
    onOutput: async (stdout) => {
      // Names as bytes; the option is missing in the library's types.
      const options = { highWaterMark: 1024 * 1024, filenameEncoding: 'latin1', allowUnknownFormat: true };
      const extract = tar.extract(options);
      const reading = (async () => {
        for await (const found of extract) {
          const path = decodeName(Buffer.from(found.header.name, 'latin1')).replace(/^\.\//, '');
          const entry = missing.get(path);
          if (!entry || found.header.type !== 'file') {
            found.resume();
            continue;
          }
          const size = found.header.size ?? 0;
          await onFile(entry, size, buffersOf(found));
          missing.delete(path);
          if (size !== entry.size) moved.push(entry);
        }
      })();
      await Promise.all([pipeline(stdout, extract), reading]);
    },
  });
  if (result.code > 2) throw failed(connection, options, result.stderr);
  // Exit code 1: a file changed while it was read; 2: one was not there or could not be read.
  const denied = result.stderr.split('\n').filter((line) => /permission denied/i.test(line));
  const unreadable: ManifestEntry[] = [];
  for (const entry of missing.values()) {
    if (denied.length > 0 && denied.some((line) => line.includes(entry.path))) unreadable.push(entry);
    else moved.push(entry);
  }
  if (missing.size > 0 && result.code === 0)
    throw failed(connection, options, `${missing.size} files did not come, though tar reported none missing`);
  if (
    missing.size === wanted.length &&
    result.code !== 0 &&
    denied.length === 0 &&
    !/No such file/i.test(result.stderr)
  )
    throw failed(connection, options, result.stderr);
  return { moved, unreadable };
}

async function feed(stdin: Writable, wanted: readonly ManifestEntry[]): Promise<void> {
  const batch: Buffer[] = [];
  const zero = Buffer.of(0);
  const flush = async () => {
    if (batch.length === 0) return;
    const bytes = Buffer.concat(batch);
    batch.length = 0;
    if (!stdin.write(bytes))
      await new Promise<void>((resolve) =>
        stdin
          .once('drain', resolve)
          .once('close', resolve)
          .once('error', () => resolve()),
      );
  };
  for (const entry of wanted) {
    batch.push(encodeName(`./${entry.path}`), zero);
    if (batch.length >= 2000) await flush();
  }
  await flush();
  stdin.end();
}

async function* buffersOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk;
}

function failed(connection: Connection, options: PullOptions, answered: string): Problem {
  return new Problem({
    code: /no space left/i.test(answered) ? 'remote-disk-full' : 'pull-failed',
    message: 'The files could not be fetched.',
    attempted: `Fetch files from ${options.root} on ${connection.label}`,
    answered: answered.trim(),
    todo: 'The answer says what the server objected to. Nothing was changed.',
  });
}
