import type { RemoteFiles } from '../../connections/index.ts';
import { Problem, remotePath, type RemotePath } from '../../words/index.ts';
import type { SwapItem } from '../remote.ts';
import { removeTree } from './over-sftp.ts';

/**
 * Swaps items in by renaming, in order. Of a folder both renames are on their way at once, where the server knows the rename that can
 * only fail as a whole, so that it is gone for as long as the server takes from the one to the other.
 */
export async function swapIn(files: RemoteFiles, items: readonly SwapItem[]): Promise<void> {
  for (const { kind, live, staged, old, inode } of items) {
    if (staged === null) await files.rename(live, old);
    else if (inode === null || kind === 'file') await files.rename(staged, live);
    else await both(files, [live, old], [staged, live]);
  }
}

/**
 * Brings items back, the last first. What has become of each is told by where things lie, so that this may be done again at any point of
 * a swap or of itself: what is `old` lies aside only while, or just before, something else is in its place.
 */
export async function swapBack(files: RemoteFiles, items: readonly SwapItem[]): Promise<void> {
  for (const item of [...items].reverse()) await bringBack(files, item);
}

async function bringBack(files: RemoteFiles, item: SwapItem): Promise<void> {
  const { kind, live, staged, old, inode } = item;
  if (inode === null) {
    // Added: it is there when it is not where it was laid ready.
    if (staged === null || (await files.lstat(staged)) !== null || (await files.lstat(live)) === null) return;
    await files.rename(live, await freeName(files, item.discarded));
    return;
  }
  if ((await files.lstat(old)) === null) {
    await refuseLost(files, item);
    return;
  }
  if (kind === 'file' || staged === null) {
    await files.rename(old, live);
    return;
  }
  if ((await files.lstat(live)) === null) await files.rename(old, live);
  else await both(files, [live, await freeName(files, item.discarded)], [old, live]);
}

/**
 * What is not laid aside was not swapped yet, or is back already: then the new one is where it was laid ready, or where it was put away. Of a
 * single file neither can be told.
 * @throws Problem `old-gone`
 */
async function refuseLost(files: RemoteFiles, { kind, live, staged, discarded }: SwapItem): Promise<void> {
  const isThere = async (path: RemotePath) => (await files.lstat(path)) !== null;
  const found =
    staged === null
      ? await isThere(live)
      : kind === 'file' || (await isThere(staged)) || (await isThere(discarded));
  if (found) return;
  throw new Problem({
    code: 'old-gone',
    message: 'The old version that was laid aside is not there any more.',
    attempted: 'Bring the old version back',
    answered: live,
    todo: 'Have it brought back from its backup: `groundskeeper rollback SITE --force`.',
  });
}

/** Two renames of which the second only goes when the first has. */
async function both(
  files: RemoteFiles,
  first: readonly [RemotePath, RemotePath],
  second: readonly [RemotePath, RemotePath],
): Promise<void> {
  if (!files.renamesOver) {
    await files.rename(...first);
    await files.rename(...second);
    return;
  }
  const ended = await Promise.allSettled([files.rename(...first), files.rename(...second)]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function freeName(files: RemoteFiles, wished: RemotePath): Promise<RemotePath> {
  for (let count = 0; ; count += 1) {
    const name = count === 0 ? wished : remotePath(`${wished}.${count}`);
    if ((await files.lstat(name)) === null) return name;
  }
}

/** Whether every old tree of some items is still there. */
export async function allKept(files: RemoteFiles, items: readonly SwapItem[]): Promise<boolean> {
  const needed = items.filter(({ inode }) => inode !== null);
  const there = await Promise.all(needed.map(({ old }) => files.lstat(old)));
  return there.every((stat) => stat !== null);
}

/** Removes what a run laid on the site and does not keep. */
export async function removeAll(files: RemoteFiles, places: readonly RemotePath[]): Promise<void> {
  for (const place of places) await removeTree(files, place);
}
