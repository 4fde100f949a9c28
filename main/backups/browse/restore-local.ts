import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { OnProgress } from '../../words/index.ts';
import { entryAt, flatten } from './browse.ts';
import { localProblem, refuseExisting } from './local-disk.ts';
import { createSafePaths } from './safe-paths.ts';
import type { StoredSnapshot } from '../store/types.ts';
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
  snapshot: StoredSnapshot,
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
  const wrote = (count: number, size: number) => {
    files += count;
    bytes += size;
    progress({ what: 'Restore', done: bytes, total: null, unit: 'bytes' });
  };
  const under = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | null = null;
  const throwFailure = () => {
    if (failed) throw failed.error;
  };
  /** Begins some work, and waits only while too much of it is under way. */
  const begin = async (what: () => Promise<void>) => {
    const work = what()
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => under.delete(work));
    under.add(work);
    while (under.size >= AT_ONCE) await Promise.race(under);
    throwFailure();
  };

  let small: Target[] = [];
  let smallBytes = 0;
  const writeSmall = () => {
    const batch = small;
    small = [];
    smallBytes = 0;
    return begin(async () => {
      signal.throwIfAborted();
      const left = await snapshot.writeFiles(
        batch.map(({ target, entry }) => ({ target, blobs: entry.blobs, modified: modifiedOf(entry) })),
      );
      const leftOver = new Set(left);
      const done = batch.filter((_, at) => !leftOver.has(at));
      wrote(
        done.length,
        done.reduce((sum, { entry }) => sum + entry.size, 0),
      );
      for (const at of left) {
        const one = batch[at];
        if (one === undefined) continue;
        await write(snapshot, one);
        wrote(1, one.entry.size);
      }
    });
  };
  const writeFile = async (path: string, entry: FileEntry) => {
    signal.throwIfAborted();
    const target = safe(path);
    const parent = dirname(target);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    if (entry.size > SMALL) {
      await begin(async () => {
        await write(snapshot, { target, entry });
        wrote(1, entry.size);
      });
      return;
    }
    small.push({ target, entry });
    smallBytes += entry.size;
    if (small.length >= BATCH || smallBytes >= BATCH_BYTES) await writeSmall();
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
    if (small.length > 0) await writeSmall();
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

interface Target {
  readonly target: string;
  readonly entry: FileEntry;
}

/** Seconds since 1970; null where the server gave none that counts. */
function modifiedOf(entry: FileEntry): number | null {
  const modified = Number(entry.mtime);
  return Number.isFinite(modified) ? modified : null;
}

async function write(snapshot: StoredSnapshot, { target, entry }: Target): Promise<void> {
  const modified = modifiedOf(entry);
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
      if (modified !== null) await handle.utimes(modified, modified);
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
/** Small files that are written together, and their bytes. */
const BATCH = 512;
const BATCH_BYTES = 8 * SMALL;
/** Batches and large files that are written at once. */
const AT_ONCE = 3;
