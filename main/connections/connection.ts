import type { Duplex, Readable, Writable } from 'node:stream';
import { addAbortListener } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { isAbort, Problem, shorten, wordsOf } from '../words/index.ts';
import { TakesNoMore } from './feeding.ts';
import type { Script } from './script.ts';
import type { RemoteFiles } from './ssh/remote-files.ts';
import type { Sftp } from './ssh/sftp.ts';

/** A command that runs on a server. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it ended and all its output was handed over. `code` null: a signal or the connection ended it. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Ends it as far as the connection can. */
  kill(): void;
}

/** An open way to a server. */
export interface Connection {
  /** e.g. `deploy@example.org:22`. */
  readonly label: string;
  /** Whether it is known to give files only: no commands then. */
  readonly onlyFiles: boolean;
  /** Milliseconds that it takes to ask and be answered, as far as has been seen; null: nothing was asked yet. */
  readonly roundTrip: number | null;
  /** @throws Problem `no-shell` where it gives files only; `channel-refused` where no more commands may run at once than do now */
  start(script: Script): Promise<RemoteProcess>;
  /** Its files without a shell. @throws Problem `no-sftp` */
  sftp(): Promise<Sftp>;
  /** Its files by the bytes of their names, many requests at once; opened once and ended with it. @throws Problem `no-sftp` */
  files(): Promise<RemoteFiles>;
  /** A stream to a port as the server itself reaches it. @throws Problem `no-forwarding` */
  forward(host: string, port: number): Promise<Duplex>;
  /** Ends everything that runs over it. */
  close(): void;
  readonly closed: boolean;
}

export interface RunOptions {
  /** For errors, e.g. `Read the inventory`. */
  readonly attempted: string;
  readonly signal: AbortSignal;
  /** Milliseconds until it is ended and counts as failed. */
  readonly timeLimit: number;
  readonly stdin?: Buffer | string | ((stdin: Writable) => Promise<void>) | undefined;
  /** Most bytes of output that are taken; more is a failure. */
  readonly maxOutput?: number | undefined;
  /** Takes the output as it comes; it is not collected then. */
  readonly onOutput?: ((stdout: Readable) => Promise<void>) | undefined;
  /** Whether a server that allows few commands at once is waited for, as it is unless said otherwise; else its refusal is an error. */
  readonly waits?: boolean | undefined;
}

export interface RemoteResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const MAX_OUTPUT = 64 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;
/** Milliseconds that a command which was ended may still take to go. */
const LAST_WORDS = 5_000;

/**
 * Runs a script to its end.
 * @throws Problem `timed-out`, `connection-lost`, `too-much-output`, `cancelled`. An exit code other than 0 is not an error here.
 */
export async function run(
  connection: Connection,
  script: Script,
  options: RunOptions,
): Promise<RemoteResult> {
  options.signal.throwIfAborted();
  const process = await started(connection, script, options);
  const stopped: { because: Problem | null } = { because: null };
  const goneAnyway = Promise.withResolvers<never>();
  goneAnyway.promise.catch(() => {});
  const end = (problem: Problem) => {
    if (stopped.because === null) setTimeout(() => goneAnyway.reject(problem), LAST_WORDS).unref();
    stopped.because ??= problem;
    process.kill();
    process.stdout.destroy();
    process.stdin.destroy();
  };
  const timer = setTimeout(() => end(timedOut(connection, options)), options.timeLimit);
  const listening = addAbortListener(options.signal, () =>
    end(new Problem({ code: 'cancelled', message: 'Cancelled.' })),
  );
  const stderr: Buffer[] = [];
  let stderrBytes = 0;
  process.stderr.on('data', (chunk: Buffer) => {
    if (stderrBytes < MAX_STDERR) stderr.push(chunk);
    stderrBytes += chunk.length;
  });
  process.stdin.on('error', () => {});
  try {
    const feeding = feedAll(process.stdin, options.stdin);
    const reading = options.onOutput
      ? options.onOutput(process.stdout).then(() => Buffer.alloc(0))
      : collect(process.stdout, options, end);
    // A reader that fails must not leave the command waiting for someone to take its output.
    reading.catch(() => process.kill());
    feeding.catch(() => process.kill());
    const [stdout, exit] = await Promise.race([
      // Whatever feeds it may have nothing to notice its end by.
      Promise.all([reading, process.exit, Promise.race([feeding, process.exit])]),
      goneAnyway.promise,
    ]);
    if (stopped.because) throw stopped.because;
    if (exit.code === null) throw connectionLost(connection, options, exit.signal ?? 'the connection closed');
    return { code: exit.code, stdout, stderr: Buffer.concat(stderr).toString('utf8').slice(0, MAX_STDERR) };
  } catch (error) {
    if (stopped.because) throw stopped.because;
    if (error instanceof Problem || isAbort(error)) throw error;
    throw connectionLost(connection, options, wordsOf(error), error);
  } finally {
    clearTimeout(timer);
    listening[Symbol.dispose]();
  }
}

