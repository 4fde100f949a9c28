import { createHash } from 'node:crypto';
import {
  entryAt,
  flatten,
  hashFiles,
  leftOutBy,
  readManifest,
  sendFiles,
  type Sending,
  type Snapshot,
  type Store,
  type TreeEntry,
} from '../backups/index.ts';
import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { joinRemote, Problem, type BackupId, type OnProgress } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';
import type { SiteLock } from './site-lock.ts';

export interface RestoreOptions {
  readonly backupId: BackupId;
  /** Relative to the root; empty: everything. */
  readonly paths: readonly string[];
  readonly progress: OnProgress;
}

export interface Restored {
  readonly written: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/**
 * Brings paths of a site (all of it when none is named) back to what a backup holds: files that differ are
 * sent to a folder beside the site, compared, and renamed into place; what the backup does not know goes.
 * What was left out of the backup stays.
 */
export async function restorePaths(
  services: { readonly store: Store },
  hands: Hands,
  lock: SiteLock,
  options: RestoreOptions,
): Promise<Restored> {
  const { signal, site } = hands;
  const { backupId, paths } = options;
  const snapshot = await services.store.open(backupId);
  const wanted = await entriesOf(snapshot, paths);
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
  const hashes =
    candidates.length === 0
      ? new Map<string, string>()
      : await hands.on((connection) =>
          hashFiles(connection, 'sha256', site.root, paths.length === 0 ? ['.'] : paths, signal),
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
            hashes.get(path) === (await hashOf(snapshot, entry))
    )
      unchanged += 1;
    else changed.push([path, entry]);
  }
  const extra = live
    .filter((entry) => entry.path !== '' && !wanted.has(entry.path))
    .filter((entry) => leftOut.every((one) => one.because(entry) === null))
    .map((entry) => entry.path);

  const staged = joinRemote(lock.runFolder, 'restore');
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, sh`umask 077; rm -rf -- ${staged}; mkdir -p -- ${staged}`), {
      attempted: 'Make room for the restored files',
      signal,
      timeLimit: 60_000,
    }),
  );
  const files = changed.filter(([, entry]) => entry.kind === 'file');
  const sending: Sending[] = files.map(([, entry], index) => ({
    name: String(index),
    kind: 'file',
    size: entry.kind === 'file' ? entry.size : 0,
    mode: entry.mode,
    mtime: Number(entry.mtime),
    content: () => snapshot.read(entry.kind === 'file' ? entry.blobs : []),
  }));
  if (sending.length > 0) {
    await hands.on((connection) =>
      sendFiles(connection, staged, sending, {
        before: lock.fence,
        scripts: hands.scripts.files,
        signal,
        progress: options.progress,
        what: 'Send the files',
      }),
    );
    const sent = await hands.on((connection) => hashFiles(connection, 'sha256', staged, ['.'], signal));
    for (const [index, [path, entry]] of files.entries()) {
      if (sent.get(String(index)) !== (await hashOf(snapshot, entry))) {
        throw new Problem({
          code: 'stage-damaged',
          message: 'What arrived on the server is not what was sent. Nothing was replaced.',
          answered: path,
          todo: 'Try again; the server’s disk may be full or failing.',
        });
      }
    }
  }
  const steps: Script[] = [];
  const root = site.root;
  for (const [path, entry] of changed.filter(([, one]) => one.kind === 'folder')) {
    steps.push(
      sh`{ [ -d ${joinRemote(root, path)} ] && [ ! -L ${joinRemote(root, path)} ]; } || { rm -rf -- ${joinRemote(root, path)}; mkdir -- ${joinRemote(root, path)}; } && chmod ${(entry.mode & 0o777).toString(8)} -- ${joinRemote(root, path)} || exit 1`,
    );
  }
  for (const [index, [path]] of files.entries()) {
    const target = joinRemote(root, path);
    const from = joinRemote(staged, String(index));
    steps.push(
      // Where nothing is staged any more, an earlier try has put it in place, and only its answer was lost.
      sh`[ ! -f ${from} ] || { { [ ! -d ${target} ] || [ -L ${target} ] || rm -rf -- ${target}; } && mv -f -- ${from} ${target}; } || exit 1`,
    );
  }
  for (const [path, entry] of changed) {
    if (entry.kind === 'link')
      steps.push(
        sh`rm -rf -- ${joinRemote(root, path)} && ln -s -- ${entry.target} ${joinRemote(root, path)} || exit 1`,
      );
  }
  for (const path of extra.sort((a, b) => b.length - a.length)) {
    const target = joinRemote(root, path);
    steps.push(
      there.get(path)?.kind === 'folder'
        ? sh`rmdir -- ${target} 2>/dev/null || :`
        : sh`rm -f -- ${target} || exit 1`,
    );
  }
  // A part at a time, so that no command grows without bound.
  for (let at = 0; at < steps.length; at += 500) {
    const part = steps.slice(at, at + 500);
    await hands.on(async (connection) => {
      await lock.takeTurn(connection, signal);
      await runOk(connection, lines(lock.fence, ...part), {
        attempted: 'Put the files in place',
        signal,
        timeLimit: 300_000,
      });
    });
    options.progress({
      what: 'Put the files in place',
      done: Math.min(at + 500, steps.length),
      total: steps.length,
      unit: 'files',
    });
  }
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, sh`rm -rf -- ${staged}`), {
      attempted: 'Tidy up on the server',
      signal,
      timeLimit: 120_000,
    }),
  );
  return { written: changed.length, deleted: extra.length, unchanged };
}

/** What restoring would change that is in the backup: it is backed up before, whatever the site's rules leave out by now. */
export async function restoredBy(
  services: { readonly store: Store },
  { backupId, paths }: Pick<RestoreOptions, 'backupId' | 'paths'>,
): Promise<(path: string) => boolean> {
  const wanted = await entriesOf(await services.store.open(backupId), paths);
  return (path) => wanted.has(path);
}

/** Everything at and below some paths of a backup. A path that the backup does not know is something that has to go. */
export async function entriesOf(
  snapshot: Snapshot,
  paths: readonly string[],
): Promise<Map<string, TreeEntry>> {
  const wanted = new Map<string, TreeEntry>();
  for (const path of paths.length === 0 ? [''] : paths) {
    const entry = path === '' ? null : await entryAt(snapshot, path).catch(() => null);
    if (path !== '' && entry === null) continue;
    if (entry) wanted.set(path, entry);
    if (entry === null || entry.kind === 'folder')
      for await (const { path: below, entry: found } of flatten(snapshot, path)) wanted.set(below, found);
  }
  return wanted;
}

async function hashOf(snapshot: Snapshot, entry: TreeEntry): Promise<string | null> {
  if (entry.kind !== 'file') return null;
  const hash = createHash('sha256');
  for await (const chunk of snapshot.read(entry.blobs)) hash.update(chunk);
  return hash.digest('hex');
}
