import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem } from '../words/index.ts';
import { handsFor } from './hands.ts';
import { planningFor } from './means.ts';
import type { Looked, Planning } from './operations.ts';
import { needsConsent } from './outlive.ts';
import { namesOfMigrating } from './part.ts';
import type { Choice, UpdatePlan } from './plan.ts';
import { partTitle } from './prepare.ts';
import type { UpdateServices, UpdateWish } from './services.ts';
import { isDown } from './site-down.ts';

/** What an update would do, found out without writing anything on the site. */
export async function planUpdate(
  services: UpdateServices,
  site: Site,
  choices: readonly Choice[],
  signal: AbortSignal,
): Promise<UpdatePlan> {
  const planning = planningFor(services, handsFor(services, site, signal));
  const [{ plan, parts }, runs, down] = await Promise.all([
    planning.look({ choices, runId: null, progress: () => {} }),
    planning.undoesByItself(),
    isDown(site, signal),
  ]);
  for (const part of parts) part.package.close();
  const migrates = plan.updates.some((update) => update.migrates !== 'no');
  return { ...plan, watchdog: { runs, needsConsent: migrates && !runs }, down };
}

/** 1–2: preflight and packages, which only read. */
export async function preflight(
  planning: Planning,
  { choices, withoutWatchdog }: Pick<UpdateWish, 'choices' | 'withoutWatchdog'>,
  context: RunContext,
): Promise<Pick<Looked, 'parts' | 'place'>> {
  return context.step('preflight', { title: 'Look whether it can be done' }, async (step) => {
    const { parts, plan, place } = await planning.look({
      choices,
      runId: context.runId,
      progress: context.progress,
    });
    try {
      const [blocker] = plan.blockers;
      if (blocker) throw new Problem(blocker);
      const migrating = namesOfMigrating(
        parts.map(({ update, migrates }) => ({ migrates, name: update.component.name })),
      );
      // Before anything is backed up and uploaded; what is true is told when the watchdog is armed.
      if (migrating.length > 0 && !withoutWatchdog && !(await planning.undoesByItself()))
        throw needsConsent(migrating);
      for (const warning of plan.warnings) context.log('warning', warning);
      step.detail(parts.map((part) => partTitle(part.update)).join(', '));
      return { parts, place };
    } catch (error) {
      for (const part of parts) part.package.close();
      throw error;
    }
  });
}
