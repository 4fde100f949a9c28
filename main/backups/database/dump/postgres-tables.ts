import { Problem } from '../../../words/index.ts';
import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { noSuchTable } from './no-such-table.ts';
import { bytesBetween, cutPostgres, type CutDump, type TablePiece } from './postgres-cut.ts';
import { plainName } from './postgres-scan.ts';

/** How pg_dump has a server read what it wrote. The dump's own settings are not taken over: what we cut by them must hold. */
const SETTINGS = `SET statement_timeout = 0;
SET lock_timeout = '60s';
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
`;
/** What the script on the server does something about; none of it stands in an honest table. */
const ACTED_ON =
  /^(?:\\(?:un)?restrict |DROP EXTENSION |COMMENT ON EXTENSION |-- PostgreSQL database dump complete$|-- Data for Name: BLOBS; Type: BLOBS;|COPY .* FROM stdin;$)/m;
/** By which the script knows that it has all of it, and commits. */
const COMPLETE = '-- PostgreSQL database dump complete\n';

interface Wanted {
  readonly snapshot: Pick<Snapshot, 'read'>;
  readonly database: StoredDatabase;
  readonly cut: CutDump;
  /** As the dump names them. */
  readonly tables: ReadonlySet<string>;
}

/** @throws Problem `no-such-table`, `whole-database-only`, `dump-commands` */
async function wantedOf(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  names: readonly string[],
): Promise<Wanted> {
  const cut = await cutPostgres(snapshot.read(database.blobs));
  const called = (name: string) => [...cut.tables].filter((table) => nameOf(table) === name);
  const missing = names.filter((name) => called(name).length === 0);
  if (missing.length > 0) throw noSuchTable(missing.join(', '));
  const tables = new Set(names.flatMap(called));
  const parted = [...tables].filter((table) => cut.parted.has(table));
  if (parted.length > 0)
    throw new Problem({
      code: 'whole-database-only',
      message: 'This table has its rows in parts of it.',
      answered: parted.map(nameOf).join(', '),
      todo: 'Restore the parts, which are tables of their own, or the whole database.',
    });
  if (
    cut.pieces.some((piece) => tables.has(piece.table) && piece.kind !== 'rows' && ACTED_ON.test(piece.sql))
  )
    throw new Problem({
      code: 'dump-commands',
      message:
        'This dump holds what may be meant for the server that it is restored on. It was not restored.',
      attempted: 'Cut the tables out of the dump',
      todo: 'Restore another backup.',
    });
  return { snapshot, database, cut, tables };
}

/** SQL that makes tables of a PostgreSQL dump again, where they are dropped before. All of it or nothing. */
export async function* onlyPostgresTables(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  names: readonly string[],
): AsyncGenerator<Buffer, void, void> {
  const wanted = await wantedOf(snapshot, database, names);
  yield Buffer.from(`BEGIN;\n${SETTINGS}`);
  for (const table of wanted.tables) yield Buffer.from(`DROP TABLE IF EXISTS ${table};\n`, 'latin1');
  for (const piece of wanted.cut.pieces) if (wanted.tables.has(piece.table)) yield* written(wanted, piece);
  yield Buffer.from('COMMIT;\n');
}

/**
 * What the script `restore` is sent to put tables back while all else stays as it is. Where a table is defined as in the dump, only its
 * rows change, so views and rights on it stay; else it is dropped, which the server refuses where something depends on it,
 * and made again. Foreign keys that refer to it are taken off meanwhile and put on again, which the server checks.
 * @param live what the site's database is now: a dump of its definitions
 */
