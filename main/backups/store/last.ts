import type { SiteId } from '../../words/index.ts';
import type { BlobId } from './keys.ts';
import type { ReadTree } from './mark.ts';
import type { SnapshotRecord, Snapshots } from './snapshots.ts';
import type { LastFolder } from './types.ts';

/** Folders that are read at once. */
const AT_ONCE = 16;

/** What the latest backup of a site that can be read in full knows; nothing where there is none. */
export async function lastFolders(
  parts: {
    readonly snapshots: Snapshots;
    readonly readTree: ReadTree;
    readonly lacks: (ids: readonly BlobId[]) => ReadonlySet<BlobId>;
  },
  siteId: SiteId,
): Promise<Map<string, LastFolder>> {
  let last: SnapshotRecord | null = null;
  for (const id of await parts.snapshots.ids()) {
    const record = await parts.snapshots.read(id).catch(() => null);
    if (record?.backup.siteId !== siteId) continue;
    if (last === null || record.backup.takenAt > last.backup.takenAt) last = record;
  }
  const folders = new Map<string, LastFolder>();
  if (last === null) return folders;
  const waiting: { path: string; tree: BlobId }[] = [{ path: '', tree: last.root }];
  while (waiting.length > 0) {
    const some = waiting.splice(0, AT_ONCE);
    const read = await Promise.all(some.map(({ tree }) => parts.readTree(tree)));
    const lacked = parts.lacks(
      read.flatMap((entries) =>
        (entries ?? []).flatMap((entry) => (entry.kind === 'file' ? entry.blobs : [])),
      ),
    );
    for (const [at, { path, tree }] of some.entries()) {
      const entries = read[at] ?? null;
      // A damaged backup is no base for the next one: what is below there is fetched anew.
      if (entries === null) continue;
      const lost: string[] = [];
      for (const entry of entries) {
        if (entry.kind === 'folder')
          waiting.push({ path: path === '' ? entry.name : `${path}/${entry.name}`, tree: entry.tree });
        if (entry.kind === 'file' && entry.blobs.some((blob) => lacked.has(blob))) lost.push(entry.name);
      }
      folders.set(path, { tree, entries, lost });
    }
  }
  return folders;
}
