import { createHash } from 'node:crypto';
import { queryRows } from '../backups/index.ts';
import type { Connection, Script } from '../connections/index.ts';
import type { UpdaterLocks } from '../platforms/index.ts';
import { Problem, wordsOf, type RunId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { SiteLock } from './site-lock.ts';

/** One of the platform's own updaters that is at work. */
interface AtWork {
  readonly holder: string;
  /** Seconds for which it has been, and until nobody takes notice of its lock any more. */
  readonly since: number;
  readonly ends: number;
}

/** Seconds from one sign of life to the next: well below the quarter of an hour for which WordPress believes one. */
const RENEW = 240;

/** A database that holds such locks. */
export interface LockTable {
  readonly kind: 'mysql' | 'sqlite';
  readonly known: UpdaterLocks;
  /** Runs statements without newlines. @returns the rows of all that answer with rows */
  rows(statements: readonly string[]): Promise<string[][]>;
}

/** Works with a site's locks, however its database is asked. null: it has none, or no database that answers. */
export type WithLocks = <T>(work: (table: LockTable) => Promise<T>) => Promise<T | null>;

/** Whose locks they are. */
export interface LockOwner {
  readonly runId: RunId;
  readonly signal: AbortSignal;
}

/**
 * Whether one of the platform's own updaters is at work on the site. A lock that its platform would take over is none.
 * @returns the problem that stands in the way; null: none does, or it cannot be asked
 */
export async function updaterAtWork(hands: Hands): Promise<Problem | null> {
  return hands.on((connection) =>
    locksByShell(
      hands,
      connection,
    )(async (table) => {
      const [first] = atWork(table.known, await look(table), '');
      return first === undefined ? null : refusal(first);
    }),
  );
}

/** As {@link holdLocks}, over a shell. */
export function holdUpdaters(
  hands: Hands,
  lock: SiteLock,
  trouble: (words: string) => void,
): Promise<() => void> {
  const withLocks: WithLocks = (work) =>
    hands.on((connection) => locksByShell(hands, connection, lock.fence)(work));
  return holdLocks(withLocks, { runId: lock.runId, signal: hands.signal }, trouble);
}

/** As {@link releaseLocks}, over a shell. Where the site cannot be asked, the locks end by themselves. */
export async function releaseUpdaters(
  hands: Hands,
  connection: Connection,
  lock: SiteLock,
  before?: Script,
): Promise<void> {
  await releaseLocks(locksByShell(hands, connection, before), lock.runId).catch((error: unknown) => {
    if (hands.signal.aborted) throw error;
  });
}

/**
 * Takes the locks of the platform's own updaters for the length of a run, so that they wait meanwhile. A run that dies leaves
 * locks that end by themselves.
 * @returns ends the renewing
 * @throws Problem `updater-at-work` when one of them was faster
 */
export async function holdLocks(
  withLocks: WithLocks,
  { runId, signal }: LockOwner,
  trouble: (words: string) => void,
): Promise<() => void> {
  const mark = markOf(runId);
  const held = await withLocks(async (locks) => {
    const { known } = locks;
    const { columns } = known;
    const there = await look(locks);
    const [first] = atWork(known, there, mark);
    if (first !== undefined) return refusal(first);
    const stale = there.rows.filter(({ value }) => /^\d{1,15}(\.\d{1,15})?$/.test(value));
    // Looked at again in the same breath: each question is a process on the server.
    const [faster] = atWork(
      known,
      await look(locks, [
        ...stale.map(
          ({ name, value }) =>
            `UPDATE ${table(known)} SET ${columns.since} = ${now(locks, mark)} WHERE ${columns.name} = '${name}' AND ${columns.since} = '${value}'`,
        ),
        ...known.locks.map(({ name }) => insert(locks, name, mark)),
      ]),
      mark,
    );
    if (faster === undefined) return 'held';
    await locks.rows([remove(known, mark)]);
    return refusal(faster);
  }).catch((error: unknown) => {
    // A site is brought back with its database dead, too.
    signal.throwIfAborted();
    trouble(`The site’s own updaters could not be told to wait: ${wordsOf(error)}`);
    return null;
  });
  if (held instanceof Problem) throw held;
  if (held === null) return () => {};
  const timer = setInterval(() => {
    withLocks((locks) =>
      locks.rows([
        `UPDATE ${table(locks.known)} SET ${locks.known.columns.since} = ${now(locks, mark)} WHERE ${ours(locks.known, mark)}`,
      ]),
    ).catch((error: unknown) =>
      trouble(`The site’s own updaters could not be told that this goes on: ${wordsOf(error)}`),
    );
  }, RENEW * 1000);
  return () => clearInterval(timer);
}

/** Gives back what {@link holdLocks} took, also for a run that another process began. */
export async function releaseLocks(withLocks: WithLocks, runId: RunId): Promise<void> {
  await withLocks((locks) => locks.rows([remove(locks.known, markOf(runId))]));
}

/**
 * After a dump was put back: the locks in it are those of the run that made it, which is over, and would keep everybody waiting. They go,
 * and this run holds its own again.
 */
export async function holdRestored(withLocks: WithLocks, runId: RunId): Promise<void> {
  const mark = markOf(runId);
  await withLocks((locks) =>
    locks.rows([
      remove(locks.known, ANY_MARK),
      ...locks.known.locks.map(({ name }) => insert(locks, name, mark)),
    ]),
  );
}

/** As {@link holdRestored}, over a shell. A site whose tables are other ones has no such locks. */
export async function holdUpdatersRestored(
  hands: Hands,
  connection: Connection,
  lock: SiteLock,
): Promise<void> {
  await holdRestored(locksByShell(hands, connection, lock.fence), lock.runId).catch((error: unknown) => {
    if (hands.signal.aborted) throw error;
  });
}

interface Locks {
  /** The database's clock, in seconds. */
  readonly now: number;
  readonly rows: readonly { readonly name: string; readonly value: string }[];
}

/** The locks of a site where commands are run. @param before stands before each command */
function locksByShell(hands: Hands, connection: Connection, before?: Script): WithLocks {
  return async (work) => {
    const { module } = hands.platform;
    if (module === null || connection.onlyFiles) return null;
    const known = module.updaterLocks(await hands.reading());
    const database = known === null ? null : await hands.database(connection, before);
    if (known === null || database === null || database.access.kind === 'postgresql') return null;
    const rows: LockTable['rows'] = (statements) => queryRows(database, statements);
    return work({ kind: database.access.kind, known, rows });
  };
}

/** @param before statements that come first and answer with no rows */
async function look(locks: LockTable, before: readonly string[] = []): Promise<Locks> {
  const { columns, locks: all } = locks.known;
  const names = all.map(({ name }) => `'${name}'`).join(', ');
  const [first, ...rest] = await locks.rows([
    ...before,
    `SELECT ${now(locks, '')}`,
    `SELECT ${columns.name}, ${columns.since} FROM ${table(locks.known)} WHERE ${columns.name} IN (${names})`,
  ]);
  return { now: Number(first?.[0]), rows: rest.map(([name = '', value = '']) => ({ name, value })) };
}

function atWork(known: UpdaterLocks, there: Locks, mark: string): AtWork[] {
  return known.locks.flatMap(({ name, lasts, holder }) => {
    const value = there.rows.find((row) => row.name === name)?.value ?? '';
    const since = there.now - Number.parseFloat(value);
    // What is not a number is as old as the world to PHP.
    if (Number.isNaN(since) || since > lasts || (mark !== '' && value.endsWith(`.${mark}`))) return [];
    return [{ holder, since, ends: lasts - since }];
  });
}

function refusal({ holder, since, ends }: AtWork): Problem {
  return new Problem({
    code: 'updater-at-work',
    message: `${holder} just now.`,
    attempted: 'Look at the locks of the site’s own updaters',
    answered: `held for ${Math.max(0, Math.round(since))} s`,
    todo: `Wait until it is done. If it was cut off, its lock ends by itself in ${Math.max(1, Math.ceil(ends / 60))} min.`,
  });
}

/** Any of {@link markOf}, to LIKE: WordPress's own locks are whole seconds. */
const ANY_MARK = '_____';

/** What tells a run's locks from those of others: PHP reads it as a part of a second. */
function markOf(runId: RunId): string {
  return String((createHash('sha256').update(runId).digest().readUInt32BE(0) % 90_000) + 10_000);
}

function now({ kind }: LockTable, mark: string): string {
  const tail = mark === '' ? '' : `.${mark}`;
  return kind === 'sqlite' ? `strftime('%s', 'now') || '${tail}'` : `CONCAT(UNIX_TIMESTAMP(), '${tail}')`;
}

function insert(locks: LockTable, name: string, mark: string): string {
  const { kind, known } = locks;
  const also = Object.entries(known.also);
  const columns = [known.columns.name, known.columns.since, ...also.map(([column]) => column)].join(', ');
  const values = [`'${name}'`, now(locks, mark), ...also.map(([, value]) => `'${value}'`)].join(', ');
  const way = kind === 'sqlite' ? 'INSERT OR IGNORE' : 'INSERT IGNORE';
  return `${way} INTO ${table(known)} (${columns}) VALUES (${values})`;
}

function remove(known: UpdaterLocks, mark: string): string {
  return `DELETE FROM ${table(known)} WHERE ${ours(known, mark)}`;
}

function ours({ columns, locks }: UpdaterLocks, mark: string): string {
  return `${columns.name} IN (${locks.map(({ name }) => `'${name}'`).join(', ')}) AND ${columns.since} LIKE '%.${mark}'`;
}

/** MySQL, MariaDB and SQLite all know backticks. */
function table(known: UpdaterLocks): string {
  return `\`${known.table}\``;
}
