/**
 * Takes backups, keeps a copy up to date and moves the store to and fro between two folders, until it is killed.
 * argv: folder. Says `+ID` when a backup is committed.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import Conf from 'conf';
import { folderPlace } from '../../../../main/backups/copies/folder-place.ts';
import { updateCopy } from '../../../../main/backups/copies/update.ts';
import { keyFile, moveStore, openMovableStore, openStoreHome } from '../../../../main/backups/index.ts';
import { confFiles } from '../../../../main/settings/index.ts';
import { SiteId } from '../../../../main/words/index.ts';
import { sourceOf, stamp } from './sample.ts';

const folder = process.argv[2] ?? '';
const never = new AbortController().signal;
const home = openStoreHome(confFiles(Conf, folder)('store'), path.join(folder, 'store'));
const store = await openMovableStore(
  home.folder,
  { clock: Date.now, keeper: keyFile(path.join(folder, 'key')) },
  home.chosen,
);
const copy = folderPlace(path.join(folder, 'copy'), never);
await copy.make();
const quietly = () => {};
console.log('ready');
for (let round = 0; ; round += 1) {
  const writer = await store.begin({
    siteId: SiteId.parse('site_crashing'),
    siteName: 'Crashing',
    reason: 'asked',
  });
  const bytes = randomBytes(200_000);
  const { blobs, size } = await writer.put(
    (async function* () {
      yield bytes;
    })(),
  );
  const root = await writer.putTree([{ kind: 'file', name: 'file', ...stamp, size, blobs: [...blobs] }]);
  const counts = { database: null, databaseKind: null, files: 1, bytes: size, moved: [], unreadable: [] };
  const backup = await writer.commit({ root, ...counts });
  console.log(`+${backup.id}`);
  const source = sourceOf(store);
  await updateCopy(source, copy, {
    signal: never,
    progress: quietly,
    log: quietly,
    letGo: false,
    known: new Map(),
    wasThere: false,
  });
  const to = path.join(folder, home.folder.endsWith('elsewhere') ? 'store' : 'elsewhere');
  await moveStore(store, home, sourceOf(store), {
    to,
    removeOld: round % 2 === 0,
    signal: never,
    progress: quietly,
    log: quietly,
  });
}
