import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { scanMysql } from './mysql-scan.ts';
import { noSuchTable } from './no-such-table.ts';
import { onlyPostgresTables } from './postgres-tables.ts';
import { onlySqliteTables } from './sqlite-tables.ts';

/** Bytes of a dump, the second being where they end. */
type Range = readonly [from: number, to: number];

const NAME = '(?:`((?:[^`]|``)+)`|([^\\s`(.]+))';
/** Before a statement: comments, and the switch of newer MariaDB clients. */
const BEFORE = '^(?:/\\*M?!999999[^*]*\\*/\\s*)?(?:/\\*M?!\\d+\\s*)?';
const SETS = new RegExp(`${BEFORE}SET\\s`, 'i');
const OF_TABLE = new RegExp(
  `${BEFORE}(?:DROP TABLE(?: IF EXISTS)?|CREATE TABLE(?: IF NOT EXISTS)?|(?:INSERT|REPLACE)(?: IGNORE)? INTO|ALTER TABLE) ${NAME}`,
  'i',
);
const TRIGGER = new RegExp(
  `\\bTRIGGER\\s+(?:IF NOT EXISTS\\s+)?(?:${NAME}\\.)?${NAME}\\s+(?:BEFORE|AFTER)\\s+(?:INSERT|UPDATE|DELETE)\\s+ON\\s+(?:${NAME}\\.)?${NAME}\\s+FOR\\s+EACH\\s+ROW\\b`,
  'i',
);
/** In its first line a program says what it is. */
const PROGRAM = /^(?:\/\*!\d+\s*)?CREATE\b(?:\*\/)?[^]{0,600}?\bTRIGGER\b/i;

/**
 * What of a dump makes some tables again, as SQL: their definitions, rows and triggers, under the settings that they need. Nothing
 * else of it: neither other tables, nor views, routines and events.
 * @throws Problem `no-such-table`, `whole-database-only`, `dump-commands`, `dump-unreadable`
 */
export function onlyTables(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  tables: readonly string[],
): AsyncGenerator<Buffer, void, void> {
  switch (database.kind) {
    case 'mysql':
      return onlyMysqlTables(snapshot, database, tables);
    case 'postgresql':
      return onlyPostgresTables(snapshot, database, tables);
    case 'sqlite':
      return onlySqliteTables(snapshot.read(database.blobs), tables);
  }
}

async function* onlyMysqlTables(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  tables: readonly string[],
): AsyncGenerator<Buffer, void, void> {
  const wanted = new Set(tables);
  const made = new Set<string>();
  const ranges: Range[] = [];
  const starts: number[] = [];
  const scan = scanMysql({
    made: (kind, name) => void (kind === 'TABLE' && made.add(name)),
    statement: (from, to, text, isBlock) => {
      if (!(isBlock ? isTriggerOf(text, wanted) : isOf(text, wanted))) return;
      const last = ranges.at(-1);
      if (last?.[1] === from) ranges[ranges.length - 1] = [last[0], to];
      else ranges.push([from, to]);
    },
  });
  let size = 0;
  for await (const chunk of snapshot.read(database.blobs)) {
    starts.push(size);
    size += chunk.length;
    scan.feed(chunk);
  }
  const missing = tables.filter((table) => !made.has(table));
  if (missing.length > 0) throw noSuchTable(missing.join(', '));
  const touched = starts.map((start, at) => {
    const end = starts[at + 1] ?? size;
    return ranges
      .filter(([from, to]) => from < end && to > start)
      .map(([from, to]): Range => [Math.max(0, from - start), Math.min(end, to) - start]);
  });
  const needed = touched.flatMap((parts, at) => (parts.length > 0 ? [at] : []));
  let next = 0;
  for await (const chunk of snapshot.read(needed.flatMap((at) => database.blobs.slice(at, at + 1)))) {
    const parts = touched[needed[next] ?? -1] ?? [];
    next += 1;
    for (const [from, to] of parts) yield chunk.subarray(from, to);
  }
  yield Buffer.from('\n');
}

function isOf(statement: string, tables: ReadonlySet<string>): boolean {
  if (SETS.test(statement)) return true;
  const [, quoted, plain] = OF_TABLE.exec(statement) ?? [];
  const table = quoted?.replaceAll('``', '`') ?? plain;
  return table !== undefined && tables.has(table);
}

function isTriggerOf(block: string, tables: ReadonlySet<string>): boolean {
  if (!PROGRAM.test(block)) return false;
  const found = TRIGGER.exec(block.slice(0, 20_000)) ?? [];
  const table = found[7]?.replaceAll('``', '`') ?? found[8];
  return table !== undefined && tables.has(table);
}
