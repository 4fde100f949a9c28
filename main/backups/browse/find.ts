import { z } from 'zod';
import { BackupId, SiteId } from '../../words/index.ts';
import type { BlobId } from '../store/keys.ts';
import type { TreeEntry } from '../store/tree.ts';
import type { Snapshot, Store } from '../store/types.ts';

/** One version of a file, in the newest backup that has it. */
export const FoundFile = z.object({
  backupId: BackupId,
  siteId: SiteId,
  siteName: z.string(),
  takenAt: z.number(),
  path: z.string(),
  size: z.number(),
  /** How many backups have just this version. */
  backups: z.number().int(),
});
export type FoundFile = z.infer<typeof FoundFile>;

/** Most versions that are found. */
const MOST = 5000;

/**
 * Files and links whose path matches a glob (`*`, `**`, `?`), each version once, newest first. A glob without `/` is matched
 * against names. A folder that many backups share is read once.
 * @param siteId null: over the backups of all sites
 */
export async function findFiles(
  store: Pick<Store, 'list' | 'open'>,
  { siteId, glob }: { readonly siteId: SiteId | null; readonly glob: string },
  signal: AbortSignal,
): Promise<FoundFile[]> {
  const pattern = globPattern(glob);
  const wholePath = glob.includes('/');
  const found = new Map<string, FoundFile>();
  /** The versions at and below a folder, by where it lies and what it is. */
  const known = new Map<string, readonly Version[]>();

  const below = async (snapshot: Snapshot, folder: string, tree: BlobId): Promise<readonly Version[]> => {
    const key = `${folder}\0${tree}`;
    const before = known.get(key);
    if (before) return before;
    signal.throwIfAborted();
    const versions: Version[] = [];
    for (const entry of await snapshot.tree(tree)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.kind === 'folder') versions.push(...(await below(snapshot, path, entry.tree)));
      else if (pattern.test(wholePath ? path : entry.name))
        versions.push({ path, content: contentOf(entry), size: entry.kind === 'file' ? entry.size : 0 });
    }
    known.set(key, versions);
    return versions;
  };

  for (const backup of await store.list(siteId ?? undefined)) {
    const snapshot = await store.open(backup.id);
    for (const { path, content, size } of await below(snapshot, '', snapshot.root)) {
      const key = `${backup.siteId}\0${path}\0${content}`;
      const before = found.get(key);
      if (before) found.set(key, { ...before, backups: before.backups + 1 });
      else if (found.size < MOST)
        found.set(key, {
          backupId: backup.id,
          siteId: backup.siteId,
          siteName: backup.siteName,
          takenAt: backup.takenAt,
          path,
          size,
          backups: 1,
        });
    }
  }
  return [...found.values()];
}

interface Version {
  readonly path: string;
  readonly content: string;
  readonly size: number;
}

function contentOf(entry: Exclude<TreeEntry, { kind: 'folder' }>): string {
  return entry.kind === 'file' ? entry.blobs.join() : `-> ${entry.target}`;
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(
    /\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g,
    (token) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[token] ?? `\\${token}`,
  );
  return new RegExp(`^${source}$`, 'is');
}
