import type { SiteId } from '../../words/index.ts';
import type { StoreIndex } from './index-db.ts';
import type { ReadTree } from './mark.ts';
import type { FileEntry } from './tree.ts';

/**
 * What backups of a site that came to no end had stored. It is no part of any backup: a list that a crash or a prune took, or a file of which
 * anything is missing, is passed over.
 * @returns by path, the latest of each
 */
export async function unfinishedFiles(
  { index, readTree }: { readonly index: StoreIndex; readonly readTree: ReadTree },
  siteId: SiteId,
): Promise<Map<string, FileEntry>> {
  const found = new Map<string, FileEntry>();
  for (const list of index.unfinished(siteId)) {
    const entries = index.has(list) ? await readTree(list) : null;
    for (const entry of entries ?? [])
      if (entry.kind === 'file' && entry.blobs.every(index.has)) found.set(entry.name, entry);
  }
  return found;
}
