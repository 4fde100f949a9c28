import { restoreFrom, writeAll, type Store } from '../backups/index.ts';
import { Problem, type BackupId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { SiteLock } from './site-lock.ts';

/** Puts the database of a backup back into the site. */
export async function restoreDatabase(
  store: Store,
  hands: Hands,
  lock: SiteLock,
  backupId: BackupId,
): Promise<void> {
  const snapshot = await store.open(backupId);
  const { database } = snapshot;
  if (database === null)
    throw new Problem({
      code: 'no-dump',
      message: 'This backup holds no database.',
      todo: 'Choose another backup.',
    });
  await hands.on(async (connection) => {
    await lock.takeTurn(connection, hands.signal);
    const work = await hands.database(connection, lock.fence);
    if (work === null)
      throw new Problem({
        code: 'no-database',
        message: 'The site’s database cannot be reached.',
        todo: 'Mend the access in its configuration, then restore again.',
      });
    if (work.access.kind !== database.kind)
      throw new Problem({
        code: 'other-database',
        message: 'The backup was made of another kind of database than the site has now.',
        todo: 'Restore it to a folder and import it by hand.',
      });
    await restoreFrom(
      work,
      (stdin) => writeAll(stdin, snapshot.read(database.blobs)),
      database.tables.map((table) => table.name),
    );
  });
}
