import { implement } from '@orpc/server';
import {
  examineSite,
  expectedSteps,
  planUpdate,
  previewRollback,
  rollBack,
  ROLLBACK_STEPS,
  updateSite,
  updateToUndo,
} from '../../updates/index.ts';
import type { Orphan } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem, type RunId, type SiteId } from '../../words/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';

const NEVER = new AbortController().signal;

/** Updates and rollbacks. */
export function updateProcedures(services: Services) {
  const api = implement(contract).updates;
  const { updates, records, sites } = services;
  return {
    list: api.list.handler(({ input }) => records.updates(input.siteId)),
    examine: api.examine.handler(({ input, signal }) =>
      examineSite(updates, sites.get(input.siteId), signal ?? NEVER),
    ),
    plan: api.plan.handler(async ({ input, signal }) => {
      const site = sites.get(input.siteId);
      refuseWithoutUpdates(services, site);
      return planUpdate(updates, site, input.choices, signal ?? NEVER);
    }),
    start: api.start.handler(async ({ input }) => {
      const site = sites.get(input.siteId);
      refuseWithoutUpdates(services, site);
      await refuseInterrupted(services, site.id);
      const waiting = await records.updates(site.id);
      const parts = input.choices.map((choice) => {
        const update = waiting.find(
          (one) => one.component.slug === choice.slug && one.component.kind === choice.kind,
        );
        return {
          slug: choice.slug,
          name: update?.component.name ?? choice.slug,
          to: update?.release.version ?? choice.version ?? '',
        };
      });
      const names = parts.map(({ name, to }) => (to === '' ? name : `${name} to ${to}`));
      const run = await services.runs.start(
        {
          kind: 'update',
          site: { id: site.id, name: site.name },
          title: names.length > 2 ? `Update ${names.length} components` : `Update ${names.join(' and ')}`,
          expected: expectedSteps(parts, site),
          plan: {},
        },
        services.hostOf(site),
        (context) => updateSite(updates, site, input, context),
      );
      return { runId: run.id };
    }),
    rollbackPreview: api.rollbackPreview.handler(({ input, signal }) =>
      previewRollback(
        updates,
        sites.get(input.siteId),
        { runId: input.runId ?? null, to: input.to, components: input.components ?? null },
        signal ?? NEVER,
      ),
    ),
    rollback: api.rollback.handler(async ({ input }) => {
      const site = sites.get(input.siteId);
      const { force } = input;
      if (!force) await refuseInterrupted(services, site.id);
      const found = force ? await finishCutOff(services, site.id, input.runId) : { cutOff: null, done: null };
      if (found.done !== null) return { runId: found.done };
      const { cutOff } = found;
      const choice = {
        ...{ runId: input.runId ?? null, to: input.to, components: input.components ?? null },
        ...{ database: input.database, force, cutOff },
      };
      const { parts } = await updateToUndo(updates, site, choice);
      const run = await services.runs.start(
        {
          kind: 'rollback',
          site: { id: site.id, name: site.name },
          title:
            parts.length > 2
              ? `Roll back ${parts.length} components`
              : `Roll back ${parts.map((part) => `${part.name} to ${part.from}`).join(' and ')}`,
          expected: ROLLBACK_STEPS.map((step) => ({ ...step })),
          plan: {},
        },
        services.hostOf(site),
        async (context) => {
          const result = await rollBack(updates, site, choice, context);
          if (cutOff !== null && result.state === 'done')
            await services.runs.conclude(cutOff.run.id, {
              state: 'rolled-back',
              summary: 'It was cut off and could not be recovered; it was taken back by force.',
            });
          return result;
        },
      );
      return { runId: run.id };
    }),
  };
}

/**
 * A forced rollback first has what was cut off recovered.
 * @returns `done`: by that the update that was meant is taken back already; `cutOff`: what could not be recovered
 */
async function finishCutOff(
  services: Services,
  siteId: SiteId,
  meant: RunId | undefined,
): Promise<{ cutOff: Orphan | null; done: RunId | null }> {
  const ofSite = async () => (await services.runs.interrupted()).find(({ run }) => run.siteId === siteId);
  const orphan = await ofSite();
  if (orphan === undefined) return { cutOff: null, done: null };
  const recovered = await services.recover(siteId);
  const still = await ofSite();
  if (still !== undefined) return { cutOff: still, done: null };
  const own = recovered.find(({ id }) => id === orphan.run.id);
  const isMeant = own?.kind === 'update' && (meant === undefined || meant === own.id);
  return { cutOff: null, done: isMeant && own.state !== 'done' ? own.id : null };
}

/** A site with a run that was cut off is first brought into order. */
export async function refuseInterrupted(services: Services, siteId: SiteId): Promise<void> {
  const orphan = (await services.runs.interrupted()).find(({ run }) => run.siteId === siteId);
  if (!orphan) return;
  throw new Problem({
    code: 'interrupted-run',
    message: `“${orphan.run.title}” was cut off and has to be finished or undone first.`,
    todo: 'Press “Recover” in Activity, or run `groundskeeper runs recover`.',
  });
}

function refuseWithoutUpdates(services: Services, site: Site): void {
  const { recipe } = services.platforms.get(site.platform);
  if (recipe.updates) return;
  throw new Problem({
    code: 'no-updates',
    message: `${site.name} is “${recipe.name}”: it can be backed up and restored, but knows no updates.`,
    todo: 'If it is an installation of something else, change its platform on the connection page.',
  });
}
