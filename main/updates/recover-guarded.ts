import { runOk, sh } from '../connections/index.ts';
import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { GuardJournal } from './guard.ts';
import { handsFor, type Hands } from './hands.ts';
import type { RollbackServices } from './services.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { goOnline, leaveSite, undoPart } from './undo.ts';
import { releaseUpdaters } from './updater-locks.ts';
import { readReport } from './watchdog-report.ts';
import { disarmWatchdog } from './watchdog.ts';

/** A rollback or restore that a dead process left with a way back: the site gets back to what it was before, unless the watchdog has seen to that. */
export async function recoverGuarded(
  services: RollbackServices,
  site: Site,
  { run }: Orphan,
  { privateFolder, part, php }: GuardJournal,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, site, context.signal).patient();
  const lock = siteLock(services.scripts, privateFolder, run.id);
  const isOurs = () => hands.on((connection) => lock.isOurs(connection, hands.signal));
  const held = await isOurs();
  // One that is armed still, or is at it, is ended first: what is to be done from here on is done here.
  if (held) await disarmWatchdog(hands, lock);
  const report = await readReport(hands, lock.runFolder);
  // What the watchdog has begun to bring back is not what the journal says any more.
  const wasBegun = report !== null && report.part !== null;
  const wasBrought = wasBegun && report.brought;
  if (held && !wasBrought && (wasBegun || part.outcome === 'waiting'))
    await context.step('take back', { title: 'Bring the site back as it was' }, async () => {
      await undoPart(hands, services.scripts, part, lock, true);
      await context.undone(['undo', 'restore']);
    });
  await context.step('settle', { title: 'Tidy up' }, async () => {
    if (held) {
      await goOnline(hands, lock, php);
      await leaveSite(hands, lock, [lock.runFolder]);
    } else await leaveReported(hands, lock);
  });
  if (hands.platform.module !== null) await services.afterRun(site);
  if (part.outcome === 'kept' && !wasBegun)
    return { state: 'done', summary: `“${run.title}” was done when Groundskeeper ended; it was tidied up.` };
  const who = wasBrought
    ? 'the watchdog on the server brought the site back by itself to what it was'
    : 'the site was brought back to what it was';
  return { state: 'rolled-back', summary: `Groundskeeper fell silent during “${run.title}”; ${who}.` };
}

/** The watchdog has let go of the site: what it left is tidied up. */
export async function leaveReported(hands: Hands, lock: SiteLock): Promise<void> {
  await hands.on(async (connection) => {
    await runOk(connection, sh`rm -rf -- ${lock.runFolder}`, {
      attempted: 'Tidy up on the server',
      signal: hands.signal,
      timeLimit: 300_000,
    });
    await releaseUpdaters(hands, connection, lock);
    await lock.release(connection, hands.signal);
  });
}
