import { asProblem, joinRemote } from '../words/index.ts';
import { atMost } from './attempts.ts';
import { healthOf } from './health.ts';
import { holdingSite } from './holding.ts';
import { compareInPlace } from './in-place.ts';
import { prepareKept } from './kept-back.ts';
import { layFromStore } from './lay-from-store.ts';
import { pathsOf } from './old-version.ts';
import type { SwapItem } from './remote.ts';
import { restoreDatabase } from './restore-database.ts';
import { restorePaths } from './restore-site.ts';
import type { BringingBack, RollbackMeans, RollingBack } from './rollback-held.ts';
import type { RollbackServices } from './services.ts';
import type { SiteLock } from './site-lock.ts';
import { bringItemsBack } from './undo.ts';

/** A rollback over a shell, under a watchdog that brings the site back as it was found. */
export function rollbackByShell(services: RollbackServices, rolling: RollingBack): RollbackMeans {
  const { site, hands, context } = rolling;
  const health = healthOf(services, hands, site, context);
  const hold: RollbackMeans['hold'] = (php, work) =>
    holdingSite(services, { ...rolling, php }, (held) => {
      const { patient, lock } = held;
      let closes = false;
      let offline = false;
      let laid: readonly SwapItem[] | null = null;
      held.expectGuard();
      return work({
        patient,
        async layReady(what) {
          laid = await layWhole(what, lock);
        },
        backUp: (how) => services.backUp(site, 'before-rollback', context, how),
        async close() {
          closes = true;
        },
        async bringBack({ title, parts, old, backupId, isKept, withDatabase }) {
          const trying = atMost(patient);
          const kept = parts.flatMap((part) => part.items);
          const items = isKept ? kept : (laid ?? []);
          const { forward, back } = await prepareKept(patient, lock, items);
          // Not while the old version is only laid ready.
          if (closes) {
            offline = true;
            await held.close(health.digest);
          }
          await held.guard({ name: title, items: back, database: withDatabase });
          const isOf = (item: SwapItem, path: string) =>
            path === item.live || path.startsWith(`${item.live}/`);
          const files = new Map(
            [...old.files].filter(([path]) => items.some((item) => isOf(item, joinRemote(site.root, path)))),
          );
          if (forward.length > 0)
            await trying(async (by) => {
              await bringItemsBack(by, services.scripts, forward, lock);
              await compareInPlace(by, files);
            });
          const paths = pathsOf(site, [
            { items: kept.filter(({ live }) => !items.some((item) => item.live === live)) },
          ]);
          const { progress } = context;
          if (paths.length > 0)
            await restorePaths(services, patient, lock, { backupId, paths, progress, trying });
          if (withDatabase) await restoreDatabase(services.store, patient, lock, backupId);
        },
        settleCode: (baseline) => health.settleCode(patient, baseline, { lock, offline }),
        takeBack: () => held.takeBack(),
        keep: () => held.keep(),
        remove: (folder) => held.remove(folder),
      });
    });
  return { health, hold };

  /** Whole folders from the store, so that they change places at once; what cannot be laid ready so comes file by file. */
  async function layWhole(
    { parts, backupId, old: { files } }: BringingBack,
    lock: SiteLock,
  ): Promise<readonly SwapItem[]> {
    const { progress } = context;
    const whole = parts
      .flatMap((part) => part.items)
      .filter(({ kind, inode, staged }) => kind === 'folder' && inode !== null && staged !== null);
    const folders = pathsOf(site, [{ items: whole }]);
    return layFromStore(services, hands, lock, { backupId, folders, files, progress }).catch(
      (error: unknown) => {
        context.signal.throwIfAborted();
        const { code, message, answered } = asProblem(error);
        if (code === 'connection-lost') throw error;
        context.log('info', `The old version comes file by file: ${message} ${answered}`.trim());
        return [];
      },
    );
  }
}
