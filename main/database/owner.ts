import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { wordsOf } from '../words/index.ts';

/** Held while this process owns the data folder. The system lets go of it when the process dies, however it dies. */
export interface Ownership {
  release(): void;
}

/**
 * Takes the data folder for this process.
 *
 * The lock is SQLite's own exclusive lock on `owner.lock`, held open: it works alike on every system and
 * cannot go stale.
 * @returns null when another process holds it.
 */
export function takeOwnership(dataFolder: string): Ownership | null {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(dataFolder, 'owner.lock'));
  try {
    lock.exec(
      'PRAGMA busy_timeout=0; PRAGMA journal_mode=DELETE; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE',
    );
  } catch (error) {
    lock.close();
    if (/locked|busy/i.test(wordsOf(error))) return null;
    throw error;
  }
  return { release: () => lock.close() };
}
