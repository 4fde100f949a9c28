import { safeName } from './safe-name.ts';

export interface SafePaths {
  /** A path of a site as one that every system takes, the same one each time. */
  of(path: string): string;
  /** Names that had to change, and what they became; of a folder's, what is in it is not named again. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/**
 * Gives each path of a site one of its own, folder by folder. Two names that a server tells apart and another system
 * does not (`a` and `A`, or one letter written in two ways) get different ones, and so does what is in them.
 */
export function createSafePaths(): SafePaths {
  const known = new Map<string, string>([['', '']]);
  const taken = new Map<string, Set<string>>();
  const renamed: { from: string; to: string }[] = [];
  const of = (path: string): string => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const cut = path.lastIndexOf('/');
    const folder = cut < 0 ? '' : path.slice(0, cut);
    const name = path.slice(cut + 1);
    const inFolder = taken.get(folder) ?? new Set();
    taken.set(folder, inFolder);
    const safe = safeName(name);
    let own = safe;
    for (let number = 1; inFolder.has(folded(own)); number += 1) own = `${safe}~${number}`;
    inFolder.add(folded(own));
    const parent = of(folder);
    const to = parent === '' ? own : `${parent}/${own}`;
    known.set(path, to);
    if (own !== name) renamed.push({ from: path, to });
    return to;
  };
  return { of, renamed };
}

/** Equal where a system that ignores case, or stores letters decomposed, takes two names for one. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
