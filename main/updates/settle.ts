import { joinRemote, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { KeptTrees } from './kept.ts';
import type { RunPlan } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { goOnline, leaveSite } from './undo.ts';

/**
 * The end of every update, finished or recovered: visitors are let in, what is not needed any more goes, old
 * trees of what stayed are noted for an instant rollback, and the site is let go of.
 */
export async function settleUpdate(
  services: { readonly kept: KeptTrees; readonly keepOldDays: () => number },
  hands: Hands,
  lock: SiteLock,
  plan: RunPlan,
  offline: boolean,
): Promise<void> {
  const { privateFolder, runFolder, runId } = lock;
  if (offline) await goOnline(hands, lock, plan.php);
  const parts = plan.parts.filter((part) => part.outcome === 'kept');
  const days = services.keepOldDays();
  let remove: RemotePath[] = [runFolder];
  if (parts.length > 0 && plan.backupId !== null && days > 0) {
    remove = ['staged', 'new', 'dump'].map((name) => joinRemote(runFolder, name));
    await services.kept.keep(
      runId,
      hands.site.id,
      { runFolder, privateFolder, backupId: plan.backupId, parts },
      days,
    );
  }
  await leaveSite(hands, lock, remove);
}
