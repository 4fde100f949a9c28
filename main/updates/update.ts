import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { asProblem, isAbort, type Problem } from '../words/index.ts';
import { RUNNER_STEP } from './files-only/runner-step.ts';
import { handsFor } from './hands.ts';
import type { Baseline } from './health.ts';
import { below } from './leave-out.ts';
import { lookBefore } from './look-steps.ts';
import { openLedger } from './ledger.ts';
import { operationsFor, planningFor } from './means.ts';
import { standsOn } from './order.ts';
import { outcomeOf, unsettledOutcome, type TakenBack } from './outcome.ts';
import { touchedBy, type Part } from './part.ts';
import { preflight } from './preflight.ts';
import { partTitle } from './prepare.ts';
import { refuseUnreadable } from './refuse.ts';
import type { RollbackServices, UpdateWish } from './services.ts';
import { settleUpdate } from './settle.ts';
import { refuseDown } from './site-down.ts';
import { updatePart, type UpdateSession } from './update-part.ts';
import { heed } from './watchdog-report.ts';

/** The steps of an update that the screen can show before they come, in the words of the steps themselves. */
export function expectedSteps(
  parts: readonly { readonly slug: string; readonly name: string; readonly to: string }[],
  site: Pick<Site, 'connection'>,
): { name: string; title: string }[] {
  const filesOnly = site.connection.kind === 'sftp';
  return [
    { name: 'preflight', title: 'Look whether it can be done' },
    ...(filesOnly ? [{ ...RUNNER_STEP }] : []),
    { name: 'backup', title: 'Back up the site' },
    { name: 'stage', title: 'Lay the new version ready' },
    { name: 'baseline', title: 'Look at the site as it is' },
    ...(filesOnly ? [] : [{ name: 'watchdog', title: 'Leave a watchdog on the server' }]),
    ...parts.flatMap(({ slug, name, to }) => [
      { name: `swap ${slug}`, title: `Swap ${name} ${to} in`.trim() },
      { name: `judge ${slug}`, title: 'Look whether the site got worse' },
    ]),
    { name: 'settle', title: 'Tidy up' },
  ];
}

/**
 * Updates components of one site, one after the other, as the design's nine steps. What makes the site worse is taken back. How each thing
 * is done there, over a shell or over files alone, is told apart in operations.ts.
 */
