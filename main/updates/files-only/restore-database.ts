import type { RunContext } from '../../runs/index.ts';
import type { BackupId } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import type { RollbackServices } from '../services.ts';
import { holdLocks, holdRestored } from '../updater-locks.ts';
import { mysqlOf, restoreByPhp } from './by-php.ts';
import { withRunner } from './runner-step.ts';
import { giveBack, locksByPhp } from './updater-locks.ts';

/** Puts the database of a backup back by the site's own PHP. Visitors have to be kept out meanwhile. */
export async function restoreDatabaseOverSftp(
  services: Pick<RollbackServices, 'store' | 'runner'>,
  hands: Hands,
  backupId: BackupId,
  context: RunContext,
  step: { readonly name: string; readonly title: string },
): Promise<void> {
  await withRunner(services.runner, hands, context, async (runner, reading) => {
    const access = mysqlOf(reading);
    const snapshot = await services.store.open(backupId);
    await context.step(step.name, { title: step.title }, async (running) => {
      const trouble = (words: string) => context.log('warning', words);
      const patient = hands.patient();
      const { runId } = context;
      const withLocks = locksByPhp(runner, patient, async () => reading);
      const stopHolding = await holdLocks(withLocks, { runId, signal: hands.signal }, trouble);
      try {
        await restoreByPhp(runner, access, snapshot, patient.signal);
        await holdRestored(withLocks, runId);
        running.detail(`${snapshot.database?.tables.length ?? 0} tables.`);
      } finally {
        stopHolding();
        await giveBack(runner, patient, async () => reading, runId, trouble);
      }
    });
  });
}
