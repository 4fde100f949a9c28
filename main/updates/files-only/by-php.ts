import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  bytesQuery,
  bytesSaid,
  databaseIn,
  otherDatabase,
  SCHEMA_QUERY,
  type DumpSource,
  type Snapshot,
} from '../../backups/index.ts';
import type { DatabaseAccess, Reading } from '../../platforms/index.ts';
import { decodeName, encodeName, Problem, remotePath } from '../../words/index.ts';
import type { CompiledCode } from '../compiled-code.ts';
import type { Hands } from '../hands.ts';
import { migrationSilent } from '../migration-silent.ts';
import { isProblem } from './over-sftp.ts';
import type { Runner } from './runner.ts';

type Mysql = Extract<DatabaseAccess, { kind: 'mysql' }>;

/** Bytes of a dump that come or go in one request, and the seconds that one may take. */
const PART = 4 * 1024 * 1024;
const SECONDS = 15;

const Base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Reads a site in full, as its own PHP sees it. */
export async function readByPhp(hands: Hands, runner: Runner): Promise<Reading> {
  const { site, platform, signal } = hands;
  const { module } = platform;
  if (module === null) throw new TypeError(`${platform.recipe.platform} has no inventory`);
  const { root: bytes } = await runner.hello(signal);
  const root = remotePath(decodeName(Buffer.from(bytes, 'base64')));
  const { said, marker } = await runner.ask(z.unknown(), { verb: 'read', signal });
  const reading = module.readingFrom(said, `${marker} `, { root, php: null, signal, now: Date.now() });
  const { facts } = reading;
  // Where PHP sees the root is not where SFTP does.
  const here = (path: typeof root) =>
    path === root || path.startsWith(`${root}/`)
      ? remotePath(`${site.root}${path.slice(root.length)}`)
      : path;
  return {
    ...reading,
    inventory: { ...reading.inventory, fingerprint: '' },
    facts: {
      ...facts,
      contentFolder: here(facts.contentFolder),
      errorLog: facts.errorLog === null ? null : here(facts.errorLog),
      database:
        facts.database?.kind === 'sqlite'
          ? { ...facts.database, file: here(facts.database.file) }
          : facts.database,
    },
  };
}

function accessOf(access: Mysql): Record<string, string> {
  const { host, port, socket, user, password, name, prefix } = access;
  const all = { host, port: port?.toString() ?? '', socket: socket ?? '', user, password, name, prefix };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, encodeName(value).toString('base64')]),
  );
}

const Cursor = z.object({
  table: z.base64(),
  after: z.union([
    z.literal('end'),
    z.object({ rows: z.number().int(), values: z.array(z.string().regex(/^[0-9a-f]*$/)).nullable() }),
  ]),
});
const DumpPart = z.object({ data: Base64, sha256: Sha256, next: Cursor.nullable() });

/** How much of a database one request of this PHP may hold. */
function partFor(memory: number): number {
  return memory <= 0 ? PART : Math.max(262_144, Math.min(PART, Math.floor(memory / 24)));
}

/** The site's database as a backup takes it, piece by piece. */
export function dumpByPhp(
  runner: Runner,
  access: Mysql,
  kind: DumpSource['kind'],
  signal: AbortSignal,
): DumpSource {
  const notes: string[] = [];
  return {
    kind,
    tables: () => tablesByPhp(runner, access, signal),
    async *dump() {
      const { memory } = await runner.hello(signal);
      let cursor: z.infer<typeof Cursor> | null = null;
      let parts = 0;
      do {
        const question: unknown = {
          access: accessOf(access),
          cursor,
          bytes: partFor(memory),
          seconds: SECONDS,
        };
        const part: { answer: z.infer<typeof DumpPart>; notes: string } = await runner.ask(DumpPart, {
          ...{ verb: 'dump', question, signal },
        });
        const { data, sha256, next } = part.answer;
        if (hashOf(data) !== sha256) throw broken();
        if (next !== null && data.length === 0) throw broken();
        if (part.notes !== '') notes.push(...part.notes.split('\n'));
        if (data.length > 0) yield data;
        cursor = next;
        parts += 1;
      } while (cursor !== null);
      if (parts > 1)
        notes.push(
          `it came in ${parts} parts, each from a moment of its own: what was written meanwhile may be in one and not in the other.`,
        );
    },
    lacking: () => notes,
  };
}

