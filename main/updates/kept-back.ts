import { lines, runOk, sh } from '../connections/index.ts';
import { joinRemote, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { inodesOf, type SwapItem } from './remote.ts';
import type { SiteLock } from './site-lock.ts';

/** A rollback through trees that were kept: how it goes, and how it is taken back itself. Both are undo scripts, so each may be run again. */
export interface KeptBack {
  readonly forward: readonly SwapItem[];
  readonly back: readonly SwapItem[];
}

/**
 * Gets ready to bring kept trees back. Folders are known by their inodes, and only change places; of single files there is a second
 * name, so that neither the old nor the new one is lost by whichever is renamed over the other. Nothing on the site changes yet.
 */
export async function prepareKept(
  hands: Hands,
  lock: SiteLock,
  items: readonly SwapItem[],
): Promise<KeptBack> {
  const at = (folder: string, index?: number): RemotePath =>
    joinRemote(lock.runFolder, folder, ...(index === undefined ? [] : [String(index)]));
  const now = await hands.on((connection) =>
    inodesOf(
      connection,
      items.map((item) => item.live),
      hands.signal,
    ),
  );
  const forward: SwapItem[] = [];
  const back: SwapItem[] = [];
  const names = [sh`umask 077; mkdir -p -- ${[at('old'), at('staged'), at('new')]} || exit 1`];
  const secondName = (from: RemotePath, to: RemotePath) =>
    names.push(
      sh`[ -e ${to} ] || [ ! -e ${from} ] || ln -- ${from} ${to} 2>/dev/null || { cp -p -- ${from} ${to}.part && mv -f -- ${to}.part ${to}; } || exit 1`,
    );
  for (const [index, item] of items.entries()) {
    const [saved, again, away] = [at('old', index), at('staged', index), at('new', index)];
    const { live } = item;
    const inode = now[index] ?? null;
    if (item.inode === null) {
      if (item.staged === null) continue;
      forward.push({ ...item, discarded: saved });
      back.push({ kind: 'file', live, staged: again, old: saved, discarded: away, inode: 'there' });
    } else if (item.kind === 'folder' && item.staged !== null) {
      forward.push({ ...item, discarded: saved });
      back.push({ kind: 'folder', live, staged: item.old, old: saved, discarded: item.old, inode });
    } else {
      secondName(item.old, again);
      if (inode !== null) secondName(live, saved);
      forward.push({ ...item, kind: 'file', staged: again, old: again });
      back.push({ kind: 'file', live, staged: again, old: saved, discarded: away, inode });
    }
  }
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, ...names), {
      attempted: 'Get the old version ready',
      signal: hands.signal,
      timeLimit: 60_000,
    }),
  );
  return { forward, back };
}
