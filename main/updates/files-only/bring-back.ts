import {
  inParallel,
  leftOutBy,
  readManifest,
  type ManifestEntry,
  type TreeEntry,
} from '../../backups/index.ts';
import type { RemoteFiles } from '../../connections/index.ts';
import { joinRemote, parentOf, type BackupId, type OnProgress, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { compareInPlace } from '../in-place.ts';
import { leaveOutOf } from '../leave-out.ts';
import { pathsOf } from '../old-version.ts';
import type { SwapItem } from '../remote.ts';
import { entriesOf } from '../restore-plan.ts';
import { isThere, restorePathsOverSftp } from '../restore-over-sftp.ts';
import type { BringingBack } from '../rollback-held.ts';
import type { RollbackServices } from '../services.ts';
import { makeFolders, withFiles } from './over-sftp.ts';
import { copyFile, copyOnServer } from './stage.ts';

/** Files that are copied at once. */
const COPIED = 16;

/** A rollback as renames: how it goes, and how it is taken back itself. Both are for `swapBack`, so each may be done again at any point. */
export interface BackAndForth {
  readonly forward: readonly SwapItem[];
  readonly back: readonly SwapItem[];
}

export interface LayingOld {
  /** The run's folder on the site. */
  readonly runFolder: RemotePath;
  /** The backup of the site as it is; null: there is none. */
  readonly before: BackupId | null;
  readonly progress: OnProgress;
}

/**
 * Lays an old version ready beside what is live: the trees that were kept, or else what the backup holds, each file compared with it.
 * Nothing on the site changes yet.
 */
export async function layOld(
  { store }: Pick<RollbackServices, 'store'>,
  hands: Hands,
  what: BringingBack,
  { runFolder, before, progress }: LayingOld,
): Promise<BackAndForth> {
  const { site } = hands;
  const items = what.parts.flatMap((part) => part.items);
  const staged = joinRemote(runFolder, 'staged');
  for (const name of ['staged', 'old', 'new'])
    await withFiles(hands, (files) => makeFolders(files, joinRemote(runFolder, name), 0o700));
  if (!what.isKept) {
    const paths = pathsOf(site, what.parts);
    await stageFromBackup({ store }, hands, staged, { ...what, paths, before, progress });
  }
  const forward: SwapItem[] = [];
  const back: SwapItem[] = [];
  for (const [index, item] of items.entries()) {
    const ready = what.isKept ? item.old : joinRemote(staged, item.live.slice(site.root.length + 1));
    const own: Place = {
      live: item.live,
      ready,
      saved: joinRemote(runFolder, 'old', String(index)),
      away: joinRemote(runFolder, 'new', String(index)),
      copy: joinRemote(runFolder, 'old', `copy-${index}`),
    };
    const wasNone = what.isKept && item.inode === null;
    const ways = await withFiles(hands, (files) => bothWays(files, own, wasNone, hands.signal));
    if (ways === null) continue;
    forward.unshift(ways.forward);
    back.push(ways.back);
  }
  return { forward, back };
}

interface Place {
  readonly live: RemotePath;
  /** Where the old one lies. */
  readonly ready: RemotePath;
  /** Where what is live goes meanwhile. */
  readonly saved: RemotePath;
  readonly away: RemotePath;
  /** For a second one of a single file, so that what was kept stays where it is. */
  readonly copy: RemotePath;
}

/** @param wasNone whether there was nothing before the update. @returns null where there is nothing to do */
async function bothWays(
  files: RemoteFiles,
  { live, ready, saved, away, copy }: Place,
  wasNone: boolean,
  signal: AbortSignal,
): Promise<{ forward: SwapItem; back: SwapItem } | null> {
  const now = await files.lstat(live);
  const then = wasNone ? null : await files.lstat(ready);
  const nowhere = joinRemote(parentOf(away), 'nothing');
  if (then === null) {
    if (now === null) return null;
    return {
      forward: { kind: 'file', live, staged: nowhere, old: nowhere, discarded: saved, inode: null },
      back: { kind: 'file', live, staged: null, old: saved, discarded: away, inode: 'there' },
    };
  }
  if (then.kind === 'file' && now?.kind === 'file') {
    // Over a connection that was lost it is done again.
    for (const name of [copy, saved]) await files.remove(name);
    await copyFile(files, ready, copy, then, signal);
    await copyFile(files, live, saved, now, signal);
    return {
      forward: { kind: 'file', live, staged: copy, old: copy, discarded: away, inode: 'there' },
      back: { kind: 'file', live, staged: copy, old: saved, discarded: away, inode: 'there' },
    };
  }
  // `swapBack` moves what is live away and what is laid aside in, so what is laid ready is its “old”.
  return {
    forward: { kind: 'folder', live, staged: live, old: ready, discarded: saved, inode: 'there' },
    back: {
      ...{ kind: 'folder', live, staged: ready, old: saved, discarded: ready },
      inode: now === null ? null : 'there',
    },
  };
}

/** The same hands for a tree of the same shape elsewhere on the site's server. */
function handsAt(hands: Hands, root: RemotePath): Hands {
  return { ...hands, site: { ...hands.site, root } };
}

interface FromBackup extends Pick<BringingBack, 'backupId' | 'old'>, Omit<LayingOld, 'runFolder'> {
  readonly paths: readonly string[];
}

/**
 * Builds paths as a backup has them: what lies on the site just so is copied on the server where that can copy, the rest is sent. What was
 * left out of the backup is no part of what is brought back: it comes along as it is.
 */
async function stageFromBackup(
  { store }: Pick<RollbackServices, 'store'>,
  hands: Hands,
  staged: RemotePath,
  { backupId, before, paths, old, progress }: FromBackup,
): Promise<void> {
  const { site, signal } = hands;
  const snapshot = await store.open(backupId);
  const wanted = await entriesOf(snapshot, paths);
  const leaveOut = leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null);
  const leftOut = [snapshot.backup.leftOut, leaveOut].flatMap((one) =>
    one === null ? [] : [leftOutBy(one)],
  );
  const now = new Map<string, TreeEntry>();
  if (before !== null)
    for (const path of paths)
      for (const [at, entry] of await entriesOf(await store.open(before), [path])) now.set(at, entry);
  await hands.on(async (connection) => {
    const files = await connection.files();
    const live = await readManifest(connection, {
      ...{ root: site.root, only: [...paths], leaveOut: [], scripts: hands.scripts.files, signal },
    });
    const there = new Map(live.map((entry) => [entry.path, entry]));
    const same = [...wanted].flatMap(([path, entry]): ManifestEntry[] => {
      const found = there.get(path);
      return found?.kind === 'file' && isThere(entry, found, now.get(path)) ? [found] : [];
    });
    const stays = live.filter(
      (entry) =>
        entry.path !== '' &&
        entry.kind !== 'folder' &&
        !wanted.has(entry.path) &&
        leftOut.some((one) => one.because(entry) !== null),
    );
    for (const path of paths) await makeFolders(files, parentOf(joinRemote(staged, path)), 0o700);
    const folders = new Set([...same, ...stays].map(({ path }) => parentOf(joinRemote(staged, path))));
    for (const folder of folders) await makeFolders(files, folder, 0o700);
    let copies = true;
    await inParallel([...same, ...stays], COPIED, async (entry) => {
      signal.throwIfAborted();
      const [from, to] = [joinRemote(site.root, entry.path), joinRemote(staged, entry.path)];
      // Over a connection that was lost it is done again.
      await files.remove(to);
      const stat = { size: entry.size, mode: entry.mode, mtime: Math.floor(Number(entry.mtime)) };
      if (entry.kind === 'link') await files.makeLink(entry.target, to);
      else if (!wanted.has(entry.path)) await copyFile(files, from, to, stat, signal);
      else if (copies) copies = await copyOnServer(files, from, to, stat);
    });
  });
  const beside = handsAt(hands, staged);
  await restorePathsOverSftp(store, beside, { backupId, paths }, now, progress);
  await compareInPlace(beside, old.files);
}