/** Every table of the site and how many rows it has. */
export async function tablesByPhp(runner: Runner, access: Mysql, signal: AbortSignal) {
  const { answer } = await runner.ask(z.array(z.tuple([Base64, z.number()])), {
    ...{ verb: 'tables', question: { access: accessOf(access) }, signal },
  });
  return answer.map(([name, rows]) => ({ name: decodeName(name), rows }));
}

/** Runs small statements of ours. @returns the rows of all that answer with rows */
export async function queryByPhp(
  runner: Runner,
  access: Mysql,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<string[][]> {
  const question = {
    access: accessOf(access),
    statements: statements.map((statement) => Buffer.from(statement).toString('base64')),
  };
  const { answer } = await runner.ask(z.array(z.array(Base64)), { verb: 'query', question, signal });
  return answer.map((row) => row.map((value) => value.toString('utf8')));
}

/** What the site's tables are made of, as `readSchema` says it over a shell. */
export async function schemaByPhp(runner: Runner, access: Mysql, signal: AbortSignal): Promise<string> {
  const rows = await queryByPhp(runner, access, [SCHEMA_QUERY], signal);
  const own = rows.filter(([table = '']) => table.startsWith(access.prefix));
  return own.map((row) => `${row.map((value) => value.replace(/[\t\n]/g, ' ')).join('\t')}\n`).join('');
}

/** How many bytes the site's tables hold, as far as the database says. */
export async function bytesByPhp(runner: Runner, access: Mysql, signal: AbortSignal): Promise<number> {
  return bytesSaid(await queryByPhp(runner, access, [bytesQuery(access.prefix)], signal));
}

const RestoreState = z.object({
  passed: z.number().int().nonnegative(),
  end: z.string().min(1).max(50),
  escape: z.string().max(1),
  settings: z.array(z.string()).length(6),
});

/** How often a restore begins anew that was cut off: a part of it can't be done twice. */
const TRIES = 3;

/** A dump of MySQL or MariaDB, wherever it lies. */
export interface DumpToRestore {
  readonly tables: readonly string[];
  /** From its beginning, each time. */
  readonly content: () => AsyncIterable<Buffer>;
}

/** Puts the database of a backup back. @throws Problem `no-dump`, `other-database`, `statement-too-long` */
export async function restoreByPhp(
  runner: Runner,
  access: Mysql,
  snapshot: Pick<Snapshot, 'database' | 'read'>,
  signal: AbortSignal,
): Promise<void> {
  const database = databaseIn(snapshot);
  if (database.kind !== 'mysql') throw otherDatabase();
  const dump = {
    tables: database.tables.map(({ name }) => name),
    content: () => snapshot.read(database.blobs),
  };
  await restoreDumpByPhp(runner, access, dump, signal);
}

/** Puts a dump back, and looks that every table of it is there. @throws Problem `statement-too-long`, `restore-incomplete` */
export async function restoreDumpByPhp(
  runner: Runner,
  access: Mysql,
  { tables, content }: DumpToRestore,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await restoreOnce(runner, access, content(), signal);
      break;
    } catch (error) {
      if (signal.aborted || attempt >= TRIES || !isProblem(error, 'runner-silent')) throw error;
    }
  }
  const kept = tables.map((name) => encodeName(name).toString('base64'));
  await runner.ask(z.literal(true), {
    ...{ verb: 'others', question: { access: accessOf(access), kept }, signal },
  });
  const there = new Set((await tablesByPhp(runner, access, signal)).map(({ name }) => name));
  const missing = tables.filter((name) => !there.has(name));
  if (missing.length > 0)
    throw new Problem({
      code: 'restore-incomplete',
      message: 'After the restore not every table of the dump is there.',
      answered: missing.join(', '),
      todo: 'Restore again, or import the backup’s dump at the host.',
    });
}

