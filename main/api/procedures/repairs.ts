import { implement } from '@orpc/server';
import { planRepair, releaseFile, repairSite, REPAIR_STEPS } from '../../updates/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';
import { startOf } from './backups.ts';
import { refuseInterrupted } from './updates.ts';

const NEVER = new AbortController().signal;

/** Files that differ from their release: named, looked at, put back. */
export function repairProcedures(services: Services) {
  const api = implement(contract).repairs;
  const { updates, sites } = services;
  return {
    plan: api.plan.handler(({ input, signal }) =>
      planRepair(updates, sites.get(input.siteId), input.choices ?? null, signal ?? NEVER),
    ),
    start: api.start.handler(async ({ input }) => {
      const site = sites.get(input.siteId);
      await refuseInterrupted(services, site.id);
      const run = await services.runs.start(
        {
          kind: 'repair',
          site: { id: site.id, name: site.name },
          title: `Repair ${site.name}`,
          expected: REPAIR_STEPS.map((step) => ({ ...step })),
          plan: {},
        },
        services.hostOf(site),
        (context) => repairSite(updates, site, input.choices ?? null, context),
      );
      return { runId: run.id };
    }),
    original: api.original.handler(async ({ input, signal }) => {
      const content = await releaseFile(updates, sites.get(input.siteId), input, input.path, signal ?? NEVER);
      return startOf(content.subarray(0, input.limit), content.length);
    }),
  };
}
