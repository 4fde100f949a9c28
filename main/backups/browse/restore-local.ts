import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { OnProgress } from '../../words/index.ts';
import { entryAt, flatten } from './browse.ts';
import { localProblem, refuseExisting } from './local-disk.ts';
import { createSafePaths } from './safe-paths.ts';
import type { Snapshot } from '../store/types.ts';
import type { FileEntry } from '../store/tree.ts';

export interface LocalRestore {
  readonly files: number;
  readonly bytes: number;
  /** Links are not made on this computer: where they point is the server's business. */
  readonly links: readonly string[];
  /** Names that this computer cannot have, and what they became. */
  readonly renamed: readonly { from: string; to: string }[];
}

/**
 * Restores paths of a backup (all of it when none is named) into a folder on this computer. A site's names
 * never choose where: each becomes one safe name below the folder.
 * @throws Problem `exists` when a file is there already; nothing is overwritten.
 */
export async function restoreToFolder(
  snapshot: Snapshot,
  paths: readonly string[],
  folder: string,
  database: boolean,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<LocalRestore> {
  const links: string[] = [];
  const safePaths = createSafePaths();
  const safe = (path: string) => join(folder, ...safePaths.of(path).split('/'));
  const made = new Set<string>();
  let files = 0;
  let bytes = 0;
  const under = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | null = null;
  /** Begins a file, and waits only while too many are being written. */
  const writeFile = async (path: string, entry: FileEntry) => {
    signal.throwIfAborted();
    const target = safe(path);
    const work = writeOne(target, entry)
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => under.delete(work));
    under.add(work);
    while (under.size >= AT_ONCE) await Promise.race(under);
    throwFailure();
  };
  const throwFailure = () => {
    if (failed) throw failed.error;
  };
  const writeOne = async (target: string, entry: FileEntry) => {
    const parent = dirname(target);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    await write(snapshot, entry, target);
    files += 1;
    bytes += entry.size;
    progress({ what: 'Restore', done: bytes, total: null, unit: 'bytes' });
  };
  try {
    for (const path of paths.length === 0 ? [''] : paths) {
      const entry = path === '' ? null : await entryAt(snapshot, path);
      if (entry?.kind === 'file') {
        await writeFile(path, entry);
        continue;
      }
      if (entry?.kind === 'link') {
        links.push(`${path} → ${entry.target}`);
        continue;
      }
      await mkdir(path === '' ? folder : safe(path), { recursive: true });
      for await (const { path: below, entry: found } of flatten(snapshot, path)) {
        if (found.kind === 'file') await writeFile(below, found);
        else if (found.kind === 'link') links.push(`${below} → ${found.target}`);
        else await mkdir(safe(below), { recursive: true });
      }
    }
  } finally {
    await Promise.all(under);
  }
  throwFailure();
  if (database && snapshot.database) {
    const target = join(folder, snapshot.database.kind === 'sqlite' ? 'database.sqlite' : 'database.sql');
    await mkdir(folder, { recursive: true });
    refuseExisting(target);
    await pipeline(
      snapshot.read(snapshot.database.blobs),
      createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    );
    bytes += snapshot.database.size;
    files += 1;
  }
  return { files, bytes, links, renamed: safePaths.renamed };
}

async function write(snapshot: Snapshot, entry: FileEntry, target: string): Promise<void> {
  const modified = Number(entry.mtime);
  const small = entry.size <= SMALL;
  // A large file gets its name when it is whole.
  const file = small ? target : join(dirname(target), `.gk-part-${randomBytes(6).toString('hex')}`);
  if (!small) refuseExisting(target);
  let made = false;
  try {
    const handle = await open(file, 'wx', 0o600);
    made = true;
    try {
      await handle.writeFile(snapshot.read(entry.blobs));
      if (Number.isFinite(modified)) await handle.utimes(modified, modified);
    } finally {
      await handle.close();
    }
    if (!small) await rename(file, target);
  } catch (error) {
    if (made) await rm(file, { force: true });
    else refuseExisting(target);
    throw localProblem(error, target);
  }
}

/** Files up to this size are written in one go under their own names. */
const SMALL = 1024 * 1024;
/** Files that are written at once. */
const AT_ONCE = 8;
