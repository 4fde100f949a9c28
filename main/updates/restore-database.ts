import {
  databaseIn,
  otherDatabase,
  restoreFrom,
  writeAll,
  type Snapshot,
  type Store,
  type StoredDatabase,
} from '../backups/index.ts';
import { Problem, type BackupId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { SiteLock } from './site-lock.ts';
import { holdUpdatersRestored } from './updater-locks.ts';

/** A dump as it is sent, and the names that its tables have then. */
export interface SentDump {
  readonly content: AsyncIterable<Buffer>;
  readonly tables: readonly string[];
}

/**
 * Puts the database of a backup back into the site.
 * @param as makes another dump of it on the way
 */
export async function restoreDatabase(
  store: Store,
  hands: Hands,
  lock: SiteLock,
  backupId: BackupId,
  as: (snapshot: Snapshot, database: StoredDatabase) => SentDump = (snapshot, database) => ({
    content: snapshot.read(database.blobs),
    tables: database.tables.map((table) => table.name),
  }),
): Promise<void> {
  const snapshot = await store.open(backupId);
  const database = databaseIn(snapshot);
  await hands.on(async (connection) => {
    await lock.takeTurn(connection, hands.signal);
    const work = await hands.database(connection, lock.fence);
    if (work === null)
      throw new Problem({
        code: 'no-database',
        message: 'The site’s database cannot be reached.',
        todo: 'Mend the access in its configuration, then restore again.',
      });
    if (work.access.kind !== database.kind) throw otherDatabase();
    const { content, tables } = as(snapshot, database);
    await restoreFrom(work, (stdin) => writeAll(stdin, content), tables);
    await holdUpdatersRestored(hands, connection, lock);
  });
}
