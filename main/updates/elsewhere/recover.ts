import type { Orphan, RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { handsFor } from '../hands.ts';
import type { RollbackServices } from '../services.ts';
import { siteLock } from '../site-lock.ts';
import { goOnline, leaveSite } from '../undo.ts';
import type { ElsewhereJournal } from './plan.ts';
import { takeBack } from './take-back.ts';

/** A restore to another site that a dead process left: what was found well stays, anything else is brought back as it was. */
export async function recoverElsewhere(
  services: RollbackServices,
  site: Site,
  orphan: Orphan,
  journal: ElsewhereJournal,
  context: RunContext,
): Promise<RunResult> {
  const nothing: RunResult = {
    state: 'cancelled',
    summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
  };
  const began = orphan.steps.some(({ name }) => name === 'restore');
  const hands = handsFor(services, site, context.signal).patient();
  const held = site.privateFolder !== null && site.connection.kind !== 'sftp' ? site.privateFolder : null;
  const lock = held === null ? null : siteLock(services.scripts, held, orphan.run.id);
  // The lock is given back last: without it, everything was settled, or nothing had begun.
  if (lock !== null && !(await hands.on((connection) => lock.isOurs(connection, hands.signal))))
    return journal.outcome === 'kept' ? finished() : nothing;
  const undo = began && journal.outcome === 'waiting';
  if (undo) await takeBack(services, hands, lock, journal, context);
  if (lock !== null)
    await context.step('settle', { title: 'Tidy up' }, async () => {
      if (began) await goOnline(hands, lock, journal.php);
      await leaveSite(hands, lock, [lock.runFolder]);
    });
  if (hands.platform.module !== null) await services.afterRun(site);
  if (undo)
    return {
      state: 'rolled-back',
      summary: 'Groundskeeper ended during the restore; the site was brought back to what it was.',
    };
  return journal.outcome === 'kept' ? finished() : nothing;
}

function finished(): RunResult {
  return { state: 'done', summary: 'Groundskeeper ended when the restore was done; it was tidied up.' };
}
