import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesInWords, counted, Problem, type OnProgress } from '../../words/index.ts';
import type { Proof } from '../backup.ts';
import { restoreToFolder } from '../browse/restore-local.ts';
import type { StoredSnapshot, Store } from '../store/types.ts';
import { compareFolder, dumpName } from './compare-folder.ts';
import { proveDatabase } from './database.ts';

/** How the folders begin that drills make. */
const PREFIX = 'drill-';

/**
 * Proves a backup by restoring all of it into a folder of its own below the given one, comparing every file with what the store says,
 * and proving the database. What was restored is deleted again, however it ends.
 * @throws Problem `disk-full` before anything is written, `drill-failed` with what differs
 */
export async function drill(
  store: Store,
  snapshot: StoredSnapshot,
  below: string,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Omit<Proof, 'at'>> {
  await mkdir(below, { recursive: true, mode: 0o700 });
  await needSpace(snapshot, below);
  const folder = await mkdtemp(join(below, PREFIX));
  try {
    const target = join(folder, 'site');
    await restoreToFolder(snapshot, [], target, true, signal, progress);
    progress({ what: 'Compare the files', done: 0, total: snapshot.backup.files, unit: 'files' });
    const { differences, files, bytes, renamed } = await compareFolder(
      store,
      snapshot,
      target,
      signal,
      progress,
    );
    if (differences.length > 0) {
      throw new Problem({
        code: 'drill-failed',
        message: `${counted(differences.length, 'thing is', 'things are')} not as in the backup.`,
        attempted: 'Compare what was restored with the backup',
        answered: differences.slice(0, 10).join('; '),
        todo: 'Verify the backups: if they are whole, it is the disk that was restored to.',
      });
    }
    const { database } = snapshot;
    const dump = dumpName(snapshot);
    const proved =
      database === null || dump === null
        ? null
        : await proveDatabase(snapshot, database, join(target, dump), signal, progress);
    const { unreadable, moved } = snapshot.backup;
    return {
      files,
      bytes,
      database: proved?.proof ?? null,
      unproved: [
        ...(proved?.unproved ?? []),
        ...(renamed === 0
          ? []
          : [
              `${counted(renamed, 'name was', 'names were')} restored otherwise: this computer cannot have them.`,
            ]),
        ...(process.platform === 'win32' ? ['Modes and links: Windows has others.'] : []),
        ...(unreadable.length === 0
          ? []
          : [`${counted(unreadable.length, 'file')} could not be read when it was taken.`]),
        ...(moved.length === 0 ? [] : [`${counted(moved.length, 'file')} changed while it was taken.`]),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Room for the files, for the dump, and for the dump once more as a server's tables and their indexes. */
async function needSpace({ backup, database }: StoredSnapshot, below: string): Promise<void> {
  const wanted = Math.ceil(backup.bytes * 1.05) + (database?.size ?? 0) * 2 + backup.files * 4096;
  const { bavail, bsize } = await statfs(below);
  const free = bavail * bsize;
  if (free >= wanted) return;
  throw new Problem({
    code: 'disk-full',
    message: 'There is not enough room on this disk to restore the backup.',
    attempted: `Restore into ${below}`,
    answered: `${bytesInWords(free)} are free, ${bytesInWords(wanted)} are needed.`,
    todo: 'Free some space, or name a folder on another disk.',
  });
}
