import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Problem } from '../../../words/index.ts';
import { noSuchTable } from './no-such-table.ts';
import { quoted, sqliteOnDisk, unreadable } from './sqlite-file.ts';

const Part = z.object({ kind: z.enum(['table', 'index', 'trigger']), name: z.string(), sql: z.string() });
type Part = z.infer<typeof Part>;
const Column = z.object({ name: z.string(), hidden: z.number(), pk: z.number(), type: z.string() });
const Kind = z.object({ name: z.string(), type: z.string(), wr: z.number() });

/** One table of an SQLite database. `columns`: those that are stored, the row's own number first where it has one that is no column. */
interface Source {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly columns: readonly string[];
  readonly sequence: string | null;
}

/** Tables of an SQLite database in a file that holds them as plain values: nothing of the original's schema is in force there. */
export interface PackedTables {
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
  readonly gone: () => Promise<void>;
}

/**
 * Takes tables with their indexes and triggers out of a dump of SQLite.
 * @throws Problem `no-such-table`, `whole-database-only`, `dump-unreadable`
 */
export async function packSqliteTables(
  dump: AsyncIterable<Buffer>,
  names: readonly string[],
): Promise<PackedTables> {
  const { folder, path, gone } = await sqliteOnDisk(dump);
  try {
    const file = join(folder, 'packed.sqlite');
    const db = new DatabaseSync(file, { allowExtension: false });
    try {
      db.exec('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA trusted_schema=OFF');
      db.prepare('ATTACH ? AS src').run(path);
      db.exec(`CREATE TABLE made (at INTEGER PRIMARY KEY, kind TEXT, name TEXT, sql TEXT);
        CREATE TABLE packed (rows INTEGER PRIMARY KEY, name TEXT, columns TEXT, sequence INTEGER)`);
      for (const [at, { name, parts, columns, sequence }] of sourcesOf(db, names).entries()) {
        db.prepare('INSERT INTO packed VALUES (?, ?, ?, ?)').run(at, name, JSON.stringify(columns), sequence);
        for (const { kind, name: called, sql } of parts)
          db.prepare('INSERT INTO made (kind, name, sql) VALUES (?, ?, ?)').run(kind, called, sql);
        // Without types, each value stays what it is.
        const values = columns.map((_, index) => `c${index}`);
        db.exec(`CREATE TABLE rows_${at} (at INTEGER PRIMARY KEY, ${values.join(', ')});
          INSERT INTO rows_${at} (${values.join(', ')}) SELECT ${columns.map(quoted).join(', ')} FROM src.${quoted(name)}`);
      }
      db.exec('DETACH src');
    } finally {
      db.close();
    }
    return { size: (await stat(file)).size, content: bytesOf(file), gone };
  } catch (error) {
    await gone();
    throw error instanceof Problem ? error : unreadable(error);
  }
}

/** Opened only when it is read, and closed when it is not read on. */
async function* bytesOf(file: string): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of createReadStream(file)) yield z.instanceof(Buffer).parse(chunk);
}

/** The same as SQL. */
export async function* onlySqliteTables(
  dump: AsyncIterable<Buffer>,
  names: readonly string[],
): AsyncGenerator<Buffer, void, void> {
  const { path, gone } = await sqliteOnDisk(dump);
  try {
    const db = new DatabaseSync(':memory:', { allowExtension: false });
    try {
      db.exec('PRAGMA trusted_schema=OFF');
      db.prepare('ATTACH ? AS src').run(path);
      const sources = sourcesOf(db, names);
      yield Buffer.from('PRAGMA foreign_keys=OFF;\nBEGIN;\n');
      for (const { name } of sources) yield Buffer.from(`DROP TABLE IF EXISTS ${quoted(name)};\n`);
      for (const { parts } of sources) yield sqlOf(parts.filter(({ kind }) => kind === 'table'));
      for (const source of sources) yield* rowsOf(db, source);
      for (const { name, sequence } of sources) {
        if (sequence === null) continue;
        const text = `'${name.replaceAll("'", "''")}'`;
        yield Buffer.from(
          `DELETE FROM sqlite_sequence WHERE name = ${text};\nINSERT INTO sqlite_sequence (name, seq) VALUES (${text}, ${sequence});\n`,
        );
      }
      for (const { parts } of sources) yield sqlOf(parts.filter(({ kind }) => kind !== 'table'));
      yield Buffer.from('COMMIT;\n');
    } finally {
      db.close();
    }
  } catch (error) {
    throw error instanceof Problem ? error : unreadable(error);
  } finally {
    await gone();
  }
}

