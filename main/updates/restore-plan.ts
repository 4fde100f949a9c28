import { createHash } from 'node:crypto';
import {
  entryAt,
  flatten,
  hashFiles,
  leftOutBy,
  readManifest,
  type ManifestEntry,
  type Snapshot,
  type Store,
  type TreeEntry,
} from '../backups/index.ts';
import { isOwnFile, Problem, type BackupId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';

/** What is to be brought to a site. */
export interface WantedFiles {
  readonly backupId: BackupId;
  /** Relative to the root; empty: everything. */
  readonly paths: readonly string[];
  /** What is neither written nor deleted, whatever the backup has there. */
  readonly stays?: (path: string) => boolean;
  /** SHA-256 (hex) of files in the backup that were read already, by path. */
  readonly known?: ReadonlyMap<string, string>;
}

/** What bringing it would change. Nothing was changed yet. */
export interface FileChanges {
  readonly snapshot: Snapshot;
  readonly changed: readonly (readonly [path: string, entry: TreeEntry])[];
  /** On the site and not in the backup: to be deleted. */
  readonly extra: readonly string[];
  readonly unchanged: number;
  readonly there: ReadonlyMap<string, ManifestEntry>;
}

/**
 * Compares what a backup holds with what a site has; what was left out of the backup, or is now, is no part of it. Over SFTP, where reading everything would
 * take as long as bringing it, what has the same size and time counts as the same: the restore itself knows better, by the backup that it takes first.
 */
export async function fileChanges(
  services: { readonly store: Store },
  hands: Hands,
  { backupId, paths, stays = () => false, known = new Map() }: WantedFiles,
): Promise<FileChanges> {
  const { signal, site } = hands;
  const snapshot = await services.store.open(backupId);
  const wanted = await entriesOf(snapshot, paths);
  for (const path of [...wanted.keys()]) if (stays(path)) wanted.delete(path);
  // What was left out then, or is now, is no part of what is brought back: it stays as it is.
  const leaveOut = leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null);
  const leftOut = [snapshot.backup.leftOut, leaveOut]
    .filter((one) => one !== null)
    .map((one) => leftOutBy(one));
  const live = await hands.on((connection) =>
    readManifest(connection, {
      root: site.root,
      only: [...paths],
      leaveOut: leaveOut.paths,
      scripts: hands.scripts.files,
      signal,
    }),
  );
  const there = new Map(live.map((entry) => [entry.path, entry]));

  // Only what differs is sent; equal sizes are told apart by their hashes.
  const candidates = [...wanted].flatMap(([path, entry]) =>
    entry.kind === 'file' && there.get(path)?.kind === 'file' && there.get(path)?.size === entry.size
      ? [path]
      : [],
  );
  const bySight = site.connection.kind === 'sftp';
  const hashes =
    candidates.length === 0 || bySight
      ? new Map<string, string>()
      : await hands.on((connection) =>
          hashFiles(connection, 'sha256', site.root, paths.length === 0 ? ['.'] : paths, {
            scripts: hands.scripts.files,
            signal,
          }),
        );
  const changed: (readonly [string, TreeEntry])[] = [];
  let unchanged = 0;
  for (const [path, entry] of wanted) {
    const now = there.get(path);
    if (
      entry.kind === 'folder'
        ? now?.kind === 'folder'
        : entry.kind === 'link'
          ? now?.kind === 'link' && now.target === entry.target
          : now?.kind === 'file' &&
            now.size === entry.size &&
            (bySight
              ? Math.floor(Number(now.mtime)) === Math.floor(Number(entry.mtime))
              : hashes.get(path) === (known.get(path) ?? (await hashOf(snapshot, entry))))
    )
      unchanged += 1;
    else changed.push([path, entry]);
  }
  const extra = live
    .filter((entry) => entry.path !== '' && !wanted.has(entry.path) && !stays(entry.path))
    .filter((entry) => leftOut.every((one) => one.because(entry) === null))
    .map((entry) => entry.path);

  return { snapshot, changed, extra, unchanged, there };
}

/** What restoring would change that is in the backup: it is backed up before, whatever the site's rules leave out by now. */
export async function restoredBy(
  services: { readonly store: Store },
  { backupId, paths, stays = () => false }: WantedFiles,
): Promise<(path: string) => boolean> {
  const wanted = await entriesOf(await services.store.open(backupId), paths);
  return (path) => wanted.has(path) && !stays(path);
}

/** Everything at and below some paths of a backup. A path that the backup does not know is something that has to go. @throws Problem `store-damaged` */
export async function entriesOf(
  snapshot: Snapshot,
  paths: readonly string[],
): Promise<Map<string, TreeEntry>> {
  const wanted = new Map<string, TreeEntry>();
  for (const path of paths.length === 0 ? [''] : paths) {
    const entry = path === '' ? null : await entryAt(snapshot, path).catch(nullWhereNotThere);
    if (path !== '' && entry === null) continue;
    if (entry) wanted.set(path, entry);
    if (entry === null || entry.kind === 'folder')
      for await (const { path: below, entry: found } of flatten(snapshot, path)) wanted.set(below, found);
  }
  // Backups of earlier versions may hold them.
  for (const path of [...wanted.keys()]) if (isOwnFile(path)) wanted.delete(path);
  return wanted;
}

/** A path that a backup does not hold is none; one that it cannot say of, because it is damaged, is another matter. */
function nullWhereNotThere(error: unknown): null {
  if (error instanceof Problem && error.code === 'no-such-path') return null;
  throw error;
}

/** SHA-256 of a file's content in hex; null: it is no file. */
export async function hashOf(snapshot: Pick<Snapshot, 'read'>, entry: TreeEntry): Promise<string | null> {
  if (entry.kind !== 'file') return null;
  const hash = createHash('sha256');
  for await (const chunk of snapshot.read(entry.blobs)) hash.update(chunk);
  return hash.digest('hex');
}
