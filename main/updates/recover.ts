import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { wordsOf, type RunId } from '../words/index.ts';
import { handsFor } from './hands.ts';
import { below } from './leave-out.ts';
import { ledgerFrom, type Ledger } from './ledger.ts';
import { operationsFor } from './means.ts';
import type { Operations } from './operations.ts';
import { RunPlan, type JournaledPart } from './run-plan.ts';
import type { RollbackServices } from './services.ts';
import { settleBroughtBack, settleUpdate } from './settle.ts';
import { heed, toldOf, type WatchdogReport } from './watchdog-report.ts';

/** WordPress lets visitors back in by itself after ten minutes. */
const OPEN_AGAIN = 9 * 60_000;

const NOTHING: RunResult = {
  state: 'cancelled',
  summary: 'Groundskeeper ended before anything on the site was changed.',
};

interface Recovering {
  readonly runId: RunId;
  readonly operations: Operations;
  readonly ledger: Ledger;
  readonly context: RunContext;
}

/**
 * Finishes or undoes an update that a dead process left: what was judged healthy stays, everything else is
 * undone. The site is asked for the truth; each undo may be run again.
 */
export async function recoverUpdate(
  services: RollbackServices,
  site: Site | null,
  orphan: Orphan,
  context: RunContext,
): Promise<RunResult> {
  const { data: plan } = RunPlan.safeParse(orphan.plan);
  if (site === null || plan === undefined || plan.privateFolder === null) return NOTHING;
  const hands = handsFor(services, site, context.signal).patient();
  const ledger = ledgerFrom(context, plan);
  const runId = orphan.run.id;
  const operations = operationsFor(services, { site, hands, context, runId, ledger });
  const recovering = { runId, operations, ledger, context };
  const { ours, report } = await operations.takeUp();
  if (report !== null && (!ours || report.brought)) return finishReported(services, recovering, report);
  if (!ours) {
    // The lock is given back last: without it, everything was settled, or nothing had begun.
    const kept = keptIn(plan);
    return kept === '' ? NOTHING : { state: 'done', summary: `Updated: ${kept}.` };
  }
  const undone = await undoWhatIsLeft(services, recovering, swappedBy(orphan), report);
  await settle(services, recovering);
  await services.afterRun(site);
  const kept = keptIn(ledger.plan);
  if (undone.length > 0)
    return {
      state: 'rolled-back',
      summary: `Groundskeeper ended during the update; the site was brought back: ${undone.join(', ')}.`,
    };
  return kept === ''
    ? {
        state: 'cancelled',
        summary: 'Groundskeeper ended before anything was swapped; the site is as it was.',
      }
    : { state: 'done', summary: `Groundskeeper ended during the update, which was finished: ${kept}.` };
}

/** Slugs of what may have been swapped. */
function swappedBy({ steps }: Orphan): ReadonlySet<string> {
  return new Set(steps.filter(({ name }) => name.startsWith('swap ')).map(({ name }) => name.slice(5)));
}

/** @returns what was brought back, in words */
async function undoWhatIsLeft(
  services: RollbackServices,
  recovering: Recovering,
  swapped: ReadonlySet<string>,
  report: WatchdogReport | null,
): Promise<string[]> {
  const { operations, ledger, context } = recovering;
  // A report outweighs the journal also where it has no end: what the watchdog had begun to bring back is not whole any more.
  const begun = report?.part ?? null;
  const undone: string[] = [];
  try {
    for (const [index, part] of ledger.plan.parts.entries()) {
      const isLeft = index === begun ? part.outcome !== 'undone' : part.outcome === 'waiting';
      if (!isLeft || !swapped.has(part.slug)) continue;
      const title = `Bring ${part.name} ${part.from} back`;
      await context.step(`recover ${part.slug}`, { title }, async (step) => {
        await saveWhatCame(services, recovering, part);
        await operations.undo(part);
        await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
        await ledger.setPart(index, { outcome: 'undone' });
        step.detail('Done.');
      });
      undone.push(`${part.name} ${part.to} → ${part.from}`);
    }
    if (undone.length > 0) await settleBroughtBack(operations, context);
  } finally {
    operations.end();
    await operations.withdraw();
  }
  return undone;
}

function settle(services: RollbackServices, { runId, operations, ledger, context }: Recovering) {
  return context.step('settle', { title: 'Tidy up' }, async () => {
    operations.end();
    await settleUpdate(services, operations, { runId, plan: ledger.plan });
  });
}

/** The watchdog has brought the site back: that is noted and told, and what it left is tidied up. */
async function finishReported(
  services: RollbackServices,
  recovering: Recovering,
  report: WatchdogReport,
): Promise<RunResult> {
  const { operations, ledger, context } = recovering;
  const part = report.part === null ? undefined : ledger.plan.parts[report.part];
  const isWatchdog = report.by === 'watchdog';
  const title = isWatchdog ? 'Hear what the watchdog did' : 'Hear what another computer did';
  await context.step('watchdog report', { title }, async (step) => {
    await ledger.save(heed(ledger.plan, report));
    if (part !== undefined) await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
    for (const line of report.lines.filter(({ outcome }) => outcome === 'failed'))
      context.log('warning', `The watchdog, at “${line.step}”: ${line.words}`);
    step.detail(toldOf(report));
  });
  await settle(services, recovering);
  await services.afterRun(operations.site);
  const kept = keptIn(ledger.plan);
  const done = kept === '' ? '' : ` Updated: ${kept}.`;
  const who = isWatchdog
    ? 'the watchdog on the server brought the site back by itself'
    : 'another computer has brought the site back since';
  return part === undefined
    ? {
        state: kept === '' ? 'cancelled' : 'done',
        summary: `Groundskeeper fell silent during the update; nothing was swapped just then, and the watchdog on the server let visitors in.${done}`,
      }
    : {
        state: 'rolled-back',
        summary: `Groundskeeper fell silent during the update; ${who}: ${part.name} ${part.to} → ${part.from}.${done}`,
      };
}

/** Where visitors may have come in meanwhile, what they wrote is kept in a backup before the dump goes back. */
async function saveWhatCame(
  { clock }: RollbackServices,
  { operations, context }: Recovering,
  part: JournaledPart,
): Promise<void> {
  const dumped = part.dump !== null || part.storedDump !== undefined;
  const reopened = part.offlineAt !== null && clock() - part.offlineAt > OPEN_AGAIN;
  if (!dumped || !reopened) return;
  const { root } = operations.site;
  const touches = below(part.items.map(({ live }) => live.slice(root.length + 1)));
  try {
    const backup = await operations.backUp({ reason: 'before-rollback', touches });
    context.log('warning', `The site as it was found is in backup ${backup.id}.`);
  } catch (error) {
    context.log(
      'warning',
      `The site could not be backed up as it was before its database went back: ${wordsOf(error)}`,
    );
  }
}

function keptIn(plan: RunPlan): string {
  return plan.parts
    .filter((part) => part.outcome === 'kept')
    .map((part) => `${part.name} ${part.to}`)
    .join(', ');
}
