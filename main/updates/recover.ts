import { run, sh } from '../connections/index.ts';
import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, type RunId } from '../words/index.ts';
import { createHands } from './hands.ts';
import { fence, unlockSite } from './remote.ts';
import type { RollbackServices } from './rollback.ts';
import { planJson, RunPlan } from './run-plan.ts';
import { goOnline, sweep, undoPart } from './undo.ts';

/** WordPress lets visitors back in by itself after ten minutes. */
const OPEN_AGAIN = 9 * 60_000;

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
  const parsed = RunPlan.safeParse(orphan.plan);
  if (
    !parsed.success ||
    site === null ||
    parsed.data.privateFolder === null ||
    parsed.data.runFolder === null
  ) {
    return { state: 'cancelled', summary: 'Groundskeeper ended before anything on the site was changed.' };
  }
  const plan = parsed.data;
  const { privateFolder, runFolder } = parsed.data;
  if (privateFolder === null || runFolder === null)
    return { state: 'cancelled', summary: 'Groundskeeper ended before anything on the site was changed.' };
  const runId: RunId = orphan.run.id;
  const hands = createHands({
    site,
    platform: services.platforms.get(site.platform),
    reach: services.reach,
    scripts: services.databaseScripts,
    signal: context.signal,
    now: services.clock(),
  }).patient();
  const before = fence(privateFolder, runId);
  const lock = { privateFolder, runId };

  const owner = await hands.on((connection) =>
    run(connection, sh`cat -- ${joinRemote(privateFolder, 'lock', 'owner')} 2>/dev/null; exit 0`, {
      attempted: 'Ask the site who owns it',
      signal: hands.signal,
      timeLimit: 30_000,
    }),
  );
  const owned = owner.stdout.toString('utf8') === runId;
  if (!owned) {
    // The lock is given back last: without it, everything was settled, or nothing had begun.
    const kept = plan.parts.filter((part) => part.outcome === 'kept');
    return kept.length > 0
      ? { state: 'done', summary: `Updated: ${kept.map((part) => `${part.name} ${part.to}`).join(', ')}.` }
      : { state: 'cancelled', summary: 'Groundskeeper ended before anything on the site was changed.' };
  }
  const undone: string[] = [];
  const swapped = new Set(
    orphan.steps.filter((step) => step.name.startsWith('swap ')).map((step) => step.name.slice(5)),
  );
  for (const [index, part] of plan.parts.entries()) {
    if (part.outcome !== 'waiting') continue;
    if (!swapped.has(part.slug)) continue;
    await context.step(
      `recover ${part.slug}`,
      { title: `Bring ${part.name} ${part.from} back` },
      async (step) => {
        const reopened = part.offlineAt !== null && services.clock() - part.offlineAt > OPEN_AGAIN;
        if (part.dump !== null && reopened) {
          // Visitors may have come in meanwhile: what they wrote is kept in a backup before the dump goes back.
          const backup = await services.backUp(site, 'before-rollback', context).catch(() => null);
          context.log(
            'warning',
            backup === null
              ? 'The site could not be backed up as it was before its database went back.'
              : `The site as it was found is in backup ${backup.id}.`,
          );
        }
        await undoPart(hands, services.scripts, part, before, true);
        await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
        plan.parts[index] = { ...part, outcome: 'undone' };
        await context.setPlan(planJson(plan));
        step.detail('Done.');
      },
    );
    undone.push(`${part.name} ${part.to} → ${part.from}`);
  }
  await context.step('settle', { title: 'Tidy up' }, async () => {
    await goOnline(hands, before, plan.php);
    const kept = plan.parts.filter((part) => part.outcome === 'kept');
    const keep = kept.length > 0 && plan.backupId !== null && services.keepOldDays() > 0;
    await sweep(
      hands,
      before,
      keep ? ['staged', 'new', 'dump'].map((name) => joinRemote(runFolder, name)) : [runFolder],
    );
    if (keep && plan.backupId !== null)
      await services.kept.keep(
        runId,
        site.id,
        { runFolder, privateFolder, backupId: plan.backupId, parts: kept },
        services.keepOldDays(),
      );
    await hands.on((connection) => unlockSite(connection, { ...lock, signal: hands.signal }));
  });
  await services.afterRun(site);
  const kept = plan.parts.filter((part) => part.outcome === 'kept').map((part) => `${part.name} ${part.to}`);
  if (undone.length > 0)
    return {
      state: 'rolled-back',
      summary: `Groundskeeper ended during the update; the site was brought back: ${undone.join(', ')}.`,
    };
  return kept.length > 0
    ? {
        state: 'done',
        summary: `Groundskeeper ended during the update, which was finished: ${kept.join(', ')}.`,
      }
    : {
        state: 'cancelled',
        summary: 'Groundskeeper ended before anything was swapped; the site is as it was.',
      };
}
