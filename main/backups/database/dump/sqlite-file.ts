import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Problem, wordsOf } from '../../../words/index.ts';
import type { Found } from './cell.ts';

const Named = z.array(z.object({ name: z.string() }));
const Part = z.object({
  kind: z.string(),
  head: z.instanceof(Uint8Array).nullable(),
  bytes: z.number().nullable(),
});

/** An SQLite database that can be looked into. Nothing in it is run. */
export interface SqliteFile {
  tables(): string[];
  count(table: string): number;
  columns(table: string): string[];
  rows(table: string, from: number, limit: number, most: number): Found[][];
  close(): Promise<void>;
}

/**
 * Opens a dump of SQLite, which is a database file: it is written to a temporary folder of ours, which goes again.
 * @throws Problem `dump-unreadable`
 */
export async function openSqliteDump(dump: AsyncIterable<Buffer>): Promise<SqliteFile> {
  const { path, gone } = await sqliteOnDisk(dump);
  try {
    const db = new DatabaseSync(path, { readOnly: true, allowExtension: false });
    // A database of a hostile site is data.
    db.exec('PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON');
    db.prepare('SELECT COUNT(*) AS tables FROM sqlite_master').get();
    // What is deleted stays readable for whoever has it open, but for Windows.
    if (process.platform !== 'win32') await gone();
    return {
      tables: () =>
        Named.parse(
          db
            .prepare(
              "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
            )
            .all(),
        ).map(({ name: table }) => table),
      count: (table) =>
        z
          .object({ rows: z.number() })
          .parse(db.prepare(`SELECT COUNT(*) AS rows FROM ${quoted(table)}`).get()).rows,
      columns: (table) => columnsOf(db, table),
      rows: (table, from, limit, most) => rowsOf(db, table, from, limit, most),
      async close() {
        db.close();
        await gone();
      },
    };
  } catch (error) {
    await gone();
    throw unreadable(error);
  }
}

/** A dump of SQLite as a file in a temporary folder of ours. `gone` removes the folder. @throws Problem `dump-unreadable` */
export async function sqliteOnDisk(
  dump: AsyncIterable<Buffer>,
): Promise<{ readonly folder: string; readonly path: string; gone: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gk-look-'));
  const gone = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'database.sqlite');
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of dump) await file.write(chunk);
      // It was copied whole: without a log beside it, it is read as it stands (the file format's bytes 18 and 19).
      await file.write(Buffer.from([1, 1]), 0, 2, 18);
    } finally {
      await file.close();
    }
    return { folder, path, gone };
  } catch (error) {
    await gone();
    throw unreadable(error);
  }
}

export function unreadable(error: unknown): Problem {
  return new Problem(
    {
      code: 'dump-unreadable',
      message: 'The database in this backup cannot be read.',
      attempted: 'Open the SQLite database of the backup',
      answered: wordsOf(error),
      todo: 'Prove the backup with a drill; it tells what is wrong.',
    },
    error,
  );
}

function columnsOf(db: DatabaseSync, table: string): string[] {
  return Named.parse(db.prepare(`SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1`).all(table)).map(
    ({ name }) => name,
  );
}

function rowsOf(db: DatabaseSync, table: string, from: number, limit: number, most: number): Found[][] {
  const columns = columnsOf(db, table);
  const wanted = columns
    .map(quoted)
    .flatMap((column, index) => [
      `typeof(${column}) AS kind${index}`,
      `substr(CAST(${column} AS BLOB), 1, ${Math.max(64, Math.round(most))}) AS head${index}`,
      `length(CAST(${column} AS BLOB)) AS bytes${index}`,
    ]);
  const rows = db
    .prepare(`SELECT ${wanted.join(', ')} FROM ${quoted(table)} LIMIT ? OFFSET ?`)
    .all(limit, from);
  return rows.map((row) =>
    columns.map((_, index) =>
      foundOf(
        Part.parse({ kind: row[`kind${index}`], head: row[`head${index}`], bytes: row[`bytes${index}`] }),
      ),
    ),
  );
}

function foundOf({ kind, head, bytes }: z.infer<typeof Part>): Found {
  const is = kind === 'null' ? 'null' : kind === 'text' ? 'text' : kind === 'blob' ? 'binary' : 'number';
  return { kind: is, head: Buffer.from(head ?? []), bytes: bytes ?? 0 };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
