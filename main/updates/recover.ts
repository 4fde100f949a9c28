import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { handsFor, type Hands } from './hands.ts';
import { below } from './leave-out.ts';
import type { RollbackServices } from './rollback-preview.ts';
import { planJson, RunPlan, type JournaledPart } from './run-plan.ts';
import { settleUpdate } from './settle.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { undoPart } from './undo.ts';

/** WordPress lets visitors back in by itself after ten minutes. */
const OPEN_AGAIN = 9 * 60_000;

const NOTHING: RunResult = {
  state: 'cancelled',
  summary: 'Groundskeeper ended before anything on the site was changed.',
};

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
  const lock = siteLock(services.scripts, plan.privateFolder, orphan.run.id);
  if (!(await hands.on((connection) => lock.isOurs(connection, hands.signal)))) {
    // The lock is given back last: without it, everything was settled, or nothing had begun.
    const kept = keptIn(plan);
    return kept === '' ? NOTHING : { state: 'done', summary: `Updated: ${kept}.` };
  }
  const swapped = new Set(
    orphan.steps.filter((step) => step.name.startsWith('swap ')).map((step) => step.name.slice(5)),
  );
  const undone: string[] = [];
  for (const [index, part] of plan.parts.entries()) {
    if (part.outcome !== 'waiting' || !swapped.has(part.slug)) continue;
    await context.step(
      `recover ${part.slug}`,
      { title: `Bring ${part.name} ${part.from} back` },
      async (step) => {
        await bringBack(services, { site, hands, lock, context }, part);
        plan.parts[index] = { ...part, outcome: 'undone' };
        await context.setPlan(planJson(plan));
        step.detail('Done.');
      },
    );
    undone.push(`${part.name} ${part.to} → ${part.from}`);
  }
  await context.step('settle', { title: 'Tidy up' }, () => settleUpdate(services, hands, lock, plan, true));
  await services.afterRun(site);
  const kept = keptIn(plan);
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

interface Recovering {
  readonly site: Site;
  readonly hands: Hands;
  readonly lock: SiteLock;
  readonly context: RunContext;
}

async function bringBack(
  services: RollbackServices,
  { site, hands, lock, context }: Recovering,
  part: JournaledPart,
): Promise<void> {
  const reopened = part.offlineAt !== null && services.clock() - part.offlineAt > OPEN_AGAIN;
  if (part.dump !== null && reopened) {
    // Visitors may have come in meanwhile: what they wrote is kept in a backup before the dump goes back.
    const backup = await services
      .backUp(
        site,
        'before-rollback',
        context,
        below(part.items.map(({ live }) => live.slice(site.root.length + 1))),
      )
      .catch(() => null);
    context.log(
      'warning',
      backup === null
        ? 'The site could not be backed up as it was before its database went back.'
        : `The site as it was found is in backup ${backup.id}.`,
    );
  }
  await undoPart(hands, services.scripts, part, lock, true);
  await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
}

function keptIn(plan: RunPlan): string {
  return plan.parts
    .filter((part) => part.outcome === 'kept')
    .map((part) => `${part.name} ${part.to}`)
    .join(', ');
}
