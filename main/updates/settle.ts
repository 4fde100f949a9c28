import type { RunContext } from '../runs/index.ts';
import { joinRemote, wordsOf, type RemotePath, type RunId } from '../words/index.ts';
import { NOT_LOOKED_AT } from './health.ts';
import type { KeptTrees } from './kept.ts';
import type { Operations } from './operations.ts';
import type { RunPlan } from './run-plan.ts';

interface SettleServices {
  readonly kept: KeptTrees;
  readonly keepOldDays: () => number;
}

/**
 * The end of every update, finished or recovered: visitors are let in, what is not needed any more goes, old
 * trees of what stayed are noted for an instant rollback, and the site is let go of.
 */
export async function settleUpdate(
  services: SettleServices,
  operations: Operations,
  { runId, plan }: { readonly runId: RunId; readonly plan: RunPlan },
): Promise<void> {
  if (operations.mayBeClosed) await operations.open();
  await operations.leave(await noteKept(services, operations, runId, plan));
}

/** PHP is told what was brought back. A site that cannot be asked is in order all the same, as soon as PHP looks. */
export async function settleBroughtBack(operations: Operations, context: RunContext): Promise<void> {
  await operations
    .settleCode(NOT_LOOKED_AT)
    .catch((error: unknown) => context.log('warning', wordsOf(error)));
}

/** Notes the old trees of what stayed. @returns what of the run's folder is not needed any more */
async function noteKept(
  services: SettleServices,
  { site, privateFolder, runFolder, leftovers }: Operations,
  runId: RunId,
  plan: RunPlan,
): Promise<RemotePath[]> {
  const parts = plan.parts.filter((part) => part.outcome === 'kept');
  const days = services.keepOldDays();
  if (parts.length === 0 || plan.backupId === null || days === 0) return [runFolder];
  const tree = { runFolder, privateFolder, backupId: plan.backupId, parts };
  await services.kept.keep(runId, site.id, tree, days);
  return leftovers.map((name) => joinRemote(runFolder, name));
}
