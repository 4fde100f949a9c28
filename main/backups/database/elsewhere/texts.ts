import { Problem } from '../../../words/index.ts';
import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { columnsOfCreate, scanMysql } from '../dump/mysql-scan.ts';
import { mysqlValues } from '../dump/mysql-values.ts';
import { openSqliteDump } from '../dump/sqlite-file.ts';

/** Bytes of each value that are read. */
const MOST = 4096;

/** Rows that are read of a table at most: a network has fewer sites. */
const MOST_ROWS = 100_000;

/**
 * The texts of some columns of a table of a dump, row by row; a value's first 4 KiB. null: NULL, or a column that is not there.
 * @throws Problem `too-many-rows`
 */
export async function rowsIn(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  table: string,
  wanted: readonly string[],
): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  await eachRowIn(snapshot, database, table, (text) => {
    if (rows.length === MOST_ROWS)
      throw new Problem({ code: 'too-many-rows', message: `${table} has more than ${MOST_ROWS} rows.` });
    rows.push(wanted.map(text));
  });
  return rows;
}

/** A few settings of a site, from the table of its dump that holds them as names and values. */
export async function settingsIn(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  place: { readonly table: string; readonly key: string; readonly value: string },
  wanted: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await eachRowIn(snapshot, database, place.table, (text) => {
    const [key, value] = [text(place.key), text(place.value)];
    if (key !== null && value !== null && wanted.includes(key)) found.set(key, value);
  });
  return found;
}

async function eachRowIn(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  wanted: string,
  onRow: (text: (column: string) => string | null) => void,
): Promise<void> {
  if (database.kind === 'sqlite') return eachRowInSqlite(snapshot.read(database.blobs), wanted, onRow);
  let columns: readonly string[] = [];
  let inside = false;
  let over = false;
  const values = mysqlValues(MOST, (row) =>
    onRow((column) => {
      const value = row[columns.indexOf(column)];
      return value === undefined || value.kind === 'null' ? null : value.head.toString('utf8');
    }),
  );
  const scan = scanMysql({
    made(kind, name, text) {
      if (inside) over = true;
      if (kind === 'TABLE' && name === wanted) columns = columnsOfCreate(text);
    },
    inserts(table, named) {
      inside = table === wanted;
      if (inside && named !== null) columns = named;
    },
    values(part, last) {
      if (inside) values(part, last);
    },
  });
  for await (const chunk of snapshot.read(database.blobs)) {
    scan.feed(chunk);
    if (over) break;
  }
}

async function eachRowInSqlite(
  dump: AsyncIterable<Buffer>,
  table: string,
  onRow: (text: (column: string) => string | null) => void,
): Promise<void> {
  const opened = await openSqliteDump(dump);
  try {
    const columns = opened.columns(table);
    for (const row of opened.rows(table, 0, MOST_ROWS + 1, MOST))
      onRow((column) => {
        const value = row[columns.indexOf(column)];
        return value === undefined || value.kind === 'null' ? null : value.head.toString('utf8');
      });
  } finally {
    await opened.close();
  }
}
