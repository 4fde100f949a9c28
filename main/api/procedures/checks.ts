import { implement } from '@orpc/server';
import { CHECK_STEPS, checkSites } from '../../checks/index.ts';
import type { Run } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem } from '../../words/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';

/** Starts one check of some sites (all when none is named). */
export async function startCheck(services: Services, sites: readonly Site[], force: boolean): Promise<Run> {
  const [only] = sites;
  if (!only)
    throw new Problem({
      code: 'no-sites',
      message: 'There is no site to check yet.',
      todo: 'Add a site first.',
    });
  const single = sites.length === 1;
  // Reading a site that is being updated would find it half swapped; it is read afterwards anyway.
  const busy = new Set(
    services.runs
      .live()
      .filter((run) => run.kind !== 'check')
      .map((run) => run.siteId),
  );
  const free = sites.filter((site) => single || !busy.has(site.id));
  return services.runs.start(
    {
      kind: 'check',
      site: single ? { id: only.id, name: only.name } : null,
      title: single ? `Check ${only.name}` : `Check ${sites.length} sites`,
      expected: CHECK_STEPS.map((step) => ({ ...step })),
      plan: { siteIds: sites.map((site) => site.id) },
    },
    null,
    (context) => checkSites(services.checks, free, force, context),
  );
}

/** Checks and what they found. */
export function checkProcedures(services: Services) {
  const api = implement(contract).checks;
  return {
    start: api.start.handler(async ({ input }) => {
      const sites =
        input.siteIds === undefined
          ? services.sites.list()
          : input.siteIds.map((id) => services.sites.get(id));
      const run = await startCheck(services, sites, input.force);
      return { runIds: [run.id] };
    }),
  };
}
