import { z } from 'zod';
import type { BackupId } from '../../../words/index.ts';
import type { Snapshot, Store, StoredDatabase } from '../../store/types.ts';
import { databaseIn } from '../stored.ts';
import { Cell, cellOf, type Found } from './cell.ts';
import { indexDump, readRows, type DumpIndex, type OnRow } from './look.ts';
import { noSuchTable } from './no-such-table.ts';
import { readable } from './readable.ts';
import { openSqliteDump, type SqliteFile } from './sqlite-file.ts';

/** A table in a backup. `bytes`: what its rows take in the dump; null where that is not known (SQLite). */
export const BackupTable = z.object({
  name: z.string(),
  kind: z.enum(['table', 'view']),
  rows: z.number(),
  bytes: z.number().nullable(),
});
export type BackupTable = z.infer<typeof BackupTable>;

/** Some rows. `at`: the row's place in the table; `next`: where to go on, null at the end. */
export const TableRows = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.object({ at: z.number().int(), cells: z.array(Cell) })),
  next: z.number().int().nullable(),
});
export type TableRows = z.infer<typeof TableRows>;

/** One value, and what PHP or JSON says in it so that a person can read it. */
export const WholeCell = z.object({ column: z.string(), cell: Cell, readable: z.string().nullable() });
export type WholeCell = z.infer<typeof WholeCell>;

export interface RowsWanted {
  readonly table: string;
  readonly from: number;
  readonly limit: number;
  /** Only rows with this text in one of their values, in upper or lower case. */
  readonly find: string;
}

/** Looks into the databases of backups. What was found of the last few is remembered. */
export interface Tables {
  /** @throws Problem `no-dump`, `dump-unreadable` */
  list(backupId: BackupId): Promise<BackupTable[]>;
  /** @throws Problem `no-such-table` */
  rows(backupId: BackupId, wanted: RowsWanted, signal: AbortSignal): Promise<TableRows>;
  cell(
    backupId: BackupId,
    place: { table: string; at: number; column: number },
    signal: AbortSignal,
  ): Promise<WholeCell>;
  close(): Promise<void>;
}

/** Bytes of a value in a list; of one that is looked through; of one that is opened. */
const SHORT = 240;
const SEARCHED = 65_536;
const WHOLE = 1_048_576;
/** Bytes of a dump that are looked through before a search says what it has. */
const BUDGET = 33_554_432;
/** Backups that are remembered. */
const REMEMBERED = 4;

type Opened = { readonly snapshot: Snapshot; readonly database: StoredDatabase } & (
  { readonly kind: 'text'; readonly index: DumpIndex } | { readonly kind: 'file'; readonly file: SqliteFile }
);

export function openTables(store: Store): Tables {
  const remembered = new Map<BackupId, Promise<Opened>>();
  const forget = async (id: BackupId) => {
    const opened = await remembered.get(id)?.catch(() => null);
    remembered.delete(id);
    if (opened?.kind === 'file') await opened.file.close();
  };
  const look = async (id: BackupId): Promise<Opened> => {
    const known = remembered.get(id);
    if (known !== undefined) {
      remembered.delete(id);
      remembered.set(id, known);
      return known;
    }
    const opening = openDump(await store.open(id));
    remembered.set(id, opening);
    opening.catch(() => remembered.delete(id));
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED && oldest !== undefined) await forget(oldest);
    return opening;
  };
  return {
    list: async (id) => listOf(await look(id)),
    async rows(id, wanted, signal) {
      const opened = await look(id);
      const columns = columnsIn(opened, wanted.table);
      const find = wanted.find.toLowerCase();
      const rows: { at: number; cells: Cell[] }[] = [];
      let seen = wanted.from;
      await eachRow(opened, { ...wanted, most: find === '' ? SHORT : SEARCHED }, (at, row) => {
        signal.throwIfAborted();
        seen = at + 1;
        if (find === '' || row.some((found) => holds(found, find)))
          rows.push({ at, cells: row.map((found) => cellOf(found, SHORT)) });
        return rows.length < wanted.limit;
      });
      return { columns, rows, next: seen > wanted.from && seen < rowsIn(opened, wanted.table) ? seen : null };
    },
    async cell(id, { table, at, column }, signal) {
      const opened = await look(id);
      const name = columnsIn(opened, table)[column];
      const cells: Cell[] = [];
      await eachRow(opened, { table, from: at, limit: 1, most: WHOLE }, (_at, row) => {
        signal.throwIfAborted();
        cells.push(...row.slice(column, column + 1).map((found) => cellOf(found, WHOLE)));
        return false;
      });
      const [cell] = cells;
      if (name === undefined || cell === undefined)
        throw noSuchTable(`${table}, row ${at}, column ${column}`);
      return {
        column: name,
        cell,
        readable: cell.kind === 'text' && cell.whole ? readable(cell.text) : null,
      };
    },
    async close() {
      for (const id of [...remembered.keys()]) await forget(id);
    },
  };
}

async function openDump(snapshot: Snapshot): Promise<Opened> {
  const database = databaseIn(snapshot);
  if (database.kind === 'sqlite')
    return { snapshot, database, kind: 'file', file: await openSqliteDump(snapshot.read(database.blobs)) };
  return { snapshot, database, kind: 'text', index: await indexDump(snapshot, database) };
}

function listOf(opened: Opened): BackupTable[] {
  if (opened.kind === 'file')
    return opened.file
      .tables()
      .map((name) => ({ name, kind: 'table' as const, rows: opened.file.count(name), bytes: null }));
  return [...opened.index.tables]
    .map(([name, { kind, rows, bytes }]) => ({ name, kind, rows, bytes }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function columnsIn(opened: Opened, table: string): string[] {
  if (opened.kind === 'file') {
    if (!opened.file.tables().includes(table)) throw noSuchTable(table);
    return opened.file.columns(table);
  }
  const known = opened.index.tables.get(table);
  if (known === undefined) throw noSuchTable(table);
  return [...known.columns];
}

function rowsIn(opened: Opened, table: string): number {
  return opened.kind === 'file' ? opened.file.count(table) : (opened.index.tables.get(table)?.rows ?? 0);
}

async function eachRow(
  opened: Opened,
  wanted: { readonly table: string; readonly from: number; readonly limit: number; readonly most: number },
  onRow: OnRow,
): Promise<void> {
  if (opened.kind === 'text') {
    await readRows(opened.snapshot, opened.database, opened.index, { ...wanted, budget: BUDGET }, onRow);
    return;
  }
  for (let from = wanted.from, read = 0; read < BUDGET;) {
    const rows = opened.file.rows(wanted.table, from, Math.max(1, Math.min(wanted.limit, 500)), wanted.most);
    for (const [index, row] of rows.entries()) {
      read += row.reduce((sum, { head }) => sum + head.length + 1, 0);
      if (!onRow(from + index, row)) return;
    }
    if (rows.length === 0) return;
    from += rows.length;
  }
}

function holds({ kind, head }: Found, find: string): boolean {
  return kind !== 'null' && kind !== 'binary' && head.toString('utf8').toLowerCase().includes(find);
}
