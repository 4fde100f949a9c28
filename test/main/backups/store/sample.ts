import { buffer } from 'node:stream/consumers';
import path from 'node:path';
import {
  keyFile,
  openStore,
  type Backup,
  type KeyKeeper,
  type Store,
  type TreeEntry,
} from '../../../../main/backups/index.ts';
import { SiteId, type BackupId } from '../../../../main/words/index.ts';
import { aTempFolder } from '../../../rig/index.ts';
import { aClock } from '../../samples.ts';

export const stamp = { mode: 0o644, mtime: '1700000000.5', ctime: '1700000000.5', inode: '7' };
export const siteId = SiteId.parse('site_bakery0');

/** A store in a folder of its own, with the few things that tests do to one. */
export async function aStore(given?: { folder?: string; keeper?: KeyKeeper | null }) {
  const temp = aTempFolder('store');
  const folder = given?.folder ?? path.join(temp.path, 'store');
  const keeper = given?.keeper === undefined ? keyFile(path.join(temp.path, 'keys')) : given.keeper;
  const clock = aClock();
  let store: Store = await openStore(folder, { clock, keeper });
  return {
    folder,
    keeper,
    clock,
    get store() {
      return store;
    },
    async reopen(as = keeper) {
      await store.close();
      store = await openStore(folder, { clock, keeper: as });
    },
    /** A backup of files by name, all in one folder. */
    async take(files: Readonly<Record<string, Uint8Array>>): Promise<Backup> {
      clock.forward(1000);
      await using writer = await store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
      const entries: TreeEntry[] = [];
      for (const [name, bytes] of Object.entries(files)) {
        const { blobs, size } = await writer.put(once(bytes));
        entries.push({ kind: 'file', name, ...stamp, size, blobs: [...blobs] });
      }
      const root = await writer.putTree(entries);
      return writer.commit({
        root,
        database: null,
        databaseKind: null,
        files: entries.length,
        bytes: 0,
        moved: [],
        unreadable: [],
      });
    },
    /** What is in a backup, in hex, by name. */
    async contentOf(id: BackupId): Promise<Record<string, string>> {
      const snapshot = await store.open(id);
      const content: Record<string, string> = {};
      for (const entry of await snapshot.tree(snapshot.root))
        if (entry.kind === 'file')
          content[entry.name] = (await buffer(snapshot.read(entry.blobs))).toString('hex');
      return content;
    },
    close() {
      void store.close();
      temp.remove();
    },
    [Symbol.dispose]() {
      void store.close();
      temp.remove();
    },
  };
}

export const inHex = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
  );

async function* once(bytes: Uint8Array) {
  yield Buffer.from(bytes);
}
