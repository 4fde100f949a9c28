import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { columnsOfCreate, scanMysql } from '../dump/mysql-scan.ts';
import { mysqlValues } from '../dump/mysql-values.ts';

/** Bytes of each value that are read. */
const MOST = 4096;

/** A few settings of a site, from the table of its dump that holds them as names and values. */
export async function settingsIn(
  snapshot: Pick<Snapshot, 'read'>,
  database: StoredDatabase,
  place: { readonly table: string; readonly key: string; readonly value: string },
  wanted: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  let columns: readonly string[] = [];
  let inside = false;
  let over = false;
  const values = mysqlValues(MOST, (row) => {
    const key = row[columns.indexOf(place.key)]?.head.toString('utf8');
    const value = row[columns.indexOf(place.value)]?.head.toString('utf8');
    if (key !== undefined && value !== undefined && wanted.includes(key)) found.set(key, value);
  });
  const scan = scanMysql({
    made(kind, name, text) {
      if (inside) over = true;
      if (kind === 'TABLE' && name === place.table) columns = columnsOfCreate(text);
    },
    inserts(table, named) {
      inside = table === place.table;
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
  return found;
}
