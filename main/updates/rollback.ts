import { setTimeout as wait } from 'node:timers/promises';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { handsFor } from './hands.ts';
import { healthOf, verdictSentence } from './health.ts';
import { judge } from './judge.ts';
import { holdingSite } from './holding.ts';
import { below } from './leave-out.ts';
import { OPCACHE } from './opcache.ts';
import { restoreDatabase } from './restore-database.ts';
import { restorePaths } from './restore-site.ts';
import {
  areKept,
  titleOf,
  updateToUndo,
  type RollbackChoice,
  type RollbackServices,
} from './rollback-preview.ts';
import type { JournaledPart } from './run-plan.ts';
import { undoPart } from './undo.ts';

export const ROLLBACK_STEPS = [
  { name: 'preflight', title: 'Look what can be brought back' },
  { name: 'backup', title: 'Back up the site as it is' },
  { name: 'undo', title: 'Bring the old version back' },
  { name: 'judge', title: 'Look at the site' },
  { name: 'settle', title: 'Tidy up' },
];

/** Takes an update back by hand: from the tree that was kept on the site, or from the store. */
export async function rollBack(
  services: RollbackServices,
  site: Site,
  choice: RollbackChoice,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, site, context.signal);
  const { record, parts } = await updateToUndo(services, site, choice);
  const { privateFolder, backupId } = record.tree;
  const health = healthOf(site, hands.platform, services.slowerTimes);
  const withDatabase = choice.database === 'restore';
  const title = titleOf(parts);

  const { kept, php, baseline } = await context.step(
    'preflight',
    { title: 'Look what can be brought back' },
    async (step) => {
      const found = await areKept(hands, parts);
      step.detail(
        found ? 'The old version still lies on the site.' : 'The old version comes from the backup.',
      );
      // The site may be dead: then PHP's path is the configured one, and the files come back all the same.
      const reading = await hands.reading().catch(() => null);
      return {
        kept: found,
        php: reading?.facts.php ?? site.settings.php ?? 'php',
        baseline: await health.look(context.signal, 1),
      };
    },
  );
  const ended = await holdingSite(services, { site, privateFolder, hands, context, php }, async (held) => {
    const { patient, lock } = held;
    await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      const backup = await services.backUp(site, 'before-rollback', context, below(pathsOf(site, parts)));
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
    });
    await context.step('undo', { title: `Bring ${title} back`, undo: { online: true } }, async () => {
      if (withDatabase) await held.close(health.digest);
      if (kept)
        for (const part of [...parts].reverse())
          await undoPart(patient, services.scripts, { ...part, dump: null }, lock, false);
      else
        await restorePaths(services, patient, lock, {
          backupId,
          paths: pathsOf(site, parts),
          progress: context.progress,
        });
      if (withDatabase) await restoreDatabase(services.store, patient, lock, backupId);
    });
    const verdict = await context.step('judge', { title: 'Look at the site' }, async (step) => {
      await wait(OPCACHE);
      const after = await health.look(patient.signal, 1);
      const found = judge(baseline, after, [], { slowerTimes: services.slowerTimes() });
      step.detail(verdictSentence(found));
      return found;
    });
    const rest = record.tree.parts.filter((part) => !parts.includes(part));
    if (rest.length > 0)
      await services.kept.keep(
        record.runId,
        site.id,
        { ...record.tree, parts: rest },
        services.keepOldDays(),
      );
    else {
      await services.kept.forget(record.runId);
      held.remove(record.tree.runFolder);
    }
    const worse = verdict.verdict === 'worse';
    return {
      state: 'done',
      summary: `${title} brought back${withDatabase ? ', with the database' : ''}.${worse ? ` But the site looks worse now: ${verdict.reasons.join(' ')}` : ''}`,
    };
  });
  await services.afterRun(site);
  return ended;
}

function pathsOf(site: Site, parts: readonly JournaledPart[]): string[] {
  return parts.flatMap((part) => part.items.map((item) => item.live.slice(site.root.length + 1)));
}