function sqlOf(parts: readonly Part[]): Buffer {
  return Buffer.from(parts.map(({ sql }) => `${sql};\n`).join(''));
}

function* rowsOf(db: DatabaseSync, { name, columns }: Source): Generator<Buffer, void, void> {
  // `quote` takes a text's zero for its end.
  const values = columns.map(quoted).map(
    (column) => `CASE WHEN typeof(${column}) = 'text' AND instr(CAST(${column} AS BLOB), x'00') > 0
      THEN 'CAST(' || quote(CAST(${column} AS BLOB)) || ' AS TEXT)' ELSE quote(${column}) END`,
  );
  const into = `INSERT INTO ${quoted(name)} (${columns.map(quoted).join(', ')}) VALUES (`;
  const rows = db.prepare(`SELECT ${values.join(" || ', ' || ")} AS line FROM src.${quoted(name)}`).iterate();
  for (const row of rows) yield Buffer.from(`${into}${z.object({ line: z.string() }).parse(row).line});\n`);
}

function sourcesOf(db: DatabaseSync, names: readonly string[]): Source[] {
  const kinds = z
    .array(Kind)
    .parse(db.prepare('SELECT name, type, wr FROM pragma_table_list WHERE schema = ?').all('src'));
  const missing = names.filter((name) => !kinds.some((kind) => kind.name === name && kind.type !== 'view'));
  if (missing.length > 0) throw noSuchTable(missing.join(', '));
  // A scratch database tells what a definition makes.
  const scratch = new DatabaseSync(':memory:', { allowExtension: false });
  try {
    return names.map((name) => {
      const kind = kinds.find((one) => one.name === name);
      if (kind?.type !== 'table' || /^sqlite_/i.test(name)) throw ofAnother(name);
      const parts = partsOf(db, scratch, name);
      return { name, parts, columns: columnsOf(db, name, kind.wr === 0), sequence: sequenceOf(db, name) };
    });
  } finally {
    scratch.close();
  }
}

/**
 * A table's own definition, its indexes and triggers. A hostile database may have anything written there: each text has to
 * make just what it says when its first statement is run, and nothing may follow that.
 */
function partsOf(db: DatabaseSync, scratch: DatabaseSync, table: string): Part[] {
  const parts = z.array(Part).parse(
    db
      .prepare(
        `SELECT type AS kind, name, sql FROM src.sqlite_master WHERE tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL
          AND type IN ('table', 'index', 'trigger') ORDER BY type <> 'table', rowid`,
      )
      .all(table),
  );
  for (const { kind, name, sql } of parts) {
    scratch.prepare(sql).run();
    const made = scratch
      .prepare('SELECT type AS kind, name, sql FROM sqlite_master WHERE type = ? AND name = ?')
      .get(kind, name);
    if (made?.['sql'] !== sql)
      throw new Problem({
        code: 'dump-commands',
        message: 'A definition in this database does not make what it says. It was not restored.',
        attempted: `Look at the definition of ${name}`,
        answered: sql.slice(0, 300),
        todo: 'Restore another backup.',
      });
  }
  return parts;
}

function columnsOf(db: DatabaseSync, table: string, hasRowid: boolean): string[] {
  const all = z
    .array(Column)
    .parse(db.prepare('SELECT name, hidden, pk, type FROM pragma_table_xinfo(?, ?)').all(table, 'src'));
  const columns = all.filter(({ hidden }) => hidden === 0).map(({ name }) => name);
  const isRowid =
    all.filter(({ pk }) => pk > 0).length === 1 &&
    all.some(({ pk, type }) => pk > 0 && /^integer$/i.test(type));
  const free = ['rowid', '_rowid_', 'oid'].find(
    (name) => !all.some((column) => column.name.toLowerCase() === name),
  );
  return hasRowid && !isRowid && free !== undefined ? [free, ...columns] : columns;
}

function sequenceOf(db: DatabaseSync, table: string): string | null {
  if (db.prepare("SELECT 1 FROM src.sqlite_master WHERE name = 'sqlite_sequence'").get() === undefined)
    return null;
  const row = db
    .prepare('SELECT CAST(CAST(seq AS INTEGER) AS TEXT) AS seq FROM src.sqlite_sequence WHERE name = ?')
    .get(table);
  return row === undefined ? null : z.object({ seq: z.string() }).parse(row).seq;
}

function ofAnother(table: string): Problem {
  return new Problem({
    code: 'whole-database-only',
    message: 'This table is kept by an extension of SQLite, or by SQLite itself.',
    answered: table,
    todo: 'Restore the whole database.',
  });
}
