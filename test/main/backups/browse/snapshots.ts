import path from 'node:path';
import {
  keyFile,
  openStoreInThread,
  type Backup,
  type Snapshot,
  type Store,
  type StoredDatabase,
  type TreeEntry,
} from '../../../../main/backups/index.ts';
import { SiteId } from '../../../../main/words/index.ts';
import { aTempFolder } from '../../../rig/index.ts';
import { aClock } from '../../samples.ts';

/** A file, a link or a folder of a site, as a test writes it down. */
export type Node =
  | string
  | Buffer
  | { readonly link: string }
  | { readonly file: string | Buffer; readonly mode?: number; readonly mtime?: string }
  | { readonly in: Folder; readonly mode?: number };
export interface Folder {
  readonly [name: string]: Node;
}

export const bakery = SiteId.parse('site_bakery0');

/** A real store in a folder of its own, and backups in it of whatever a test writes down. */
export interface Shelf extends AsyncDisposable {
  readonly store: Store;
  readonly folder: string;
  take(root: Folder, about?: Partial<TakeAbout>): Promise<Snapshot>;
}

interface TakeAbout {
  readonly siteId: SiteId;
  readonly unreadable: string[];
  readonly database: { readonly sql: string; readonly tables: StoredDatabase['tables'] } | null;
}

export async function aShelf(): Promise<Shelf> {
  const temp = aTempFolder('shelf');
  const clock = aClock();
  const store = await openStoreInThread(path.join(temp.path, 'store'), {
    clock,
    keeper: keyFile(path.join(temp.path, 'keys')),
  });
  return {
    store,
    folder: temp.path,
    async take(root, { siteId = bakery, unreadable = [], database = null } = {}) {
      clock.forward(60_000);
      await using writer = await store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
      let files = 0;
      const put = async (folder: Folder) => {
        const entries: TreeEntry[] = [];
        for (const [name, node] of Object.entries(folder)) {
          const stamp = { name, mtime: '1700000000.5', ctime: '1700000000.5', inode: '7' };
          if (typeof node !== 'string' && 'link' in node) {
            entries.push({ kind: 'link', ...stamp, mode: 0o777, target: node.link });
          } else if (typeof node !== 'string' && 'in' in node) {
            entries.push({ kind: 'folder', ...stamp, mode: node.mode ?? 0o755, tree: await put(node.in) });
          } else {
            const plain = typeof node === 'string' || Buffer.isBuffer(node) ? { file: node } : node;
            const { blobs, size } = await writer.put(once(Buffer.from(plain.file)));
            files += 1;
            entries.push({
              kind: 'file',
              ...stamp,
              mtime: plain.mtime ?? stamp.mtime,
              mode: plain.mode ?? 0o644,
              size,
              blobs: [...blobs],
            });
          }
        }
        return writer.putTree(entries);
      };
      const dump = database === null ? null : await writer.put(once(Buffer.from(database.sql)));
      const backup: Backup = await writer.commit({
        root: await put(root),
        database:
          dump === null || database === null
            ? null
            : { kind: 'mysql', blobs: [...dump.blobs], size: dump.size, tables: database.tables },
        databaseKind: dump === null ? null : 'mariadb',
        files,
        bytes: 0,
        moved: [],
        unreadable,
      });
      return store.open(backup.id);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      temp.remove();
    },
  };
}

async function* once(bytes: Buffer) {
  if (bytes.length > 0) yield bytes;
}
