import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { OnProgress } from '../words/index.ts';
import { entryAt, flatten } from './browse.ts';
import { localProblem, refuseExisting } from './local-disk.ts';
import { createSafePaths } from './safe-paths.ts';
import type { Snapshot } from './store/store.ts';
import type { FileEntry } from './store/tree.ts';

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
  let files = 0;
  let bytes = 0;
  const writeFile = async (path: string, entry: FileEntry) => {
    signal.throwIfAborted();
    const target = safe(path);
    await mkdir(join(target, '..'), { recursive: true });
    await write(snapshot, entry, target);
    files += 1;
    bytes += entry.size;
    progress({ what: 'Restore', done: bytes, total: null, unit: 'bytes' });
  };
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
  refuseExisting(target);
  const temporary = join(dirname(target), `.gk-part-${randomBytes(6).toString('hex')}`);
  try {
    await pipeline(snapshot.read(entry.blobs), createWriteStream(temporary, { flags: 'wx', mode: 0o600 }));
    const modified = Number(entry.mtime);
    if (Number.isFinite(modified)) await utimes(temporary, modified, modified);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw localProblem(error, target);
  }
}
