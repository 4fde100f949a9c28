import { z } from 'zod';
import { BackupId, Problem, type SiteId } from '../../words/index.ts';
import { coverOf, sameContent } from './compare.ts';
import type { Snapshot, Store } from '../store/types.ts';
import type { TreeEntry } from '../store/tree.ts';

/** What was at a path from one backup on. */
export const FileVersion = z.object({
  /** The first backup that has it so, and the last before it became something else. */
  backupId: BackupId,
  takenAt: z.number(),
  lastBackupId: BackupId,
  lastTakenAt: z.number(),
  /** `gone`: it was there before, and is not in these backups. */
  kind: z.enum(['file', 'folder', 'link', 'gone']),
  size: z.number(),
  modifiedAt: z.number().nullable(),
  mode: z.number().int().nullable(),
  target: z.string().nullable(),
  /** The first backup of an earlier version with the same content: it came back. */
  sameAs: BackupId.nullable(),
});
export type FileVersion = z.infer<typeof FileVersion>;

export const FileHistory = z.object({
  /** Newest first. */
  versions: z.array(FileVersion),
  /** Backups that could not read it, or cannot be read themselves: nothing is known of it in these. */
  unread: z.array(BackupId),
});
export type FileHistory = z.infer<typeof FileHistory>;

/**
 * Every version of one file over all backups of a site. Only content counts: another mode or time is no version.
 * @throws Problem `no-such-path` when no backup has it
 */
export async function fileHistory(store: Store, siteId: SiteId, path: string): Promise<FileHistory> {
  const find = finder(path);
  const unread: BackupId[] = [];
  const versions: { told: FileVersion; entry: TreeEntry | null; snapshot: Snapshot }[] = [];
  for (const backup of (await store.list(siteId)).reverse()) {
    let snapshot: Snapshot;
    let entry: TreeEntry | null;
    try {
      snapshot = await store.open(backup.id);
      entry = await find(snapshot);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'store-damaged') throw error;
      unread.push(backup.id);
      continue;
    }
    if (entry === null && coverOf(backup.unreadable)(path)) {
      unread.push(backup.id);
      continue;
    }
    const last = versions.at(-1);
    if (!last && entry === null) continue;
    if (last && (await sameThing(last, { entry, snapshot }))) {
      last.told = { ...last.told, lastBackupId: backup.id, lastTakenAt: backup.takenAt };
      continue;
    }
    const earlier = entry === null ? undefined : versions.find((one) => sameBlobs(one.entry, entry));
    versions.push({
      entry,
      snapshot,
      told: {
        backupId: backup.id,
        takenAt: backup.takenAt,
        lastBackupId: backup.id,
        lastTakenAt: backup.takenAt,
        kind: entry?.kind ?? 'gone',
        size: entry?.kind === 'file' ? entry.size : 0,
        modifiedAt: entry === null ? null : Math.round(Number(entry.mtime) * 1000),
        mode: entry?.mode ?? null,
        target: entry?.kind === 'link' ? entry.target : null,
        sameAs: earlier?.told.backupId ?? null,
      },
    });
  }
  if (versions.length === 0) {
    throw new Problem({
      code: 'no-such-path',
      message: `There is no “${path}” in any backup of this site.`,
      todo: '`backups find` looks for a name in all of them.',
    });
  }
  return { versions: versions.map(({ told }) => told).reverse(), unread };
}

/** Finds the path in one snapshot after the other; a folder that did not change is read once for all of them. */
function finder(path: string): (snapshot: Snapshot) => Promise<TreeEntry | null> {
  const parts = path.split('/').filter((part) => part !== '');
  const known = new Map<string, TreeEntry | null>();
  return async (snapshot) => {
    let id = snapshot.root;
    let entry: TreeEntry | null = null;
    for (const [depth, part] of parts.entries()) {
      const key = `${depth} ${id}`;
      entry = known.get(key) ?? null;
      if (!known.has(key)) {
        entry = (await snapshot.tree(id)).find(({ name }) => name === part) ?? null;
        known.set(key, entry);
      }
      if (depth === parts.length - 1) return entry;
      if (entry?.kind !== 'folder') return null;
      id = entry.tree;
    }
    return entry;
  };
}

interface Found {
  readonly entry: TreeEntry | null;
  readonly snapshot: Snapshot;
}

async function sameThing(a: Found, b: Found): Promise<boolean> {
  if (a.entry === null || b.entry === null) return a.entry === b.entry;
  if (a.entry.kind === 'folder' && b.entry.kind === 'folder') return true;
  if (a.entry.kind === 'file' && b.entry.kind === 'file')
    return sameContent([a.snapshot, a.entry], [b.snapshot, b.entry]);
  return sameBlobs(a.entry, b.entry);
}

function sameBlobs(a: TreeEntry | null, b: TreeEntry): boolean {
  if (a?.kind === 'link' && b.kind === 'link') return a.target === b.target;
  return a?.kind === 'file' && b.kind === 'file' && a.blobs.join() === b.blobs.join();
}
