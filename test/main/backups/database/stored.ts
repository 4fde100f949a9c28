import { cellOf, type Cell, type Found } from '../../../../main/backups/database/dump/cell.ts';
import { indexDump, readRows } from '../../../../main/backups/database/dump/look.ts';
import type { StoredDatabase } from '../../../../main/backups/index.ts';
import { Sha256 } from '../../../../main/words/index.ts';

/** A dump in a store that cuts it into pieces of so many bytes. */
export function stored(kind: StoredDatabase['kind'], dump: string | Buffer, piece: number) {
  const bytes = typeof dump === 'string' ? Buffer.from(dump) : dump;
  const pieces = new Map<Sha256, Buffer>();
  for (let at = 0; at < bytes.length; at += piece)
    pieces.set(Sha256.parse(String(at).padStart(64, '0')), bytes.subarray(at, at + piece));
  const snapshot = {
    async *read(blobs: readonly Sha256[]) {
      for (const blob of blobs) yield pieces.get(blob) ?? Buffer.alloc(0);
    },
  };
  const database: StoredDatabase = { kind, blobs: [...pieces.keys()], size: bytes.length, tables: [] };
  return { snapshot, database };
}

/** Rows of a table from one of them on, and what the index says of it. */
export async function read(
  dump: ReturnType<typeof stored>,
  table: string,
  from: number,
  limit: number,
  most = 1000,
) {
  const index = await indexDump(dump.snapshot, dump.database);
  const rows: Cell[][] = [];
  const wanted = { table, from, most, budget: 1e9 };
  if (limit > 0)
    await readRows(dump.snapshot, dump.database, index, wanted, (_at, row: readonly Found[]) => {
      rows.push(row.map((found) => cellOf(found, most)));
      return rows.length < limit;
    });
  return { rows, table: index.tables.get(table) };
}
