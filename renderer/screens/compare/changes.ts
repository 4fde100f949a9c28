import type { BackupChange, BackupEntry, Comparison } from '../../../main/api/index.ts';
import { parentIn } from '../backups/paths.ts';

export type ChangeKind = BackupChange['change'];
/** `rest`: what a site's visitors would not see (modes, links), and what is not known. */
export type Shown = 'all' | 'added' | 'changed' | 'deleted' | 'rest';
export const SHOWN: readonly Shown[] = ['all', 'added', 'changed', 'deleted', 'rest'];

/** A line of the list: a folder, or a change in it. */
export type Line =
  | { readonly kind: 'folder'; readonly path: string; readonly changes: number }
  | { readonly kind: 'change'; readonly change: BackupChange };

/** The group that a change is shown in. */
export function groupOf(change: ChangeKind): Exclude<Shown, 'all'> {
  return change === 'added' || change === 'changed' || change === 'deleted' ? change : 'rest';
}

/** How many changes each choice shows. */
export function countsOf({ counts }: Comparison): Record<Shown, number> {
  const rest = counts.mode + counts.target + counts.unread;
  const { added, changed, deleted } = counts;
  return { all: added + changed + deleted + rest, added, changed, deleted, rest };
}

/** The changes that are shown, each folder's together under its path. */
export function linesOf(changes: readonly BackupChange[], shown: Shown): Line[] {
  const byFolder = new Map<string, BackupChange[]>();
  for (const change of changes) {
    if (shown !== 'all' && groupOf(change.change) !== shown) continue;
    const folder = parentIn(change.path);
    const inFolder = byFolder.get(folder);
    if (inFolder) inFolder.push(change);
    else byFolder.set(folder, [change]);
  }
  // A folder before the folders in it.
  const folders = [...byFolder].sort(([a], [b]) =>
    a.replaceAll('/', '\0') < b.replaceAll('/', '\0') ? -1 : 1,
  );
  return folders.flatMap(([path, inFolder]): Line[] => [
    { kind: 'folder', path, changes: inFolder.length },
    ...inFolder.map((change): Line => ({ kind: 'change', change })),
  ]);
}

/** A mode as people know it: `644`, or `4755` where there is more to it. */
export function modeInWords(mode: BackupEntry['mode']): string {
  return mode.toString(8).padStart(3, '0');
}
