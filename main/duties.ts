import { backUpRun, drillRun, pruneRun, rollingRun, startCheck, type Services } from './api/index.ts';
import { overdueNotice, type Notice } from './notify/index.ts';
import { backupInterval, isOverdue } from './policies/index.ts';
import { isDue, isWorthPruning, turnsDue, type Duty, type Turn } from './schedule/index.ts';
import type { Site } from './sites/index.ts';
import type { SiteId } from './words/index.ts';

const DAILY = 24;
const WEEKLY = 7 * DAILY;
const MONTHLY = 30 * DAILY;
/** Automatic backups at once, so that the rest of the app and the user's line have room. */
const AT_ONCE = 3;

/** Everything that is done by itself, in the order of what matters most. */
export function dutiesOf(services: Services, tell: (notice: Notice) => void): Duty[] {
  const failed: Failed = new Map();
  return [
    checks(services),
    backups(services, failed),
    proving(services),
    drills(services),
    pruning(services),
    overdue(services, failed, tell),
  ];
}

function checks(services: Services): Duty {
  const { settings, sites, records, runs } = services;
  return {
    name: 'check',
    async look(now) {
      const { automatic, everyHours } = settings.get().checks;
      if (!automatic || sites.list().length === 0) return;
      const results = [...(await records.results()).values()].map((result) => result.checkedAt);
      if (!isDue(now, results.length === 0 ? null : Math.max(...results), everyHours)) return;
      const run = await startCheck(services, sites.list(), false);
      await runs.ended(run.id);
    },
  };
}

/** When each site of the registry was last backed up. */
async function lastBackups({ store }: Services): Promise<Map<SiteId, number>> {
  const last = new Map<SiteId, number>();
  for (const { siteId, takenAt } of await store.list()) if (!last.has(siteId)) last.set(siteId, takenAt);
  return last;
}

function intervalOf({ settings }: Services, site: Site) {
  return backupInterval(site.settings.backups.every, settings.get().backups);
}

/** Sites whose automatic backup failed, how often in a row and when. Of this process: after a restart each is tried at once. */
type Failed = Map<SiteId, { failures: number; failedAt: number }>;

function backups(services: Services, failed: Failed): Duty {
  const { sites, runs, store, clock } = services;
  const backUp = async (id: SiteId) => {
    const site = sites.list().find((one) => one.id === id);
    if (site === undefined) return;
    const started = await backUpRun(services, site, 'scheduled');
    const { state } = await runs.ended(started.id);
    if (state === 'done') failed.delete(id);
    else failed.set(id, { failures: (failed.get(id)?.failures ?? 0) + 1, failedAt: clock() });
  };
  return {
    name: 'backup',
    async look(now, signal) {
      if (store.state().locked) return;
      const scheduled = sites.list().flatMap((site) => {
        const every = intervalOf(services, site);
        return typeof every === 'number' ? [{ id: site.id, everyHours: every }] : [];
      });
      if (scheduled.length === 0) return;
      const last = await lastBackups(services);
      const busy = new Set(runs.live().map(({ siteId }) => siteId));
      const cutOff = new Set((await runs.interrupted()).map(({ run }) => run.siteId));
      const waiting = turnsDue(
        now,
        scheduled.map(({ id, everyHours }): Turn<SiteId> => ({
          id,
          everyHours,
          last: last.get(id) ?? null,
          ...(failed.get(id) ?? { failures: 0, failedAt: 0 }),
        })),
        // A site that is half updated is no backup.
      ).filter((id) => !busy.has(id) && !cutOff.has(id));
      const next = async (): Promise<void> => {
        const id = waiting.shift();
        if (id === undefined || signal.aborted) return;
        await backUp(id);
        await next();
      };
      await Promise.all(Array.from({ length: AT_ONCE }, next));
    },
  };
}

function proving(services: Services): Duty {
  const { settings, store, lastDone, runs } = services;
  return {
    name: 'prove',
    async look(now) {
      if (settings.get().backups.proveWithinDays === 0 || store.state().locked) return;
      if ((await store.size()) === 0) return;
      if (!isDue(now, await lastDone.of('prove'), DAILY)) return;
      const run = await rollingRun(services);
      await runs.ended(run.id);
    },
  };
}

function drills(services: Services): Duty {
  const { settings, store, lastDone, runs, sites } = services;
  return {
    name: 'drill',
    async look(now, signal) {
      if (!settings.get().backups.drillMonthly || store.state().locked) return;
      for (const site of sites.list()) {
        if (signal.aborted) return;
        const ofSite = await store.list(site.id);
        const [newest] = ofSite;
        if (newest === undefined || runs.live().some(({ siteId }) => siteId === site.id)) continue;
        const proved = Math.max(0, ...ofSite.map(({ proof }) => proof?.at ?? 0));
        // A drill that failed has said so; it is not tried again every minute.
        const tried = (await lastDone.of(`drill ${site.id}`)) ?? 0;
        if (!isDue(now, Math.max(proved, tried) || null, MONTHLY)) continue;
        await lastDone.set(`drill ${site.id}`, now);
        const run = await drillRun(services, newest, null);
        await runs.ended(run.id);
      }
    },
  };
}

function pruning(services: Services): Duty {
  const { settings, store, lastDone, runs } = services;
  return {
    name: 'prune',
    async look(now, signal) {
      if (!settings.get().backups.thin || store.state().locked) return;
      if (!isDue(now, await lastDone.of('prune'), WEEKLY)) return;
      await lastDone.set('prune', now);
      const plan = await store.prune({ dryRun: true }, signal, () => {});
      if (!isWorthPruning(plan)) return;
      const run = await pruneRun(services, false);
      await runs.ended(run.id);
    },
  };
}

function overdue(services: Services, failed: Failed, tell: (notice: Notice) => void): Duty {
  const { settings, sites, store, lastDone, runs } = services;
  return {
    name: 'overdue',
    async look(now) {
      const preferences = settings.get();
      if (!preferences.notifications.overdue || store.state().locked) return;
      if (!isDue(now, await lastDone.of('overdue'), DAILY)) return;
      const last = await lastBackups(services);
      const underWay = new Set(runs.live().map(({ siteId }) => siteId));
      const late = sites.list().filter(
        (site) =>
          !underWay.has(site.id) &&
          // What is about to be caught up with, after a holiday say, is no news.
          (typeof intervalOf(services, site) !== 'number' || failed.has(site.id)) &&
          isOverdue(
            now,
            { last: last.get(site.id) ?? null, addedAt: site.addedAt, every: intervalOf(services, site) },
            preferences.backups.overdueDays,
          ),
      );
      if (late.length === 0) return;
      await lastDone.set('overdue', now);
      tell(overdueNotice(late.map(({ name }) => name)));
    },
  };
}
