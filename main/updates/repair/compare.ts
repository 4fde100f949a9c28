import type { FileHashes } from '../../releases/index.ts';
import type { RepairFile } from './plan.ts';

/** The files that a release holds of one component, by path relative to the root of the site. */
export type Originals = ReadonlyMap<string, FileHashes>;

/** What lies there of it, by the same paths. */
export interface Lying {
  readonly md5: ReadonlyMap<string, string>;
  readonly sha256: ReadonlyMap<string, string>;
  /** Names that are there and no files: links, folders. */
  readonly others: ReadonlySet<string>;
}

/** Files of core that many remove on purpose; one that is not there is nothing to mend. */
const OFTEN_REMOVED = new Set(['readme.html', 'license.txt', 'wp-config-sample.php', 'wp-admin/install.php']);
/** Folders of core where nobody else puts anything. */
const CORES_OWN = /^wp-(?:admin|includes)\//;

export interface Compared {
  readonly whole: number;
  readonly files: readonly RepairFile[];
}

/** Whether a release's checksums say something about a file of core: what its package brings below `wp-content` is only an example. */
export function isCores(path: string): boolean {
  return !path.startsWith('wp-content/');
}

/**
 * Compares what lies on a site with what a release holds. A file of which several hashes are published is right with each of them.
 * @param isCore nobody else’s files belong into core’s folders; what lies beside them is the user’s
 */
export function compareWith(originals: Originals, lying: Lying, isCore: boolean): Compared {
  const files: RepairFile[] = [];
  let whole = 0;
  for (const [path, hashes] of originals) {
    const [md5, sha256] = [lying.md5.get(path), lying.sha256.get(path)];
    const isThere = md5 !== undefined || sha256 !== undefined || lying.others.has(path);
    if (!isThere) {
      if (!isCore || !OFTEN_REMOVED.has(path)) files.push({ path, state: 'missing', suspicious: false });
    } else if (isRight(hashes, md5, sha256)) whole += 1;
    else files.push({ path, state: 'changed', suspicious: false });
  }
  const names = new Set([...lying.md5.keys(), ...lying.sha256.keys()]);
  for (const path of names) {
    if (originals.has(path)) continue;
    if (!isCore || CORES_OWN.test(path)) files.push({ path, state: 'extra', suspicious: isCore });
  }
  return { whole, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function isRight(
  { md5, sha256 }: FileHashes,
  isMd5: string | undefined,
  isSha256: string | undefined,
): boolean {
  if (sha256.length > 0 && isSha256 !== undefined) return sha256.includes(isSha256);
  return isMd5 !== undefined && md5.includes(isMd5);
}

/** How much of a release has to lie there as it is, for what lies there to be that release with changes, and no other product by its name. */
const SAME_PRODUCT = 0.1;

/** Whether what lies there may be another product: next to nothing of it is as the release has it. */
export function mayBeAnother({ whole, files }: Compared): boolean {
  const changed = files.filter(({ state }) => state === 'changed').length;
  return changed > 0 && whole < SAME_PRODUCT * (whole + changed);
}
