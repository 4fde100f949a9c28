import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import tar from 'tar-stream';
import { feed, lines, run, sh, type Connection, type Script } from '../../connections/index.ts';
import { decodeName, encodeName, Problem, wordsOf } from '../../words/index.ts';
import type { ManifestEntry } from './manifest.ts';
import { filesBy } from './file-scripts.ts';
import { changedSince } from './look-again.ts';
import { meansOf, type Means } from './means.ts';
import type { Pulled, PullOptions } from './pulled.ts';
import { pullOverSftp } from './sftp-pull.ts';
import { channelsFor, split } from './split.ts';

/** One tar's part of the names. It ends with 255, and xargs with it, when tar gave up in the middle of a file: what came next would be read as the rest of it. */
const PART = `errors=$(tar -cf - "$@" 2>&1 >&3); code=$?
[ -z "$errors" ] || printf "%s\\n" "$errors" >&2
[ $code -ne 0 ] || exit 0
case $errors in *"previous errors"*) exit 1;; esac
exit 255`;
/** The exit code of ours for a stream that breaks off. */
const BROKE_OFF = 3;

/** Packs the files that are named on stdin, each name ended by a NUL. A tar that knows no such names is given them as arguments, and its archives follow each other. */
const PACK: Readonly<Record<Exclude<Means['archive'], 'php' | 'python' | 'none'>, Script>> = {
  gnu: sh`LC_ALL=C exec tar --null --no-recursion --format=gnu -cf - -T -`,
  bsd: sh`LC_ALL=C exec tar --null -n --format=gnutar -cf - -T -`,
  plain: sh`export LC_ALL=C; exec 3>&1
xargs -0 sh -c ${PART} sh
case $? in 0) exit 0;; 123) exit 2;; *) exit ${BROKE_OFF};; esac`,
};

/** What says nothing of a file that changed while it was read. */
const SILENT: ReadonlySet<Means['archive']> = new Set(['bsd', 'plain']);

/** The code of a channel that the server did not want: what is fetched already goes on. */
const REFUSED = 'channel-refused';

/**
 * Brings files as a tar stream, as several at once where the server is far away, or over SFTP where there is no shell. Every wanted file is
 * accounted for afterwards: it came, it moved, or it could not be read. Where the server's tar does not tell which changed while it read them, all are looked at
 * once more.
 * @throws Problem `pull-failed` when the server's tar failed otherwise.
 */
export async function pullFiles(
  connection: Connection,
  wanted: readonly ManifestEntry[],
  options: PullOptions,
): Promise<Pulled> {
  if (wanted.length === 0) return { moved: [], unreadable: [] };
  if (connection.onlyFiles) return pullOverSftp(await connection.files(), wanted, options);
  const { archive } = await meansOf(connection, options.signal);
  if (archive === 'none') return pullOverSftp(await connection.files(), wanted, options);
  const waiting = split(wanted, channelsFor(wanted, connection.roundTrip));
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const came: Pulled[] = [];
  let pulling = waiting.length;
  /** Parts for which no channel was to be had though none of ours was open any more. */
  const alone = new Set<readonly ManifestEntry[]>();
  const pullNext = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      try {
        // Where none of ours is open any more, somebody else's command is, and that is waited for.
        came.push(await pullPart(connection, archive, part, { ...options, signal }, alone.has(part)));
      } catch (error) {
        const refused = error instanceof Problem && error.code === REFUSED;
        if (!refused || (pulling === 1 && alone.has(part))) {
          failing.abort(error);
          throw error;
        }
        waiting.push(part);
        // Whoever did get a channel takes it over.
        if (pulling > 1) break;
        alone.add(part);
      }
    }
    pulling -= 1;
  };
  const ended = await Promise.allSettled(Array.from({ length: pulling }, pullNext));
  // The first to fail ended the others.
  if (failing.signal.aborted) throw failing.signal.reason;
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  const moved = came.flatMap((one) => one.moved);
  const unreadable = came.flatMap((one) => one.unreadable);
  if (!SILENT.has(archive)) return { moved, unreadable };
  const known = new Set([...moved, ...unreadable]);
  const whole = wanted.filter((entry) => !known.has(entry));
  return { moved: [...moved, ...(await changedSince(connection, whole, options))], unreadable };
}

