import type { Store } from '../../backups/index.ts';
import type { Hands } from '../hands.ts';
import type { JournaledPart } from '../run-plan.ts';
import { mysqlOf, readByPhp, restoreByPhp, restoreDumpByPhp } from './by-php.ts';
import { isProblem, withFiles } from './over-sftp.ts';
import type { Runner } from './runner.ts';
import { withLaidDump } from './site-dump.ts';
import { swapBack } from './swap.ts';

/**
 * Brings one component back: files by renaming over SFTP, which works when PHP on the site is dead, then the database from the backup that was
 * taken just before, or, on a computer that has no such backup, from the dump that was laid on the site. May be done again at any point.
 */
export async function undoOverSftp(
  store: Store,
  hands: Hands,
  runner: Runner,
  part: JournaledPart,
): Promise<void> {
  await withFiles(hands, (files) => swapBack(files, part.items));
  const { storedDump, dump } = part;
  if (storedDump === undefined) return;
  // With the old files in place the configuration is what it was.
  const access = mysqlOf(await readByPhp(hands, runner));
  const snapshot = await store.open(storedDump).catch((error: unknown) => {
    if (dump !== null && isProblem(error, 'no-such-backup')) return null;
    throw error;
  });
  if (snapshot !== null) await restoreByPhp(runner, access, snapshot, hands.signal);
  else if (dump !== null)
    await withLaidDump(hands, dump, (laid) => restoreDumpByPhp(runner, access, laid, hands.signal));
}
