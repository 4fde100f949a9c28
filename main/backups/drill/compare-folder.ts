import { chmod, lstat, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeName, wordsOf, type OnProgress } from '../../words/index.ts';
import { flatten } from '../browse/browse.ts';
import { createSafePaths } from '../browse/safe-paths.ts';
import type { Snapshot, Store } from '../store/types.ts';
import type { TreeEntry } from '../store/tree.ts';

/** The name that a restore gives the dump, beside the files. */
export function dumpName(snapshot: Snapshot): string | null {
  if (snapshot.database === null) return null;
  return snapshot.database.kind === 'sqlite' ? 'database.sqlite' : 'database.sql';
}

export interface Compared {
  readonly files: number;
  readonly bytes: number;
  readonly links: number;
  /** Names that this computer cannot have, and that were restored under others. */
  readonly renamed: number;
  /** Each that is not as in the backup, and how. */
  readonly differences: readonly string[];
}

/** Differences that are told; more say no more. */
const MOST = 100;
/** Windows knows neither modes nor links as servers do. */
const POSIX = process.platform !== 'win32';

/**
 * Compares a folder that a whole backup was restored into with what the store's ids say: every name, type, size and byte. Modes and
 * links, which a restore to this computer leaves out, are made first, so that they are compared as well.
 */
export async function compareFolder(
  store: Store,
  snapshot: Snapshot,
  folder: string,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Compared> {
  const safePaths = createSafePaths();
  const at = (path: string) => join(folder, ...safePaths.of(path).split('/'));
  const differences: string[] = [];
  const count = { files: 0, bytes: 0, links: 0, folders: 0 };
  const later: { path: string; entry: TreeEntry }[] = [];
  const differs = (path: string, how: string) => {
    if (differences.length < MOST) differences.push(`${path}: ${how}`);
  };
  const look = async (path: string, work: () => Promise<string | null>) => {
    signal.throwIfAborted();
    const how = await work().catch((error: unknown) => wordsOf(error));
    if (how !== null) differs(path, how);
  };

  for await (const { path, entry } of flatten(snapshot)) {
    // In the order of the restore, so that names that had to change become the same ones.
    if (entry.kind === 'link') {
      later.push({ path, entry });
      continue;
    }
    const target = at(path);
    if (entry.kind === 'folder') {
      count.folders += 1;
      await look(path, async () =>
        (await lstat(target)).isDirectory() ? mode(target, entry, 0o700) : 'no folder',
      );
      continue;
    }
    count.files += 1;
    count.bytes += entry.size;
    await look(path, async () => {
      const found = await lstat(target);
      if (!found.isFile()) return 'no file';
      if (found.size !== entry.size) return `${found.size} bytes instead of ${entry.size}`;
      if (!(await store.matches(entry.blobs, target))) return 'other content';
      return mode(target, entry, 0);
    });
    if (count.files % 50 === 0)
      progress({ what: 'Compare the files', done: count.files, total: snapshot.backup.files, unit: 'files' });
  }
  for (const { path, entry } of POSIX ? later : []) {
    if (entry.kind !== 'link') continue;
    count.links += 1;
    await look(path, async () => {
      const wanted = encodeName(entry.target);
      await symlink(wanted, at(path));
      return (await readlink(at(path), { encoding: 'buffer' })).equals(wanted) ? null : 'another target';
    });
  }
  const dump = dumpName(snapshot);
  if (dump !== null && snapshot.database !== null) {
    const { blobs } = snapshot.database;
    await look('the database', async () =>
      (await store.matches(blobs, join(folder, dump))) ? null : 'other content',
    );
  }
  const wanted = count.files + count.links + count.folders + (dump === null ? 0 : 1);
  const found = (await readdir(folder, { recursive: true })).length;
  if (found !== wanted) differs('.', `${found} names instead of ${wanted}`);
  return { ...count, renamed: safePaths.renamed.length, differences };
}

/** Gives what was restored its mode, and sees that it has it. @param least bits that it needs to be tidied up again */
async function mode(target: string, entry: TreeEntry, least: number): Promise<string | null> {
  if (!POSIX) return null;
  const wanted = (entry.mode & 0o777) | least;
  await chmod(target, wanted);
  const found = (await lstat(target)).mode & 0o777;
  return found === wanted ? null : `mode ${found.toString(8)} instead of ${wanted.toString(8)}`;
}
