import { createReadStream } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import type { TableRules } from '../../../platforms/index.ts';
import { Problem } from '../../../words/index.ts';
import { quoted, sqliteOnDisk, unreadable } from '../dump/sqlite-file.ts';
import type { DumpMoves } from './rewrite-dump.ts';
import { openTally, type Rewritten, type Tally } from './tally.ts';
import { valueRewriter } from './value.ts';

/** Rows that are read at once. */
const ROWS = 200;
/** Bytes of a value that rules look at. */
const LOOKED_AT = 8192;

const Names = z.array(z.object({ name: z.string(), type: z.string() }));
const Columns = z.array(z.object({ name: z.string() }));
const Value = z.instanceof(Uint8Array).nullable();

/**
 * A dump of SQLite, which is a database file, for another site: URLs and paths are that site's. Tables keep their names. Triggers and views, which
 * act by themselves, do not come along, and are named.
 * @param told what was rewritten and what was left alone, before the first byte comes
 * @throws Problem `dump-unreadable`
 */
export async function* rewriteSqlite(
  dump: AsyncIterable<Buffer>,
  moves: Pick<DumpMoves, 'fromPrefix' | 'places' | 'rulesOf'>,
  told: (rewritten: Rewritten) => void,
): AsyncGenerator<Buffer, void, void> {
  const { path, gone } = await sqliteOnDisk(dump);
  try {
    try {
      told(await rewriteFile(path, moves));
    } catch (error) {
      throw error instanceof Problem ? error : unreadable(error);
    }
    for await (const chunk of createReadStream(path)) yield z.instanceof(Buffer).parse(chunk);
  } finally {
    await gone();
  }
}

async function rewriteFile(
  path: string,
  moves: Pick<DumpMoves, 'fromPrefix' | 'places' | 'rulesOf'>,
): Promise<Rewritten> {
  const tally = openTally();
  const db = new DatabaseSync(path, { allowExtension: false });
  try {
    // A database of a hostile site is data.
    db.exec(
      'PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF',
    );
    const { encoding } = z.object({ encoding: z.string() }).parse(db.prepare('PRAGMA encoding').get());
    if (encoding !== 'UTF-8') throw unreadable(new Error(`its texts are ${encoding}`));
    const named = Names.parse(db.prepare('SELECT name, type FROM sqlite_master ORDER BY name').all());
    for (const { name, type } of named) {
      if (type !== 'trigger' && type !== 'view') continue;
      db.exec(`DROP ${type} ${quoted(name)}`);
      tally.notTaken(`${type} ${name}`);
    }
    const tables = db
      .prepare(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
      )
      .all();
    db.exec('BEGIN');
    for (const { name } of Names.parse(tables)) {
      tally.table(name);
      const own = name.startsWith(moves.fromPrefix) ? name.slice(moves.fromPrefix.length) : null;
      await rewriteTable(db, name, own === null ? null : moves.rulesOf(own), moves.places, tally);
    }
    db.exec('COMMIT; VACUUM');
  } finally {
    db.close();
  }
  return tally.read();
}

async function rewriteTable(
  db: DatabaseSync,
  table: string,
  rules: TableRules | null,
  places: DumpMoves['places'],
  tally: Tally,
): Promise<void> {
  const columns = Columns.parse(
    db.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0').all(table),
  ).map(({ name }) => name);
  const free = ['rowid', '_rowid_', 'oid'].find(
    (name) => !columns.some((column) => column.toLowerCase() === name),
  );
  if (free === undefined) return tally.notTaken(`the addresses in ${table}, whose rows cannot be told apart`);
  let inValue = 0;
  let column = '';
  const rewrite = valueRewriter(places, {
    places: (number) => void (inValue += number),
    left: (because) => tally.left(because, column),
  });
  const kept = new Set(rules?.keep);
  const read = db.prepare(
    `SELECT CAST(${free} AS TEXT) AS row, ${columns.flatMap((name, at) => [`typeof(${quoted(name)}) AS t${at}`, `CAST(${quoted(name)} AS BLOB) AS v${at}`]).join(', ')}
      FROM ${quoted(table)} WHERE ${free} > CAST(? AS INTEGER) ORDER BY ${free} LIMIT ${ROWS}`,
  );
  const setTo = new Map(
    columns.map((name) => [
      name,
      db.prepare(
        `UPDATE ${quoted(table)} SET ${quoted(name)} = CAST(? AS TEXT) WHERE ${free} = CAST(? AS INTEGER)`,
      ),
    ]),
  );
  const remove = db.prepare(`DELETE FROM ${quoted(table)} WHERE ${free} = CAST(? AS INTEGER)`);
  const change = (name: string, to: Buffer, row: string) => {
    setTo.get(name)?.run(to, row);
    tally.changed(table, inValue);
  };
  // The lowest number that a row can have, less nothing: one with that very number does not come from a database of a site.
  for (let after = '-9223372036854775808'; ;) {
    const rows = read.all(after);
    for (const found of rows) {
      const row = z.string().parse(found['row']);
      after = row;
      tally.row();
      const valueOf = (at: number) => {
        const bytes = Value.parse(found[`v${at}`]);
        return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      };
      const textOf = (name: string): string | null => {
        const at = columns.indexOf(name);
        const bytes = at < 0 || found[`t${at}`] !== 'text' ? null : valueOf(at);
        return bytes === null || bytes.length > LOOKED_AT ? null : bytes.toString('utf8');
      };
      const set = rules?.row?.(textOf) ?? null;
      if (set === 'drop') {
        remove.run(row);
        tally.dropped(table);
        continue;
      }
      for (const [at, name] of columns.entries()) {
        column = `${table}.${name}`;
        const bytes = valueOf(at);
        inValue = 1;
        const wanted = set?.[name];
        if (wanted !== undefined) {
          if (textOf(name) !== wanted) change(name, Buffer.from(wanted), row);
          continue;
        }
        if (bytes === null || !places.mayBeIn(bytes)) continue;
        if (found[`t${at}`] !== 'text') {
          tally.left('binary', column);
          continue;
        }
        inValue = 0;
        if (kept.has(name)) {
          if (places.replace(bytes.toString('latin1')).places > 0) tally.left('kept', column);
          continue;
        }
        const now = rewrite(bytes);
        if (now !== bytes) change(name, now, row);
      }
    }
    if (rows.length < ROWS) return;
    // A large table is no reason to keep everything else waiting.
    await breathe();
  }
}
