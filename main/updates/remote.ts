import { lines, runOk, scriptFile, sh, type Connection, type Script } from '../connections/index.ts';
import { joinRemote, type RemotePath } from '../words/index.ts';

/** Scripts of `resources/updates`, as text. */
export interface UpdateScripts {
  readonly swap: string;
  readonly look: string;
  readonly turn: string;
  readonly detach: string;
  readonly watchdog: string;
  readonly lint: string;
}

/** One thing that an update replaces, adds or deletes. Paths are whole. */
export interface SwapItem {
  readonly kind: 'folder' | 'file';
  readonly live: RemotePath;
  /** null: the release deletes it. */
  readonly staged: RemotePath | null;
  readonly old: RemotePath;
  /** Where the new one goes when it is taken back. */
  readonly discarded: RemotePath;
  /** The inode of what is live before; null: nothing is. */
  readonly inode: string | null;
}

/** Swaps all items in, in order. */
export function swapScript(scripts: UpdateScripts, items: readonly SwapItem[]): Script {
  const calls = items.map((item) => {
    if (item.staged === null) return sh`drop_file ${item.live} ${item.old} || exit 1`;
    return item.kind === 'folder'
      ? sh`swap_folder ${item.live} ${item.staged} ${item.old} || exit 1`
      : sh`swap_file ${item.live} ${item.staged} ${item.old} || exit 1`;
  });
  return lines(scriptFile(scripts.swap, {}), ...calls);
}

/** Brings all items back, last first; may be run again, and at any point of a swap. */
export function undoScript(scripts: UpdateScripts, items: readonly SwapItem[]): Script {
  const calls = [...items].reverse().map((item) => {
    if (item.inode === null)
      return item.staged === null ? sh`:` : sh`undo_added ${item.live} ${item.discarded} || failed=1`;
    if (item.kind === 'folder' && item.staged !== null)
      return sh`undo_folder ${item.live} ${item.staged} ${item.old} ${item.inode} ${item.discarded} || failed=1`;
    return sh`undo_file ${item.live} ${item.old} || failed=1`;
  });
  return lines(scriptFile(scripts.swap, {}), sh`failed=0`, ...calls, sh`exit "$failed"`);
}

/** Where a run lays, before each batch of files that it puts in place, what brings those back: the last batch comes first. */
export function backFolder(runFolder: RemotePath): RemotePath {
  return joinRemote(runFolder, 'back');
}

/** Brings items back, and before them all files that were put in place one by one. */
export function undoAllScript(
  scripts: UpdateScripts,
  runFolder: RemotePath,
  items: readonly SwapItem[],
): Script {
  return lines(
    sh`for one in ${backFolder(runFolder)}/*[0-9]; do [ ! -f "$one" ] || (failed=0; . "$one"; exit "$failed") || exit 1; done`,
    undoScript(scripts, items),
  );
}

/** The inodes of paths; null where nothing is. */
export async function inodesOf(
  connection: Connection,
  paths: readonly RemotePath[],
  signal: AbortSignal,
): Promise<(string | null)[]> {
  const script = sh`for one in ${paths}; do
  stat -c %i -- "$one" 2>/dev/null || stat -f %i -- "$one" 2>/dev/null || { ls -di -- "$one" 2>/dev/null | { read -r inode rest && echo "$inode"; }; } || echo -
done`;
  const output = await runOk(connection, script, {
    attempted: 'Look at what is there',
    signal,
    timeLimit: 30_000,
  });
  const found = output.toString('utf8').split('\n');
  return paths.map((_path, index) =>
    found[index] === undefined || found[index] === '-' || found[index] === '' ? null : found[index],
  );
}
