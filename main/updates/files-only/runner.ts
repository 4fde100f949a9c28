import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { RemoteFiles } from '../../connections/index.ts';
import { isOwnFile, joinRemote, Problem, shorten, wordsOf, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { askHttp } from './ask-http.ts';
import { isProblem, makeFile, withFiles } from './over-sftp.ts';
import {
  countNameOf,
  newRunnerKey,
  newRunnerName,
  runnerFile,
  signedRequest,
  type RunnerParts,
} from './runner-file.ts';
import { runnerStays } from './stays.ts';
import { tryPhp, type PhpThere } from './try-php.ts';

/** Seconds that a runner lives, and before its end at which another takes its place. */
const LIFE = 3600;
const LAST = 900;
/** Seconds for which a request is heeded: another one may have to come to its end first. */
const HEEDED = 300;
/** Milliseconds for an answer. */
const TIME_LIMIT = 330_000;
const MOST = 64 * 1024 * 1024;

const Envelope = z.object({
  ok: z.boolean(),
  error: z.string(),
  message: z.string(),
  answer: z.unknown(),
  said: z.base64(),
  notes: z.base64(),
});

const Hello = z.object({
  php: z.string().regex(/^\d+\.\d+[\w.+~-]*$/),
  sapi: z.string(),
  root: z.base64(),
  time: z.number().int(),
  end: z.number().int(),
  post: z.number().int(),
  memory: z.number().int(),
  seconds: z.number().int(),
  cached: z.boolean(),
  looks: z.coerce.boolean(),
  unpacks: z.boolean(),
});
export type Hello = z.infer<typeof Hello>;

export interface Said<T> {
  readonly answer: T;
  /** What was printed on the way, and what stood around it. */
  readonly said: Buffer;
  readonly marker: string;
  readonly notes: string;
}

export interface AskOptions {
  readonly verb: string;
  readonly question?: unknown;
  readonly signal: AbortSignal;
  /** How often it is asked where no answer comes; only what may be done twice. */
  readonly tries?: number;
}

/** The one-time runner of a site that gives SFTP and no shell. It is placed at the first question, and has to be removed. */
export interface Runner {
  /** What PHP there says of itself. */
  hello(signal: AbortSignal): Promise<Hello>;
  /** The server's clock now, in seconds; 0 until PHP was asked for it. */
  now(): number;
  /** @throws Problem `runner-silent`, `runner-refused`, `runner-failed`, `database-refused`, `no-database-tools` */
  ask<T>(schema: z.ZodType<T>, options: AskOptions): Promise<Said<T>>;
  /** Removes every file of it, and looks that they are gone. @throws Problem `runner-stays` */
  remove(hands: Hands): Promise<void>;
}

export interface RunnerOptions {
  readonly parts: RunnerParts;
  /** Notes a name before a file of that name is made, so that it is removed whatever happens. */
  readonly note: (name: string) => Promise<void>;
}

interface Placed {
  readonly name: string;
  readonly url: URL;
  readonly run: string;
  readonly host: string;
  readonly end: number;
  readonly key: ReturnType<typeof newRunnerKey>;
  number: number;
}

/** A runner for one run; nothing is placed yet. */
export function runnerFor(hands: Hands, { parts, note }: RunnerOptions): Runner {
  const { site, platform } = hands;
  let php: PhpThere | null = null;
  let placed: Placed | null = null;
  let counted: Hello | null = null;
  const now = () => (php === null ? 0 : Math.floor(Date.now() / 1000) + php.ahead);
  const names = new Set<string>();
  const noted = async (name: string) => {
    names.add(name);
    names.add(countNameOf(name));
    await note(name);
  };

  const place = async (signal: AbortSignal): Promise<Placed> => {
    const own = hands.until(signal);
    php ??= await tryPhp(own, noted);
    const { url: beside, mode } = php;
    const name = newRunnerName();
    const key = newRunnerKey();
    const run = randomBytes(16).toString('hex');
    const end = now() + LIFE;
    const identity = { run, host: beside.host, end, publicKey: key.publicKey };
    const text = runnerFile(parts, platform.recipe, identity);
    await noted(name);
    await withFiles(own, async (files) => {
      await makeFile(files, joinRemote(site.root, countNameOf(name)), '0'.padEnd(16), mode, signal);
      await makeFile(files, joinRemote(site.root, name), text, mode, signal);
    });
    return { name, url: new URL(name, beside), run, host: beside.host, end, key, number: 0 };
  };

  const put = async (to: Placed, { verb, question, signal }: AskOptions): Promise<Said<unknown>> => {
    to.number += 1;
    const marker = `gk-${randomBytes(16).toString('hex')}`;
    const request = { verb, number: to.number, until: now() + HEEDED, marker, question };
    const body = signedRequest(request, to, to.key);
    const attempted = `Ask PHP on the server (${verb})`;
    const { status, body: answered } = await askHttp(to.url, {
      ...{ body, signal, timeLimit: TIME_LIMIT, mostBytes: MOST },
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw silent(attempted, wordsOf(error));
    });
    return readSaid(answered, { status, marker, attempted });
  };

  const askNow = async <T>(schema: z.ZodType<T>, options: AskOptions): Promise<Said<T>> => {
    const { tries = 3, signal } = options;
    for (let attempt = 1; ; attempt += 1) {
      if (placed !== null && placed.end - now() < LAST) placed = null;
      placed ??= await placeTold(signal);
      try {
        const said = await put(placed, options);
        const answer = schema.safeParse(said.answer);
        if (!answer.success)
          throw new Problem({
            code: 'unreadable-answer',
            message: 'What PHP on the server answered could not be understood.',
            attempted: `Ask PHP on the server (${options.verb})`,
            answered: shorten(answer.error.message, 500),
          });
        return { ...said, answer: answer.data };
      } catch (error) {
        if (signal.aborted || attempt >= tries || !isProblem(error) || !AGAIN.has(error.code)) throw error;
        await wait(1000 * attempt, undefined, { signal });
      }
    }
  };

  let before: Promise<unknown> = Promise.resolve();
  /** One after the other: PHP takes requests only in their order, and what is renewed by a clock may come at any moment. */
  const ask = <T>(schema: z.ZodType<T>, options: AskOptions): Promise<Said<T>> => {
    const asked = before.then(() => {
      options.signal.throwIfAborted();
      return askNow(schema, options);
    });
    before = asked.catch(() => {});
    return asked;
  };

  /** Placed, and able to count: where PHP is another account, its file has to be everybody's. */
  const placeTold = async (signal: AbortSignal): Promise<Placed> => {
    const fresh = await place(signal);
    const hello = { verb: 'hello', signal };
    try {
      counted = Hello.parse((await put(fresh, hello)).answer);
    } catch (error) {
      if (!isProblem(error, 'runner-counter')) throw error;
      const count = joinRemote(site.root, countNameOf(fresh.name));
      await withFiles(hands.until(signal), (files) => files.setMode(count, 0o666));
      counted = Hello.parse((await put(fresh, hello)).answer);
    }
    return fresh;
  };

  return {
    now,
    ask,
    async hello(signal) {
      if (counted === null) await ask(Hello, { verb: 'hello', signal });
      if (counted === null) throw new TypeError('no hello');
      return counted;
    },
    async remove(by) {
      placed = null;
      if (names.size === 0) return;
      await withFiles(by, (files) => removeRunners(files, site.root, [...names]));
    },
  };
}

/** What was not heard may be asked again. */
const AGAIN = new Set(['runner-silent', 'runner-busy']);

/** Takes an answer apart. The site's own code may have printed before and behind it. */
export function readSaid(
  answered: Buffer,
  { status, marker, attempted }: { status: number; marker: string; attempted: string },
): Said<unknown> {
  const text = answered.toString('latin1');
  const end = text.lastIndexOf(marker);
  const begin = end < 0 ? -1 : text.lastIndexOf(marker, end - 1);
  if (begin < 0) {
    if (status === 404)
      throw new Problem({
        code: 'runner-refused',
        message: 'PHP on the server did not take our request.',
        attempted,
        answered: 'status 404',
        todo: 'Something in front of the site may change requests, or the clocks leap; try again.',
      });
    throw silent(attempted, `status ${status}: ${shorten(plain(text), 300)}`);
  }
  const json = parsed(text.slice(begin + marker.length, end));
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw silent(attempted, shorten(envelope.error.message, 300));
  const { ok, error, message, answer, said, notes } = envelope.data;
  const told = Buffer.from(notes, 'base64').toString('utf8').trim();
  if (!ok) throw failed(attempted, error, [message, told].filter((words) => words !== '').join(' '));
  return {
    answer,
    marker,
    notes: told,
    said: Buffer.concat([answered.subarray(0, begin), Buffer.from(said, 'base64')]),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function silent(attempted: string, answered: string): Problem {
  return new Problem({
    code: 'runner-silent',
    message: 'PHP on the server did not answer our request to its end.',
    attempted,
    answered,
    todo: 'Look whether the site answers in a browser; a firewall or a time limit of the host may be in the way.',
  });
}

const REFUSED = /ERROR (1044|1045|1049|1130|20\d\d)\b/;

function failed(attempted: string, error: string, answered: string): Problem {
  if (error === 'database' && REFUSED.test(answered))
    return new Problem({
      code: 'database-refused',
      message: 'The database did not let us in.',
      attempted,
      answered,
      todo: 'Check that the site itself works; its own configuration is what is used to log in.',
    });
  if (error === 'no-client')
    return new Problem({
      code: 'no-database-tools',
      message: 'PHP on this server cannot reach the database.',
      attempted,
      answered,
      todo: 'Ask the host for PHP’s mysqli.',
    });
  return new Problem({
    code: error === 'counter' ? 'runner-counter' : 'runner-failed',
    message: 'PHP on the server could not do what was asked.',
    attempted,
    answered,
    todo: 'The answer above says what it objected to.',
  });
}

/** Removes files of runners by name, and looks that they are gone. @throws Problem `runner-stays` */
export async function removeRunners(
  files: RemoteFiles,
  root: RemotePath,
  names: readonly string[],
): Promise<void> {
  const stay: string[] = [];
  for (const name of names.filter(isOwnFile)) {
    const path = joinRemote(root, name);
    const because = await files.remove(path).then(
      () => '',
      (error: unknown) => {
        if (isProblem(error, 'connection-lost')) throw error;
        return wordsOf(error);
      },
    );
    if ((await files.lstat(path)) !== null) stay.push(`${path}${because === '' ? '' : `: ${because}`}`);
  }
  if (stay.length === 0) return;
  throw runnerStays(stay);
}

/** Every file of a runner that lies in a web root: what is asked after a crash, whatever the journal says. */
export async function runnersIn(files: RemoteFiles, root: RemotePath): Promise<string[]> {
  return (await files.readFolder(root)).map(({ name }) => name).filter(isOwnFile);
}
