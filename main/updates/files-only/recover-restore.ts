import type { Orphan, RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { handsFor } from '../hands.ts';
import type { RollbackServices } from '../services.ts';
import { filesLock, type FilesLock } from './lock.ts';
import { anyDigest, goOnline, keepOffline } from './maintenance.ts';
import { takeBack } from './restore.ts';
import type { SftpRestoreJournal } from './restore-journal.ts';
import { removeNoted } from './runner-step.ts';

/** A restore over SFTP that a dead process left: what was done stays, anything else is taken back. May be done again at any point. */
export async function recoverRestoreOverSftp(
  services: RollbackServices,
  site: Site,
  orphan: Orphan,
  journal: SftpRestoreJournal,
  context: RunContext,
): Promise<RunResult> {
  const { run } = orphan;
  const hands = handsFor(services, site, context.signal).patient();
  await removeNoted(hands, orphan);
  const { privateFolder, outcome, before } = journal;
  const lock: FilesLock | null =
    privateFolder === null ? null : filesLock(privateFolder, run.id, services.lease);
  const ours = lock === null || (await lock.isOurs(hands));
  const began = orphan.steps.some(({ name }) => name === 'restore');
  const isHalf = began && outcome === 'waiting';
  const canTakeBack = ours && isHalf && before !== null;
  if (canTakeBack) {
    const trouble = (words: string) => context.log('warning', words);
    const stopBeating = lock?.beat(hands) ?? (() => {});
    const stopRenewing = journal.database
      ? await keepOffline(hands, anyDigest(), () => 'always', trouble)
      : () => {};
    try {
      const hasBegun = orphan.steps.some(({ name }) => name === 'database');
      await takeBack(services, hands, journal, hasBegun, context);
      await context.setPlan({ ...journal, outcome: 'undone' } satisfies SftpRestoreJournal);
    } finally {
      stopRenewing();
      stopBeating();
    }
  }
  if (ours)
    await context.step('settle', { title: 'Tidy up' }, async () => {
      if (journal.database && began) await goOnline(hands);
      await lock?.release(hands);
    });
  if (hands.platform.module !== null) await services.afterRun(site);
  if (canTakeBack || outcome === 'undone')
    return {
      state: 'rolled-back',
      summary: `Groundskeeper ended during “${run.title}”; the site was brought back to what it was.`,
    };
  if (outcome === 'kept')
    return { state: 'done', summary: `“${run.title}” was done when Groundskeeper ended; it was tidied up.` };
  if (isHalf)
    return {
      state: 'failed',
      summary: `“${run.title}” was cut off part of the way. Start it again to finish it${before === null ? '' : '; the backup from before is there'}.`,
    };
  return {
    state: 'cancelled',
    summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
  };
}
