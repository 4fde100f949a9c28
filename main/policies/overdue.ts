const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How often a site is backed up by itself, in hours; null: not by itself, and it should be now and then all the same. */
export type BackupInterval = number | 'never' | null;

/**
 * How often a site is backed up: its own word, else the preferences'.
 * @param own null: as the preferences say
 */
export function backupInterval(
  own: BackupInterval,
  preferences: { readonly automatic: boolean; readonly everyHours: number },
): BackupInterval {
  return own ?? (preferences.automatic ? preferences.everyHours : null);
}

/**
 * Whether a site's last backup is older than wanted. A site that was added just now is not overdue, nor one that is never to be
 * backed up; one that is backed up more seldom than `overdueDays` is a day after its time.
 * @param last when it was last backed up, null: never
 */
export function isOverdue(
  now: number,
  site: { readonly last: number | null; readonly addedAt: number; readonly every: BackupInterval },
  overdueDays: number,
): boolean {
  if (site.every === 'never') return false;
  const wanted = Math.max(overdueDays * DAY, site.every === null ? 0 : site.every * HOUR + DAY);
  return now - (site.last ?? site.addedAt) > wanted;
}
