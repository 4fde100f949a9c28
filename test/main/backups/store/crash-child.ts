/**
 * Takes one backup after the other into the store at argv[2], removes the oldest and prunes, until it is killed.
 * Says `+ID` when one is committed, `-ID` before one is removed.
 */
import { randomBytes } from 'node:crypto';
import { keyFile, openStore, type TreeEntry } from '../../../../main/backups/index.ts';
import { SiteId, type BackupId } from '../../../../main/words/index.ts';

const folder = process.argv[2] ?? '';
const siteId = SiteId.parse('site_crashing');
const store = await openStore(folder, { clock: Date.now, keeper: keyFile(`${folder}.key`) });
const same = Buffer.alloc(300_000, 'the same in every backup');
const stamp = { mode: 0o644, mtime: '1.0', ctime: '1.0', inode: '1' };

async function* once(bytes: Buffer) {
  yield bytes;
}

const mine: BackupId[] = [];
console.log('ready');
for (;;) {
  const writer = await store.begin({ siteId, siteName: 'Crashing', reason: 'asked' });
  const files: TreeEntry[] = [];
  for (const [index, bytes] of [
    same,
    randomBytes(1_500_000),
    randomBytes(70_000),
    randomBytes(10),
  ].entries()) {
    const { blobs, size } = await writer.put(once(bytes));
    files.push({ kind: 'file', name: `file-${index}`, ...stamp, size, blobs: [...blobs] });
  }
  const below = await writer.putTree(files);
  const root = await writer.putTree([{ kind: 'folder', name: 'folder', ...stamp, tree: below }]);
  const backup = await writer.commit({
    root,
    database: null,
    databaseKind: null,
    files: files.length,
    bytes: 0,
    moved: [],
    unreadable: [],
  });
  console.log(`+${backup.id}`);
  mine.push(backup.id);
  const oldest = mine.length > 2 ? mine.shift() : undefined;
  if (oldest !== undefined) {
    console.log(`-${oldest}`);
    await store.remove(oldest);
    await store.prune({ dryRun: false }, new AbortController().signal, () => {});
  }
}
