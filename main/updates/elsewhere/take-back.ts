import type { RunContext } from '../../runs/index.ts';
import { below } from '../leave-out.ts';
import type { Hands } from '../hands.ts';
import { restoreDatabase } from '../restore-database.ts';
import { restorePathsOverSftp, toldApart } from '../restore-over-sftp.ts';
import { restorePaths } from '../restore-site.ts';
import type { RollbackServices } from '../services.ts';
import type { SiteLock } from '../site-lock.ts';
import type { ElsewhereJournal } from './plan.ts';

/** Puts a site back as its own backup from just before has it. May be run again at any point. */
export async function takeBack(
  services: RollbackServices,
  hands: Hands,
  lock: SiteLock | null,
  { backupId, before, database, stays }: Pick<ElsewhereJournal, 'backupId' | 'before' | 'database' | 'stays'>,
  context: RunContext,
): Promise<void> {
  if (before === null) return;
  const wanted = { backupId: before, paths: [], stays: below(stays) };
  await context.step('undo', { title: 'Bring the site back as it was' }, async (step) => {
    if (lock === null) {
      const untouched = await toldApart(services.store, before, backupId);
      const { written, deleted } = await restorePathsOverSftp(
        services.store,
        hands,
        wanted,
        untouched,
        context.progress,
      );
      step.detail(`${written} written back, ${deleted} deleted; from the backup taken just before.`);
      return;
    }
    await hands.on((connection) => lock.takeTurn(connection, hands.signal));
    const { written, deleted } = await restorePaths(services, hands, lock, {
      ...wanted,
      progress: context.progress,
    });
    if (database) await restoreDatabase(services.store, hands, lock, before);
    await context.undone(['restore']);
    step.detail(
      `${written} files written back, ${deleted} deleted${database ? ', and the database' : ''}; from the backup taken just before.`,
    );
  });
}