export async function* puttingPostgresTables(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  names: readonly string[],
  live: Buffer,
): AsyncGenerator<Buffer, void, void> {
  const wanted = await wantedOf(snapshot, database, names);
  const now = await cutPostgres(only(live));
  const same = new Set(
    [...wanted.tables].filter((table) => definitionOf(now, table) === definitionOf(wanted.cut, table)),
  );
  const made = [...wanted.tables].filter((table) => !same.has(table));
  const part = made.find((table) => wanted.cut.parts.has(table) || now.parts.has(table));
  if (part !== undefined)
    throw new Problem({
      code: 'whole-database-only',
      message: 'This part of a table is defined otherwise than in the backup. Nothing was changed.',
      answered: nameOf(part),
      todo: 'Restore the whole database.',
    });
  yield Buffer.from(SETTINGS);
  yield Buffer.from(takingOff([...wanted.tables], same), 'latin1');
  if (same.size > 0) yield Buffer.from(`TRUNCATE ONLY ${[...same].join(', ONLY ')};\n`, 'latin1');
  for (const table of made) yield Buffer.from(`DROP TABLE IF EXISTS ${table};\n`, 'latin1');
  for (const piece of wanted.cut.pieces)
    if (wanted.tables.has(piece.table) && (piece.kind === 'rows' || !same.has(piece.table)))
      yield* written(wanted, piece);
  // What is still to be checked is, before definitions change again.
  yield Buffer.from(`SET CONSTRAINTS ALL IMMEDIATE;\n${PUTTING_ON}`);
  // A sequence's value is set at once, whether or not this ends well: so it comes last.
  for (const piece of wanted.cut.pieces)
    if (piece.kind === 'value' && same.has(piece.table)) yield* written(wanted, piece);
  yield Buffer.from(COMPLETE);
}

async function* written(
  { snapshot, database, cut }: Wanted,
  piece: TablePiece,
): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(`${piece.sql}\n`, 'latin1');
  if (piece.kind === 'rows') yield* bytesBetween(snapshot, database, cut, piece.from, piece.to);
}

/** Foreign keys that refer to the tables go, triggers of those whose rows alone change rest; how both come back is remembered. */
function takingOff(tables: readonly string[], same: ReadonlySet<string>): string {
  const list = (names: readonly string[]) =>
    `ARRAY[${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')}]::text[]`;
  const made = tables.filter((table) => !same.has(table));
  let tag = '$gk$';
  while (tables.some((table) => table.includes(tag))) tag = tag.replace('gk', 'gk_');
  return `DO ${tag}
DECLARE
  one record;
  again text := '';
BEGIN
  FOR one IN
    SELECT c.conname, c.conrelid::regclass::text AS holder, pg_get_constraintdef(c.oid) AS definition,
      obj_description(c.oid, 'pg_constraint') AS said, EXISTS (SELECT FROM unnest(${list(made)}) name WHERE to_regclass(name) = c.conrelid) AS made
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND EXISTS (SELECT FROM unnest(${list(tables)}) name WHERE to_regclass(name) = c.confrelid)
    ORDER BY c.oid
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.holder, one.conname);
    IF NOT one.made THEN
      again := again || format('ALTER TABLE %s ADD CONSTRAINT %I %s;', one.holder, one.conname, one.definition);
      IF one.said IS NOT NULL THEN
        again := again || format('COMMENT ON CONSTRAINT %I ON %s IS %L;', one.conname, one.holder, one.said);
      END IF;
    END IF;
  END LOOP;
  FOR one IN
    SELECT t.tgname, t.tgrelid::regclass::text AS holder, CASE t.tgenabled WHEN 'A' THEN 'ALWAYS ' WHEN 'R' THEN 'REPLICA ' ELSE '' END AS how
    FROM pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND EXISTS (SELECT FROM unnest(${list([...same])}) name WHERE to_regclass(name) = t.tgrelid)
  LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', one.holder, one.tgname);
    again := again || format('ALTER TABLE %s ENABLE %sTRIGGER %I;', one.holder, one.how, one.tgname);
  END LOOP;
  PERFORM set_config('groundskeeper.again', again, true);
END ${tag};
`;
}

const PUTTING_ON = `DO $gk$ BEGIN EXECUTE current_setting('groundskeeper.again'); END $gk$;
`;

function definitionOf(cut: CutDump, table: string): string {
  return cut.pieces
    .filter((piece) => piece.table === table && piece.kind === 'definition')
    .map(({ sql }) => sql)
    .join('\n');
}

/** As a count of rows and a list of tables name it. */
function nameOf(table: string): string {
  return plainName(Buffer.from(table, 'latin1').toString('utf8'));
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  yield bytes;
}