/** Milliseconds between two tries at a channel that the server refuses, and for which it is tried at most. */
const REFUSED = 250;
const REFUSED_LONG = 15 * 60_000;

/**
 * A server that allows few commands at once is waited for: others may be long.
 */
async function started(
  connection: Connection,
  script: Script,
  { signal, timeLimit, waits = true }: RunOptions,
): Promise<RemoteProcess> {
  for (const until = performance.now() + Math.min(timeLimit, REFUSED_LONG); ;) {
    try {
      return await connection.start(script);
    } catch (error) {
      const refused = error instanceof Problem && error.code === 'channel-refused' && !connection.closed;
      if (!refused || !waits || performance.now() > until) throw error;
      await wait(REFUSED, undefined, { signal });
    }
  }
}

/**
 * As {@link run}, and an exit code other than 0 is a failure.
 * @throws Problem `remote-failed` with what the command said.
 */
export async function runOk(connection: Connection, script: Script, options: RunOptions): Promise<Buffer> {
  const result = await run(connection, script, options);
  if (result.code !== 0) throw remoteFailed(connection, options.attempted, result);
  return result.stdout;
}

/** The failure of a command that ended with an exit code. */
export function remoteFailed(connection: Connection, attempted: string, result: RemoteResult): Problem {
  const answered = result.stderr.trim() || shorten(result.stdout.toString('utf8').trim(), 500);
  return new Problem({
    code: codeOfAnswer(answered),
    message: `${attempted}: the server answered with an error.`,
    attempted: `${attempted} on ${connection.label}`,
    answered: `exit code ${result.code}${answered === '' ? '' : `: ${answered}`}`,
    todo: todoOfAnswer(answered),
  });
}

function codeOfAnswer(answered: string): string {
  if (/no space left|disk quota exceeded/i.test(answered)) return 'remote-disk-full';
  if (/permission denied|operation not permitted|read-only file system/i.test(answered))
    return 'remote-permission';
  return 'remote-failed';
}

function todoOfAnswer(answered: string): string {
  switch (codeOfAnswer(answered)) {
    case 'remote-disk-full':
      return 'Free some space on the server, or ask the host for more, then try again.';
    case 'remote-permission':
      return 'Check that the account may write there; files may belong to the web server’s user.';
    default:
      return 'The answer above says what the server objected to.';
  }
}

async function feedAll(stdin: Writable, input: RunOptions['stdin']): Promise<void> {
  if (typeof input === 'function') {
    await input(stdin).catch((error: unknown) => {
      if (!(error instanceof TakesNoMore)) throw error;
    });
    return;
  }
  await new Promise<void>((resolve) => {
    stdin.once('close', resolve);
    stdin.end(input ?? '', () => resolve());
  });
}

async function collect(
  stdout: Readable,
  options: RunOptions,
  end: (problem: Problem) => void,
): Promise<Buffer> {
  const limit = options.maxOutput ?? MAX_OUTPUT;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdout) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) {
      end(
        new Problem({
          code: 'too-much-output',
          message: `${options.attempted}: the server answered with more than ${limit} bytes.`,
        }),
      );
      break;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function timedOut(connection: Connection, options: RunOptions): Problem {
  return new Problem({
    code: 'timed-out',
    message: `${options.attempted}: no answer within ${Math.round(options.timeLimit / 1000)} s.`,
    attempted: `${options.attempted} on ${connection.label}`,
    todo: 'The server may be busy; try again in a while.',
  });
}

function connectionLost(
  connection: Connection,
  options: RunOptions,
  answered: string,
  cause?: unknown,
): Problem {
  return new Problem(
    {
      code: 'connection-lost',
      message: `${options.attempted}: the connection to ${connection.label} was lost.`,
      attempted: `${options.attempted} on ${connection.label}`,
      answered,
      todo: 'Check the network, then try again.',
    },
    cause,
  );
}
