import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
