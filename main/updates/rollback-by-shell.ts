import { atMost } from './attempts.ts';
import { healthOf } from './health.ts';
import { holdingSite } from './holding.ts';
import { compareInPlace } from './in-place.ts';
import { prepareKept } from './kept-back.ts';
import { pathsOf } from './old-version.ts';
import { restoreDatabase } from './restore-database.ts';
import { restorePaths } from './restore-site.ts';
import type { RollbackMeans, RollingBack } from './rollback-held.ts';
import type { RollbackServices } from './services.ts';
import { bringItemsBack } from './undo.ts';

/** A rollback over a shell, under a watchdog that brings the site back as it was found. */
export function rollbackByShell(services: RollbackServices, rolling: RollingBack): RollbackMeans {
  const { site, hands, context } = rolling;
  const health = healthOf(services, hands, site, context);
  const hold: RollbackMeans['hold'] = (php, work) =>
    holdingSite(services, { ...rolling, php }, (held) => {
      const { patient, lock } = held;
      let offline = false;
      held.expectGuard();
      return work({
        patient,
        backUp: (how) => services.backUp(site, 'before-rollback', context, how),
        async close() {
          offline = true;
          await held.close(health.digest);
        },
        async bringBack({ title, parts, old, backupId, isKept, withDatabase }) {
          const trying = atMost(patient);
          if (isKept) {
            const items = parts.flatMap((part) => part.items);
            const { forward, back } = await prepareKept(patient, lock, items);
            await held.guard({ name: title, items: back, database: withDatabase });
            await trying(async (by) => {
              await bringItemsBack(by, services.scripts, forward, lock);
              await compareInPlace(by, old.files);
            });
          } else {
            await held.guard({ name: title, items: [], database: withDatabase });
            const paths = pathsOf(site, parts);
            const { progress } = context;
            await restorePaths(services, patient, lock, { backupId, paths, progress, trying });
          }
          if (withDatabase) await restoreDatabase(services.store, patient, lock, backupId);
        },
        settleCode: (baseline) => health.settleCode(patient, baseline, { lock, offline }),
        takeBack: () => held.takeBack(),
        keep: () => held.keep(),
        remove: (folder) => held.remove(folder),
      });
    });
  return { health, hold };
}
