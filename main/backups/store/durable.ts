import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Problem, wordsOf } from '../../words/index.ts';

/** How the name of a file begins that is not whole yet. */
export const HALF = '.new-';

/**
 * Writes a whole file so that after a crash it is either there in full or not at all: temporary file,
 * fsync, rename, fsync of the folder.
 * @throws Problem `disk-full`, `store-unwritable`
 */
export async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const temporary = join(dirname(path), `${HALF}${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(path, error);
  }
}

/** Makes a folder's entries durable. Windows has no such call, and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As `syncFolder`, where nothing may come in between. */
export function syncFolderNow(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Makes a folder, and those above it, so that it is there after a power cut as well. One that is there costs nothing.
 * @throws Problem `disk-full`, `store-unwritable`
 */
export function makeFolder(folder: string): void {
  try {
    make(resolve(folder), true);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * As `makeFolder`, in a folder that has to be there: where a disk has gone, nothing is made in its place.
 * @throws Problem `disk-full`, `store-unwritable`
 */
export function makeFolderIn(above: string, name: string): void {
  const folder = join(above, name);
  try {
    make(resolve(folder), false);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Not Node's own `recursive`: it tries for ever where a disk that has gone says that a folder is missing which is there. */
function make(folder: string, andAbove: boolean): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const above = dirname(folder);
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
      throw error;
    }
    if (!andAbove || above === folder) throw error;
    make(above, true);
    make(folder, false);
    return;
  }
  syncFolderNow(dirname(folder));
}

/**
 * Removes a file so that it does not come back after a power cut. One that is not there is fine.
 * @throws Problem `store-unwritable`
 */
export async function removeDurably(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** What the disk says to a write, as a problem: `disk-full` or `store-unwritable`. */
export function unwritable(path: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new Problem(
    {
      code: full ? 'disk-full' : 'store-unwritable',
      message: full ? 'The disk that holds the backups is full.' : 'The backup store cannot be written.',
      attempted: `Write ${path}`,
      answered: wordsOf(error),
      todo: full
        ? 'Free some space, then try again. No backup was lost.'
        : 'Check that the disk is there and not read-only.',
    },
    error,
  );
}