async function pullPart(
  connection: Connection,
  archive: Exclude<Means['archive'], 'none'>,
  wanted: readonly ManifestEntry[],
  options: PullOptions,
  waits: boolean,
): Promise<Pulled> {
  const { onFile } = options;
  const missing = new Map(wanted.map((entry) => [entry.path, entry]));
  const moved: ManifestEntry[] = [];
  const pack =
    archive === 'php' || archive === 'python' ? filesBy(archive, options.scripts, 'pack') : PACK[archive];
  const script = lines(sh`cd -- ${options.root} || exit 66`, pack);
  let brokeOff = false;
  const result = await run(connection, script, {
    attempted: `Fetch ${wanted.length} files from ${options.root}`,
    signal: options.signal,
    timeLimit: 6 * 3_600_000,
    stdin: (stdin) => sendNames(stdin, wanted),
    waits,
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
      const ended = await Promise.allSettled([pipeline(stdout, extract), reading]);
      const failures = ended.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
      brokeOff = failures.some((failure) => /unexpected end of data/i.test(wordsOf(failure)));
      if (failures.length > 0 && !(brokeOff && archive === 'plain'))
        throw failures.find((failure) => failure instanceof Problem) ?? failures[0];
    },
  });
  // A tar that gave up on one file: that one and all after it are tried once more.
  const givenUp = archive === 'plain' && result.code === BROKE_OFF && missing.size < wanted.length;
  if ((result.code > 2 || brokeOff) && !givenUp) throw failed(connection, options, result.stderr);
  // Exit code 1: a file changed while it was read; 2: one was not there or could not be read.
  const denied = result.stderr.split('\n').filter((line) => /permission denied/i.test(line));
  const unreadable: ManifestEntry[] = [];
  for (const entry of missing.values()) {
    if (denied.some((line) => names(line, entry.path))) unreadable.push(entry);
    else moved.push(entry);
  }
  const changed = new Set(result.stderr.split('\n').map(changedIn));
  for (const entry of wanted)
    if (changed.has(entry.path) && !missing.has(entry.path) && !moved.includes(entry)) moved.push(entry);
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

async function sendNames(stdin: Writable, wanted: readonly ManifestEntry[]): Promise<void> {
  const batch: Buffer[] = [];
  const zero = Buffer.of(0);
  const flush = async () => {
    if (batch.length === 0) return;
    const bytes = Buffer.concat(batch);
    batch.length = 0;
    await feed(stdin, bytes);
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

/** Whether a message of tar's is about a file. */
function names(line: string, path: string): boolean {
  return line.includes(path) || unescaped(line).includes(encodeName(path));
}

/** Which file changed while it was read, by a message of GNU's tar or of our own scripts; null: none. What came of it is no state it ever had. */
function changedIn(line: string): string | null {
  const [, name] =
    /^(?:tar: )?(.*): (?:file changed as we read it|File shrank by \d+ bytes.*)$/i.exec(line) ?? [];
  return name === undefined ? null : decodeName(unescaped(name)).replace(/^\.\//, '');
}

/** What a message of tar's shows as `\303`, or `\n`. */
function unescaped(text: string): Buffer {
  const plain = text.replace(/\\([0-7]{3}|[\\abfnrtv])/g, (_all, escaped: string) =>
    escaped.length === 3 ? String.fromCharCode(Number.parseInt(escaped, 8)) : (ESCAPED[escaped] ?? ''),
  );
  return Buffer.from(plain, 'latin1');
}
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\',
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

function failed(connection: Connection, options: PullOptions, answered: string): Problem {
  return new Problem({
    code: /no space left/i.test(answered) ? 'remote-disk-full' : 'pull-failed',
    message: 'The files could not be fetched.',
    attempted: `Fetch files from ${options.root} on ${connection.label}`,
    answered: answered.trim(),
    todo: 'The answer says what the server objected to. Nothing was changed.',
  });
}
