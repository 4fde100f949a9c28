import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Problem, wordsOf } from '../words/index.ts';
import { MIGRATIONS, type Tables } from './tables.ts';

export type Database = Kysely<Tables>;

/**
 * Opens (and makes, and brings up to date) the SQLite database at a path.
 *
 * Every commit is on disk when its promise resolves (`synchronous=FULL`): the journal leans on that.
 * @throws Problem `database-newer` when a newer Groundskeeper wrote it, `database-unreadable` otherwise.
 */
export function openDatabase(file: string): Database {
  let raw: DatabaseSync;
  try {
    raw = new DatabaseSync(file);
    raw.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000',
    );
    migrate(raw);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      {
        code: 'database-unreadable',
        message: 'The database of Groundskeeper could not be opened.',
        attempted: `Open ${file}`,
        answered: wordsOf(error),
        todo: 'Check that the disk is not full and that the file is yours. Backups and sites lie in other files and are untouched.',
      },
      error,
    );
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(raw) }) });
}

function migrate(raw: DatabaseSync): void {
  const row = raw.prepare('PRAGMA user_version').get();
  const version = Number(row?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Problem({
      code: 'database-newer',
      message: 'This data folder was written by a newer Groundskeeper.',
      todo: 'Update Groundskeeper, or point it to another data folder with --data.',
    });
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    raw.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version=${index + 1}; COMMIT`);
  }
}

type Dialect = ConstructorParameters<typeof SqliteDialect>[0];
type Adapted = Exclude<Dialect['database'], (...args: never[]) => unknown>;

/** Kysely's SQLite dialect is written for better-sqlite3; node:sqlite differs in these few names. */
function adapt(raw: DatabaseSync): Adapted {
  return {
    close: () => raw.close(),
    prepare(sql) {
      const statement = raw.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...parameters.map(bindable)),
        run: (parameters) => statement.run(...parameters.map(bindable)),
        iterate: (parameters) => statement.iterate(...parameters.map(bindable)),
      };
    },
  };
}

function bindable(value: unknown): string | number | bigint | null | Uint8Array {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite cannot hold a ${typeof value}`);
}
