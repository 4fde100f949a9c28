import type { Snapshot, StoredDatabase } from '../store/types.ts';
import { onlyTables } from './dump/one-table.ts';
import { puttingPostgresTables } from './dump/postgres-tables.ts';
import { packSqliteTables } from './dump/sqlite-tables.ts';
import { putSqliteTables, readDefinitions, restoreFrom, writeAll, type DatabaseWork } from './tools.ts';

/** Whether tables are put back whole or not at all. MySQL and MariaDB end a transaction whenever a table is defined. */
export function isAllOrNothing(kind: StoredDatabase['kind']): boolean {
  return kind !== 'mysql';
}

/**
 * Puts single tables of a dump in place, with their indexes and triggers; nothing else of the database changes.
 * @param kept the tables that are there now, and these
 * @returns what is odd about the database now, in words
 * @throws Problem `no-such-table`, `whole-database-only`, `table-depended-on`, `table-referred-to`, `dump-commands`
 */
export async function putTables(
  work: DatabaseWork,
  { snapshot, database }: { readonly snapshot: Pick<Snapshot, 'read'>; readonly database: StoredDatabase },
  tables: readonly string[],
  kept: readonly string[],
): Promise<string[]> {
  switch (database.kind) {
    case 'mysql':
      await restoreFrom(work, (stdin) => writeAll(stdin, onlyTables(snapshot, database, tables)), kept);
      return [];
    case 'postgresql': {
      const live = await readDefinitions(work);
      const sql = puttingPostgresTables(snapshot, database, tables, live);
      // What cannot be put back is said before anything is begun.
      const first = await sql.next();
      await restoreFrom(
        work,
        async (stdin) => {
          if (first.done !== true) stdin.write(first.value);
          await writeAll(stdin, sql);
        },
        'all',
      );
      return [];
    }
    case 'sqlite': {
      const packed = await packSqliteTables(snapshot.read(database.blobs), tables);
      try {
        return await putSqliteTables(work, packed);
      } finally {
        await packed.gone();
      }
    }
  }
}
