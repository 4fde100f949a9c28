import { createReadStream } from 'node:fs';
import { Problem, counted, type OnProgress } from '../../words/index.ts';
import type { Proof } from '../backup.ts';
import type { Snapshot, StoredDatabase } from '../store/types.ts';
import { findMariaDb, loadIntoMariaDb } from './mariadb.ts';
import { readMysqlDump, readPostgresDump } from './read-dump.ts';
import { readSqlite } from './sqlite.ts';

export interface ProvedDatabase {
  readonly proof: NonNullable<Proof['database']>;
  /** What was not proved. */
  readonly unproved: readonly string[];
}

/**
 * Proves a restored dump: it is loaded where there is a server for it, else read through to its end; every table that was there
 * when it was made is in it, with as many rows as the dump holds.
 * @throws Problem `drill-failed`
 */
export async function proveDatabase(
  snapshot: Snapshot,
  database: StoredDatabase,
  file: string,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<ProvedDatabase> {
  progress({ what: 'Prove the database', done: 0, total: null, unit: 'steps' });
  if (database.kind === 'sqlite') return proveSqlite(database, file);
  const read = database.kind === 'mysql' ? readMysqlDump : readPostgresDump;
  const { rows, complete } = await read(createReadStream(file));
  signal.throwIfAborted();
  if (!complete) throw failed('The dump breaks off before its end.');
  const known = refuseMissing(database, rows);
  const proof = { kind: database.kind, how: 'read' as const, server: '', ...sums(rows, known) };
  if (database.kind === 'postgresql')
    return {
      proof,
      unproved: [
        'The PostgreSQL dump was read through to its end, not loaded: a drill begins no PostgreSQL server.',
        ...otherRows(database, rows),
      ],
    };
  const programs = findMariaDb();
  if (programs === null)
    return {
      proof,
      unproved: [
        'The dump was read through to its end, not loaded: MariaDB’s server is not on this computer.',
        ...otherRows(database, rows),
      ],
    };
  let loaded: Awaited<ReturnType<typeof loadIntoMariaDb>>;
  try {
    loaded = await loadIntoMariaDb(programs, file, known, signal);
  } catch (error) {
    // MariaDB need not understand all that MySQL writes, and a server that does not begin says nothing of the dump.
    const excuse =
      error instanceof Problem &&
      (error.code === 'no-server' || (error.code === 'drill-failed' && snapshot.backup.database === 'mysql'));
    if (!excuse) throw error;
    return {
      proof,
      unproved: [
        `The dump was read through to its end, not loaded: ${error.message} ${error.answered}`.trim(),
        ...otherRows(database, rows),
      ],
    };
  }
  const wrong = known.filter((table) => isTable(rows, table) && loaded.rows.get(table) !== rows.get(table));
  if (wrong.length > 0)
    throw failed(
      `${loaded.server} took other rows than the dump holds: ${wrong.map((table) => `${table}: ${loaded.rows.get(table) ?? 'not there'} of ${rows.get(table) ?? 0}`).join(', ')}`,
    );
  return {
    proof: { ...proof, how: 'loaded', server: loaded.server },
    unproved: otherRows(database, rows),
  };
}

function proveSqlite(database: StoredDatabase, file: string): ProvedDatabase {
  const { server, rows, faults } = readSqlite(file);
  if (faults.length > 0) throw failed(`${server}: ${faults.join('; ')}`);
  const known = refuseMissing(database, rows);
  return {
    proof: { kind: 'sqlite', how: 'loaded', server, ...sums(rows, known) },
    unproved: otherRows(database, rows),
  };
}

/** A view has no rows of its own in a dump, but has some when it is asked. */
function isTable(rows: ReadonlyMap<string, number>, table: string): boolean {
  return (rows.get(table) ?? 0) > 0;
}

/** @returns the tables that were there when the dump was made; each of them is in it */
function refuseMissing({ tables }: StoredDatabase, rows: ReadonlyMap<string, number>): string[] {
  const missing = tables.filter(({ name }) => !rows.has(name)).map(({ name }) => name);
  if (missing.length > 0)
    throw failed(
      `${counted(missing.length, 'table is', 'tables are')} not in the dump: ${missing.join(', ')}`,
    );
  return tables.map(({ name }) => name);
}

function sums(
  rows: ReadonlyMap<string, number>,
  tables: readonly string[],
): { tables: number; rows: number } {
  return { tables: tables.length, rows: tables.reduce((sum, table) => sum + (rows.get(table) ?? 0), 0) };
}

/** Rows are counted a moment before they are dumped; a site that is written to meanwhile has others then. */
function otherRows({ tables }: StoredDatabase, rows: ReadonlyMap<string, number>): string[] {
  const other = tables.filter(({ name, rows: before }) => rows.get(name) !== before);
  return other.length === 0
    ? []
    : [
        `${counted(other.length, 'table has', 'tables have')} other numbers of rows than were counted just before the dump: ${other
          .slice(0, 5)
          .map(({ name, rows: before }) => `${name} ${before} → ${rows.get(name) ?? 0}`)
          .join(', ')}.`,
      ];
}

function failed(answered: string): Problem {
  return new Problem({
    code: 'drill-failed',
    message: 'The database in this backup is not what it should be.',
    attempted: 'Prove the dump of the database',
    answered,
    todo: 'Back up the site again, then try once more.',
  });
}