export async function updateSite(
  services: RollbackServices,
  given: Site,
  wish: UpdateWish,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  const ledger = openLedger(context, given, wish.choices);
  const { parts, place } = await preflight(planningFor(services, hands), wish, context);
  const operations = operationsFor(services, { site: given, hands, context, runId: context.runId, ledger });
  const session: UpdateSession = {
    context,
    operations,
    ledger,
    clock: services.clock,
    unsettled: false,
    shutOut: false,
  };
  const takenBack: TakenBack[] = [];
  let stopped: Problem | null = null;

  try {
    await operations.begin(parts, place);
    // 3: backup, verified; without it nothing goes on.
    await context.step('backup', { title: 'Back up the site' }, async (step) => {
      await operations.take(parts);
      const touches = below(touchedBy(parts));
      const backup = await operations.backUp({ reason: 'before-update', touches });
      refuseUnreadable(backup, touches, 'the update');
      await ledger.save({ backupId: backup.id });
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}, verified.`);
    });
    // 4: stage while the site is live.
    await context.step(
      'stage',
      { title: 'Lay the new version ready', undo: { remove: operations.runFolder } },
      async () => {
        for (const [index, part] of parts.entries()) await stage(session, part, index);
      },
    );
    // 5: baseline.
    let baseline = await lookBefore(operations.health, operations.hands, context, async (seen) => {
      refuseDown(seen, wish.thoughDown);
      await warnOfOtherPhp(session, seen);
    });
    // 6: whatever happens from here on, the site gets back by itself.
    await operations.arm(baseline, wish.withoutWatchdog);
    // 7–8 for each component: go, judge, take back what made it worse.
    for (const index of parts.keys()) {
      context.signal.throwIfAborted();
      if (lacksItsCore(session, parts, index)) continue;
      const verdict = await updatePart(session, index, baseline);
      if (verdict.verdict !== 'worse') continue;
      takenBack.push({ part: ledger.part(index), reasons: verdict.reasons });
      if (index + 1 < parts.length)
        baseline = await operations.health.afterTakingBack(operations.hands, baseline);
    }
  } catch (error) {
    stopped = asProblem(error);
    context.log(isAbort(error) ? 'info' : 'error', `${stopped.message} ${stopped.answered}`.trim());
  } finally {
    for (const part of parts) part.package.close();
  }

  // 9: settle, whatever happened before.
  try {
    await operations.withdraw();
    const fired = stopped !== null && (await wasBroughtBack(session));
    if (operations.held && !session.unsettled)
      await context.step('settle', { title: 'Tidy up' }, async () => {
        operations.end();
        await operations.disarm();
        await settleUpdate(services, operations, { runId: context.runId, plan: ledger.plan });
      });
    // All stays, and what this computer was stopped by, letting visitors in, is done by now: by the watchdog, or here.
    if ((fired || session.shutOut) && ledger.plan.parts.every(({ outcome }) => outcome === 'kept'))
      stopped = null;
  } catch (error) {
    stopped = asProblem(error);
    context.log('error', `${stopped.message} ${stopped.answered}`);
    session.unsettled = true;
  }
  operations.end();
  await services.afterRun(operations.site);
  if (session.unsettled && operations.held && stopped !== null) return unsettledOutcome(stopped);
  return outcomeOf(ledger.plan.parts, takenBack, stopped);
}

/** `8.2` of `8.2.10`: what one can read, another patch level can too. */
function branchOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

async function warnOfOtherPhp({ context, operations }: UpdateSession, baseline: Baseline): Promise<void> {
  const code = await operations.askCode(baseline);
  const { php } = (await operations.hands.reading()).inventory;
  if (code !== null && php !== null && branchOf(code.php) !== branchOf(php))
    context.log('warning', `Visitors are served by PHP ${code.php}; the command line has PHP ${php}.`);
}

/** Whether an update was to stand on a new core that did not stay: then it is not begun. */
function lacksItsCore({ ledger, context }: UpdateSession, parts: readonly Part[], index: number): boolean {
  const part = parts[index];
  const core = parts.findIndex(({ update }) => part !== undefined && standsOn(part.update, update));
  if (part === undefined || core < 0 || ledger.part(core).outcome === 'kept') return false;
  context.log(
    'warning',
    `${partTitle(part.update)} needs the new core, which did not stay: it was not begun.`,
  );
  return true;
}

/** Whether the watchdog, or another computer, has brought the site back, while this run could not reach it: then nothing is left that would have to be undone. */
async function wasBroughtBack(session: UpdateSession): Promise<boolean> {
  const { context, operations, ledger } = session;
  const report = await operations.fired();
  if (report === null) return false;
  await ledger.save(heed(ledger.plan, report));
  const brought =
    report.by === 'computer'
      ? 'Another computer has brought the site back.'
      : 'The watchdog on the server has brought the site back.';
  context.log(
    'warning',
    report.part === null
      ? 'This computer was silent for too long: the watchdog on the server has let go of the site, and let visitors in.'
      : brought,
  );
  session.unsettled = false;
  return true;
}

async function stage({ operations, ledger }: UpdateSession, part: Part, index: number): Promise<void> {
  const items = [...(await operations.stage(part, index))];
  const { component, release } = part.update;
  const { kind, slug, name, version: from } = component;
  await ledger.addPart({
    ...{ kind, slug, name, from, to: release.version, migrates: part.migrates, items },
    ...{ dump: null, offlineAt: null, outcome: 'waiting' },
  });
}
