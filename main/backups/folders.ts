import { sameStamp, type ManifestEntry } from './pull/manifest.ts';
import type { BlobId } from './store/keys.ts';
import type { FileEntry, TreeEntry } from './store/tree.ts';
import type { LastFolder, SnapshotWriter } from './store/types.ts';

/** The contents of those files that are as the last backup has them, by path. */
export function filesAsBefore(
  last: ReadonlyMap<string, LastFolder>,
  files: readonly ManifestEntry[],
): Map<string, readonly BlobId[]> {
  const stored = new Map<string, readonly BlobId[]>();
  for (const [folder, inIt] of Map.groupBy(files, folderOf)) {
    const before = last.get(folder);
    if (before === undefined) continue;
    const lost = new Set(before.lost);
    const known = new Map(before.entries.map((entry) => [entry.name, entry]));
    for (const file of inIt) {
      const same = known.get(nameOf(file));
      if (same?.kind === 'file' && !lost.has(same.name) && sameStamp(same, file))
        stored.set(file.path, same.blobs);
    }
  }
  return stored;
}

/** The contents of those files that a backup which came to no end had stored, and that are still as they were then. */
export function filesAsStored(
  unfinished: ReadonlyMap<string, FileEntry>,
  files: readonly ManifestEntry[],
): Map<string, readonly BlobId[]> {
  return new Map(
    files.flatMap((file) => {
      const same = unfinished.get(file.path);
      return same !== undefined && sameStamp(same, file) ? [[file.path, same.blobs] as const] : [];
    }),
  );
}

/**
 * Stores the folders, from the leaves up. One that is as the last backup has it, with all that is below it, costs
 * nothing.
 * @param entries all there is, the root among it; files that are not in `stored` are left out
 * @returns the root
 */
export async function writeFolders(
  writer: Pick<SnapshotWriter, 'putTree'>,
  entries: readonly ManifestEntry[],
  stored: ReadonlyMap<string, readonly BlobId[]>,
  last: ReadonlyMap<string, LastFolder>,
): Promise<BlobId> {
  const children = Map.groupBy(
    entries.filter((entry) => entry.path !== ''),
    folderOf,
  );
  const write = async (folder: string): Promise<BlobId> => {
    const list: TreeEntry[] = [];
    for (const entry of children.get(folder) ?? []) {
      const { mode, mtime, ctime, inode } = entry;
      const shared = { name: nameOf(entry), mode, mtime, ctime, inode };
      if (entry.kind === 'folder') list.push({ kind: 'folder', ...shared, tree: await write(entry.path) });
      else if (entry.kind === 'link') list.push({ kind: 'link', ...shared, target: entry.target });
      else {
        const blobs = stored.get(entry.path);
        if (blobs) list.push({ kind: 'file', ...shared, size: entry.size, blobs: [...blobs] });
      }
    }
    const before = last.get(folder);
    return before && sameFolder(before.entries, list) ? before.tree : writer.putTree(list);
  };
  return write('');
}

function sameFolder(before: readonly TreeEntry[], now: readonly TreeEntry[]): boolean {
  if (before.length !== now.length) return false;
  const known = new Map(before.map((entry) => [entry.name, entry]));
  return now.every((entry) => {
    const same = known.get(entry.name);
    return same !== undefined && sameEntry(same, entry);
  });
}

function sameEntry(a: TreeEntry, b: TreeEntry): boolean {
  if (a.mode !== b.mode || a.mtime !== b.mtime || a.ctime !== b.ctime || a.inode !== b.inode) return false;
  if (a.kind === 'folder') return b.kind === 'folder' && a.tree === b.tree;
  if (a.kind === 'link') return b.kind === 'link' && a.target === b.target;
  return (
    b.kind === 'file' &&
    a.size === b.size &&
    a.blobs.length === b.blobs.length &&
    a.blobs.every((blob, at) => blob === b.blobs[at])
  );
}

function folderOf(entry: ManifestEntry): string {
  const cut = entry.path.lastIndexOf('/');
  return cut < 0 ? '' : entry.path.slice(0, cut);
}

function nameOf(entry: ManifestEntry): string {
  return entry.path.slice(entry.path.lastIndexOf('/') + 1);
}
