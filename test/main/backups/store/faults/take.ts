import type { Store } from '../../../../../main/backups/store/types.ts';
import type { TreeEntry } from '../../../../../main/backups/store/tree.ts';
import { SiteId, type BackupId } from '../../../../../main/words/index.ts';
import { stamp } from '../../copies/sample.ts';
import { dumpOf, filesOf } from './content.ts';

const siteId = SiteId.parse('site_faulty00');

async function* once(bytes: Buffer) {
  yield bytes;
}

/** Takes the backup that belongs to a seed: files in a folder, and a database. */
export async function takeBackup(store: Pick<Store, 'begin'>, seed: string): Promise<BackupId> {
  await using writer = await store.begin({ siteId, siteName: 'Faulty', reason: 'asked' });
  const files: TreeEntry[] = [];
  for (const [name, bytes] of filesOf(seed)) {
    const { blobs, size } = await writer.put(once(bytes));
    files.push({ kind: 'file', name, ...stamp, size, blobs: [...blobs] });
  }
  const dump = await writer.put(once(dumpOf(seed)), 'dump');
  const below = await writer.putTree(files);
  const root = await writer.putTree([{ kind: 'folder', name: 'wp-content', ...stamp, tree: below }]);
  const { id } = await writer.commit({
    root,
    database: {
      kind: 'mysql',
      blobs: [...dump.blobs],
      size: dump.size,
      tables: [{ name: 'posts', rows: 1 }],
    },
    databaseKind: 'mariadb',
    files: files.length,
    bytes: 0,
    moved: [],
    unreadable: [],
  });
  return id;
}
