import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { columnsOfCreate, scanMysql } from './mysql-scan.ts';
import { mysqlValues } from './mysql-values.ts';
import { postgresValues, scanPostgres } from './postgres-scan.ts';
import type { Found } from './cell.ts';

/** A row that is known by where it begins, so that those after it are found without reading what is before. */
interface Mark {
  readonly row: number;
  readonly offset: number;
}

export interface TableIndex {
  readonly kind: 'table' | 'view';
  columns: readonly string[];
  rows: number;
  bytes: number;
  readonly marks: Mark[];
}

/** Where everything lies in a text dump. */
export interface DumpIndex {
  readonly tables: ReadonlyMap<string, TableIndex>;
  /** Where each piece of it begins. */
  readonly starts: readonly number[];
}

/** Bytes between two marks, at least. */
const APART = 262_144;

/** Reads a dump through once and notes where the tables lie. */
export async function indexDump(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
): Promise<DumpIndex> {
  const tables = new Map<string, TableIndex>();
  const starts: number[] = [];
  const of = (name: string, kind: TableIndex['kind'] = 'table'): TableIndex => {
    const known = tables.get(name) ?? { kind, columns: [], rows: 0, bytes: 0, marks: [] };
    tables.set(name, known);
    return known;
  };
  let current: TableIndex | null = null;
  const begins = (name: string, columns: readonly string[] | null) => {
    current = of(name);
    if (columns !== null) current.columns = columns;
  };
  const row = (offset: number) => {
    if (current === null) return;
    const last = current.marks.at(-1);
    if (last === undefined || offset - last.offset >= APART)
      current.marks.push({ row: current.rows, offset });
    current.rows += 1;
  };
  const grow = (bytes: number) => {
    if (current !== null) current.bytes += bytes;
  };
  const scan =
    database.kind === 'postgresql'
      ? scanPostgres({
          made: (kind, name) => void of(name, kind === 'VIEW' ? 'view' : 'table'),
          copies: begins,
          row: (_table, offset, _line, size) => {
            row(offset);
            grow(size + 1);
          },
        })
      : scanMysql({
          made: (kind, name, text) => {
            const table = of(name, kind === 'VIEW' ? 'view' : 'table');
            if (kind === 'TABLE') table.columns = columnsOfCreate(text);
          },
          inserts: begins,
          row: (_table, offset) => row(offset),
          values: (part, last) => grow(part.length + (last ? 3 : 0)),
        });
  let size = 0;
  for await (const chunk of snapshot.read(database.blobs)) {
    starts.push(size);
    size += chunk.length;
    scan.feed(chunk);
  }
  return { tables, starts };
}

/** Told of each row in turn, `at` counted from the table's first. @returns whether more are wanted */
export type OnRow = (at: number, row: readonly Found[]) => boolean;

/**
 * Reads the rows of a table from one of them on, without reading what is before or after.
 * @param most bytes of each value that are kept
 * @param budget bytes of the dump after which it is enough for now
 */
export async function readRows(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  index: DumpIndex,
  wanted: { readonly table: string; readonly from: number; readonly most: number; readonly budget: number },
  onRow: OnRow,
): Promise<void> {
  const { table, from, most } = wanted;
  const mark = index.tables.get(table)?.marks.findLast((one) => one.row <= from);
  if (mark === undefined) return;
  let at = mark.row;
  let more = true;
  const take = (row: () => readonly Found[]) => {
    if (more && at >= from) more = onRow(at, row());
    at += 1;
  };
  const other = (name: string) => {
    if (name !== table) more = false;
  };
  const scan =
    database.kind === 'postgresql'
      ? scanPostgres(
          {
            copied: () => (more = false),
            row: (_name, _offset, line, size) => take(() => postgresValues(line, size, most)),
          },
          { rowsOf: table },
        )
      : scanMysql(
          {
            inserts: other,
            made: (_kind, name) => other(name),
            values: mysqlValues(most, (row) => take(() => row)),
          },
          { rowsOf: table },
        );
  const piece = index.starts.findLastIndex((start) => start <= mark.offset);
  let skip = mark.offset - (index.starts[piece] ?? 0);
  let read = 0;
  for await (const chunk of snapshot.read(database.blobs.slice(piece))) {
    const rest = chunk.subarray(skip);
    skip = 0;
    read += rest.length;
    scan.feed(rest);
    if (!more || read > wanted.budget) return;
  }
}