async function restoreOnce(
  runner: Runner,
  access: Mysql,
  dump: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const { post, memory } = await runner.hello(signal);
  // In base64, twice: as JSON, and that once more.
  const most = Math.floor(Math.min(post > 0 ? post * 0.5 : PART, partFor(memory) * 2));
  const usual = Math.min(most, 1024 * 1024);
  let waiting: Buffer = Buffer.alloc(0);
  let state: z.infer<typeof RestoreState> | null = null;
  let wanted = usual;
  const put = async (last: boolean) => {
    const data = waiting.subarray(0, wanted);
    const all = last && data.length === waiting.length;
    const question = {
      access: accessOf(access),
      data: data.toString('base64'),
      sha256: hashOf(data),
      state: state === null ? null : { ...state, passed: 0 },
      last: all,
      seconds: SECONDS,
    };
    const { answer } = await runner.ask(RestoreState, { verb: 'restore', question, signal, tries: 1 });
    if (answer.passed > data.length) throw broken();
    if (answer.passed === 0) {
      if (all || wanted >= most) throw tooLong(all, most);
      wanted = Math.min(most, wanted * 4);
      return;
    }
    waiting = waiting.subarray(answer.passed);
    state = answer;
    wanted = usual;
  };
  for await (const chunk of dump) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    while (waiting.length >= wanted) await put(false);
  }
  while (waiting.length > 0) await put(true);
}

function tooLong(isEnd: boolean, most: number): Problem {
  return new Problem({
    code: isEnd ? 'restore-incomplete' : 'statement-too-long',
    message: isEnd
      ? 'The dump ends in the middle of a statement.'
      : 'The dump holds a row that is too large for this host’s PHP.',
    attempted: 'Put the database back',
    answered: `${most} bytes at once`,
    todo: 'Raise PHP’s post_max_size and memory_limit at the host, or import the dump there.',
  });
}

function broken(): Problem {
  return new Problem({
    code: 'unreadable-answer',
    message: 'What PHP on the server answered did not come whole.',
    attempted: 'Dump or restore the database',
    todo: 'Try again.',
  });
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const Forgotten = z.object({
  php: z.string(),
  sapi: z.string(),
  cached: z.boolean(),
  forgotten: z.boolean(),
  looks: z.boolean(),
});
/** Ways of running PHP whose processes share one memory of compiled code. */
const SHARED = new Set(['fpm-fcgi', 'apache2handler', 'cli-server', 'litespeed']);

/** Has the PHP that serves the site forget the code that it compiled. null: it did not answer. */
export async function forgetByPhp(runner: Runner, signal: AbortSignal): Promise<CompiledCode | null> {
  try {
    const { answer } = await runner.ask(Forgotten, { verb: 'forget', signal });
    const { php, cached, forgotten, looks, sapi } = answer;
    return { php, forgotten: !cached || (forgotten && SHARED.has(sapi)), neverLooks: !looks };
  } catch (error) {
    signal.throwIfAborted();
    if (isProblem(error)) return null;
    throw error;
  }
}

/** The platform's own upgrade of its database. @throws Problem `migration-silent` */
export async function migrateByPhp(runner: Runner, host: string, signal: AbortSignal): Promise<void> {
  const { said, marker } = await runner.ask(z.literal(true), {
    ...{ verb: 'migrate', question: { host }, signal, tries: 1 },
  });
  if (said.includes(`${marker} {`)) return;
  throw migrationSilent(said);
}

/** How a site's MySQL is reached. @throws Problem `database-refused`, `sqlite-over-sftp` */
export function mysqlOf({ facts }: Reading): Mysql {
  const { database, databaseProblem } = facts;
  if (database?.kind === 'mysql' && databaseProblem === null) return database;
  if (database !== null && database.kind !== 'mysql')
    throw new Problem({
      code: 'sqlite-over-sftp',
      message: 'The site’s database is a file (SQLite), which cannot be brought back by itself over SFTP.',
      todo: 'Update what changes the database in the site’s own admin, after a backup; or ask the host for a shell.',
    });
  throw new Problem({
    code: 'database-refused',
    message: 'The site’s database cannot be reached.',
    answered: databaseProblem ?? '',
    todo: 'Mend the access in its configuration, then try again.',
  });
}
