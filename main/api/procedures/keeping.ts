import { decide, RetentionPolicy, type Backup, type Retention } from '../../backups/index.ts';
import type { StepHandle } from '../../runs/index.ts';
import type { KeepRules } from '../../settings/index.ts';
import { counted, Problem, type BackupId, type SiteId } from '../../words/index.ts';
import type { Services } from '../services.ts';

/** Runs during which no backup of their site goes: they may be reading one, or need it to undo what they do. */
const USES_BACKUPS: readonly string[] = ['update', 'rollback', 'restore', 'repair', 'verify'];

type Needs = Pick<Services, 'store' | 'sites' | 'runs' | 'settings' | 'updates' | 'clock'>;

/** Backups that something needs, and sites with a run that may need any of theirs. */
async function needed({ updates, runs, sites }: Needs) {
  const known = new Set(sites.list().map(({ id }) => id));
  const kept = await updates.kept.all();
  const cutOff = (await runs.interrupted()).map(({ run }) => run);
  const busy = [...runs.live(), ...cutOff].filter(({ kind }) => USES_BACKUPS.includes(kind));
  return {
    // What was kept for a rollback of a site that was removed since can never be asked for.
    backups: new Set(kept.flatMap(({ siteId, tree }) => (known.has(siteId) ? [tree.backupId] : []))),
    sites: new Set(busy.map(({ siteId }) => siteId)),
  };
}

/**
 * Says of every backup (of one site) whether the rules keep it, and why; newest first.
 * @param given.rules in place of those that are set; `own`: a site's own rules win over them (as they do unless said)
 */
export async function retentionOf(
  services: Needs,
  given: {
    readonly siteId?: SiteId | undefined;
    readonly rules?: KeepRules | undefined;
    readonly own?: boolean;
  } = {},
): Promise<Retention[]> {
  const { store, sites, settings, clock } = services;
  const [backups, need] = await Promise.all([store.list(given.siteId), needed(services)]);
  const own = new Map(
    given.own === false ? [] : sites.list().map((site) => [site.id, site.settings.backups.keep]),
  );
  const usual = given.rules ?? settings.get().backups.keep;
  const now = clock();
  return [...Map.groupBy(backups, ({ siteId }) => siteId)]
    .flatMap(([siteId, ofSite]) =>
      decide(
        ofSite.map(({ id, takenAt, pin }) => ({
          id,
          siteId,
          takenAt,
          pinned: pin !== null,
          needed: need.sites.has(siteId) || need.backups.has(id),
        })),
        RetentionPolicy.parse(own.get(siteId) ?? usual),
        now,
      ),
    )
    .sort((a, b) => b.takenAt - a.takenAt);
}

/** Backups that the rules do not keep. */
export async function spareBackups(services: Needs, siteId?: SiteId): Promise<Backup[]> {
  const going = new Set(
    (await retentionOf(services, { siteId })).flatMap(({ id, keep }) => (keep ? [] : [id])),
  );
  return (await services.store.list(siteId)).filter(({ id }) => going.has(id));
}

/** Removes what the rules do not keep, one by one, and says each in the run's log. @returns how many */
export async function removeSpare(
  services: Needs & Pick<Services, 'events'>,
  context: { readonly signal: AbortSignal; readonly log: (level: 'info', text: string) => void },
  step: Pick<StepHandle, 'detail'>,
  siteId?: SiteId,
): Promise<number> {
  const spare = await spareBackups(services, siteId);
  let removed = 0;
  try {
    for (const backup of spare) {
      context.signal.throwIfAborted();
      await services.store.remove(backup.id);
      removed += 1;
      context.log('info', `Removed: ${backup.siteName}, ${new Date(backup.takenAt).toISOString()}.`);
    }
  } finally {
    if (removed > 0) services.events.emit({ kind: 'backups', siteId: siteId ?? null });
    step.detail(`${counted(removed, 'backup')} removed.`);
  }
  return removed;
}

/**
 * Removes one backup that the user named.
 * @throws Problem `backup-needed` while a rollback or a run may need it, `backup-pinned`
 */
export async function removeNamed(services: Needs, backupId: BackupId): Promise<Backup> {
  const { backup } = await services.store.open(backupId);
  const need = await needed(services);
  if (need.backups.has(backupId) || need.sites.has(backup.siteId)) {
    throw new Problem({
      code: 'backup-needed',
      message: 'This backup is still needed, so it stays.',
      attempted: `Remove a backup of ${backup.siteName}`,
      answered: need.backups.has(backupId)
        ? 'An update of the site can still be taken back, and this is what would be put back.'
        : 'Something is under way on the site, or was cut off, that may need it.',
      todo: 'Try again when that is over; an update can be taken back for as many days as the settings say.',
    });
  }
  await services.store.remove(backupId);
  return backup;
}
