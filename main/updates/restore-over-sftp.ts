import { randomBytes } from 'node:crypto';
import {
  flatten,
  inParallel,
  leftOutBy,
  readManifest,
  sameStamp,
  sendOverSftp,
  type ManifestEntry,
  type Store,
  type TreeEntry,
} from '../backups/index.ts';
import type { RemoteFiles } from '../connections/index.ts';
import { joinRemote, type BackupId, type OnProgress } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';
import { entriesOf, type WantedFiles } from './restore-plan.ts';
import type { Restored } from './restore-site.ts';

/** Files that are sent at once. */
const SENT = 16;
/** Names that are put in place at once. */
const RENAMED = 32;

/** Sends what differs, and deletes what is not wanted. @param now what is known of the contents that are there: each as long as size and time are as it says */
export async function restorePathsOverSftp(
  store: Store,
  hands: Hands,
  { backupId, paths, stays = () => false }: WantedFiles,
  now: ReadonlyMap<string, TreeEntry>,
  progress: OnProgress,
): Promise<Restored> {
  const { signal, site } = hands;
  const snapshot = await store.open(backupId);
  const wanted = await entriesOf(snapshot, paths);
  for (const path of [...wanted.keys()]) if (stays(path)) wanted.delete(path);
  return hands.on(async (connection) => {
    const listing = { root: site.root, only: [...paths], scripts: hands.scripts.files, signal };
    // What was left out then, or is now, is no part of what is brought back: it stays as it is.
    const leaveOut = leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null);
    const leftOut = [snapshot.backup.leftOut, leaveOut].flatMap((one) =>
      one === null ? [] : [leftOutBy(one)],
    );
    const live = await readManifest(connection, { ...listing, leaveOut: leaveOut.paths });
    const there = new Map(live.map((entry) => [entry.path, entry]));
    const changed = [...wanted].filter(([path, entry]) => !isThere(entry, there.get(path), now.get(path)));
    const extra = live
      .filter((entry) => entry.path !== '' && !wanted.has(entry.path) && !stays(entry.path))
      .filter((entry) => leftOut.every((one) => one.because(entry) === null))
      .map(({ path }) => path);
    const put = hand(await connection.files(), hands, there);

    for (const [path, entry] of changed)
      if (entry.kind === 'folder') {
        await put.clear(path, 'folder');
        if (there.get(path)?.kind !== 'folder') await put.folder(path);
      }
    const sent = changed.flatMap(([path, entry]) => (entry.kind === 'file' ? [{ path, entry }] : []));
    const total = sent.reduce((sum, { entry }) => sum + entry.size, 0);
    let done = 0;
    const onBytes = (count: number) => {
      done += count;
      progress({ what: 'Send the files', done, total, unit: 'bytes' });
    };
    try {
      await inParallel(sent, SENT, async ({ path, entry }) => {
        signal.throwIfAborted();
        const content = snapshot.read(entry.blobs);
        await put.send(path, { ...entry, mtime: Number(entry.mtime), content }, onBytes);
      });
      let placed = 0;
      await inParallel(sent, RENAMED, async ({ path }) => {
        await put.clear(path, 'file');
        await put.place(path);
        placed += 1;
        progress({ what: 'Put the files in place', done: placed, total: sent.length, unit: 'files' });
      });
    } catch (error) {
      await put.tidy();
      throw error;
    }
    for (const [path, entry] of changed)
      if (entry.kind === 'link') {
        await put.clear(path, 'link');
        await put.link(path, entry.target);
      }
    for (const path of extra.toSorted((a, b) => b.length - a.length)) await put.remove(path);
    // From the deepest up: a folder that may not be written to any more takes no new modes below it.
    for (const [path, entry] of changed.toSorted(([a], [b]) => b.length - a.length))
      if (entry.kind === 'folder') await put.mode(path, entry.mode);
    return { written: changed.length, deleted: extra.length, unchanged: wanted.size - changed.length };
  });
}

/** What is done to single names below a site's root. */
function hand(files: RemoteFiles, { site, signal }: Hands, there: ReadonlyMap<string, ManifestEntry>) {
  // Nobody could ask the web server for a name that nobody can guess.
  const token = randomBytes(12).toString('hex');
  const beside = new Map<string, string>();
  const at = (path: string) => joinRemote(site.root, path);
  const gone = new Set<string>();
  const remove = async (path: string) => {
    if (gone.has(path)) return;
    gone.add(path);
    if (there.get(path)?.kind === 'folder') await files.removeFolder(at(path));
    else await files.remove(at(path));
  };
  return {
    remove,
    /** Takes away what is in the way of a file, folder or link. A file takes another's place by itself. */
    async clear(path: string, wanted: TreeEntry['kind']) {
      const now = there.get(path)?.kind;
      if (now === undefined || now === wanted) {
        if (now === 'link') await files.remove(at(path));
        return;
      }
      const below = [...there.keys()].filter((one) => one.startsWith(`${path}/`));
      for (const one of below.toSorted((a, b) => b.length - a.length)) await remove(one);
      await remove(path);
    },
    folder: (path: string) => files.makeFolder(at(path), 0o700),
    async send(path: string, sending: Parameters<typeof sendOverSftp>[2], onBytes: (count: number) => void) {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      const name = at(`${folder}.groundskeeper-${token}-${beside.size}`);
      beside.set(path, name);
      await sendOverSftp(files, name, sending, signal, onBytes);
    },
    async place(path: string) {
      const from = beside.get(path);
      if (from === undefined) return;
      await files.rename(from, at(path));
      beside.delete(path);
    },
    link: (path: string, target: string) => files.makeLink(target, at(path)),
    mode: (path: string, mode: number) => files.setMode(at(path), mode),
    async tidy() {
      for (const name of beside.values()) if (!files.closed) await files.remove(name).catch(() => {});
    },
  };
}

/** Whether a name is as a backup has it. Contents are told by the backup that was taken just now: it read what has changed. */
export function isThere(
  entry: TreeEntry,
  live: ManifestEntry | undefined,
  now: TreeEntry | undefined,
): boolean {
  if (live === undefined || live.kind !== entry.kind) return false;
  if (entry.kind === 'folder') return live.mode === (entry.mode & 0o7777);
  if (entry.kind === 'link') return live.target === entry.target;
  return (
    now?.kind === 'file' &&
    live.mode === (entry.mode & 0o7777) &&
    sameStamp({ ...now, ctime: '', inode: '' }, { ...live, ctime: '', inode: '' }) &&
    now.blobs.length === entry.blobs.length &&
    now.blobs.every((blob, index) => blob === entry.blobs[index])
  );
}

/** All that a backup holds, by path. */
export async function contentsOf(store: Store, id: BackupId): Promise<Map<string, TreeEntry>> {
  const all = new Map<string, TreeEntry>();
  for await (const { path, entry } of flatten(await store.open(id), '')) all.set(path, entry);
  return all;
}

/**
 * What was there before, but for files that would look the same over SFTP, which tells size and whole seconds, if the other backup's had taken their place:
 * those are sent again in any case.
 */
export async function toldApart(
  store: Store,
  before: BackupId,
  other: BackupId,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const [was, brought] = await Promise.all([contentsOf(store, before), contentsOf(store, other)]);
  for (const [path, now] of brought) {
    const then = was.get(path);
    if (
      then?.kind === 'file' &&
      now.kind === 'file' &&
      then.size === now.size &&
      seconds(then) === seconds(now)
    )
      was.delete(path);
  }
  return was;
}

function seconds({ mtime }: TreeEntry): number {
  return Math.floor(Number(mtime));
}
