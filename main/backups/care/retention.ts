import { z } from 'zod';
import type { BackupId, SiteId } from '../../words/index.ts';

const DAY = 86_400_000;
const count = (usual: number) => z.number().int().min(0).max(10_000).default(usual);

/**
 * Which backups of a site are kept. Each rule keeps some, none takes away what another keeps.
 * Days, weeks (from Monday) and months are those of the calendar in `timeZone`.
 */
export const RetentionPolicy = z.object({
  /** The newest so many. */
  last: count(5),
  /** All that are younger than so many times 24 hours. */
  everythingDays: count(3),
  /** The newest of each of the latest so many days that have a backup; so with weeks and months. */
  daily: count(14),
  weekly: count(8),
  monthly: count(12),
  /**
   * The newest so many are kept whatever the rest says. Apart from `last`, and never 0, so that no setting of the
   * other rules leaves a site without. (Not “fill up to so many”: then a rule that keeps more could cost another.)
   */
  atLeast: z.number().int().min(1).max(10_000).default(3),
  timeZone: z
    .string()
    .refine(isTimeZone, 'not a time zone')
    .default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
});
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;

/** What the rules look at. `pinned`: by the user, or by whoever still needs it (a rollback). */
export interface Retainable {
  readonly id: BackupId;
  readonly siteId: SiteId;
  readonly takenAt: number;
  readonly pinned: boolean;
}

/** Why a backup is kept. `place` counts from 1, the newest; `period` is `2026-11-21`, `2026-W47` or `2026-11`. */
export type KeepReason =
  | { readonly rule: 'pinned' | 'future' }
  | { readonly rule: 'last' | 'at-least'; readonly place: number }
  | { readonly rule: 'everything'; readonly days: number }
  | { readonly rule: 'daily' | 'weekly' | 'monthly'; readonly period: string; readonly place: number };

export interface Retention {
  readonly id: BackupId;
  readonly siteId: SiteId;
  readonly takenAt: number;
  /** Every reason to keep it; none: it may go. */
  readonly reasons: readonly KeepReason[];
  readonly keep: boolean;
}

/**
 * Says for each backup whether it is kept, and each reason why; newest first. Each site is decided for itself.
 * A backup dated after `now` (a clock was wrong) is kept, and uses up no place: how old it is can't be known.
 */
export function decide(backups: readonly Retainable[], policy: RetentionPolicy, now: number): Retention[] {
  const bySite = Map.groupBy(backups, ({ siteId }) => siteId);
  return [...bySite.values()].flatMap((ofSite) => decideSite(ofSite, policy, now)).sort(newestFirst);
}

function decideSite(backups: readonly Retainable[], policy: RetentionPolicy, now: number): Retention[] {
  const dayOf = calendarIn(policy.timeZone);
  const periods = [
    { rule: 'daily', most: policy.daily, of: dayOf, seen: new Set<string>() },
    { rule: 'weekly', most: policy.weekly, of: (at: number) => weekOf(dayOf(at)), seen: new Set<string>() },
    {
      rule: 'monthly',
      most: policy.monthly,
      of: (at: number) => dayOf(at).slice(0, -3),
      seen: new Set<string>(),
    },
  ] as const;
  let place = 0;
  return [...backups].sort(newestFirst).map(({ id, siteId, takenAt, pinned }) => {
    const reasons: KeepReason[] = pinned ? [{ rule: 'pinned' }] : [];
    if (takenAt > now) {
      reasons.push({ rule: 'future' });
    } else {
      place += 1;
      if (place <= policy.last) reasons.push({ rule: 'last', place });
      if (place <= policy.atLeast) reasons.push({ rule: 'at-least', place });
      if (now - takenAt < policy.everythingDays * DAY)
        reasons.push({ rule: 'everything', days: policy.everythingDays });
      for (const { rule, most, of, seen } of periods) {
        const period = of(takenAt);
        if (seen.has(period)) continue;
        seen.add(period);
        if (seen.size <= most) reasons.push({ rule, period, place: seen.size });
      }
    }
    return { id, siteId, takenAt, reasons, keep: reasons.length > 0 };
  });
}

/** Newest first; of two at the same instant the order is theirs by name, so that it is always the same. */
function newestFirst(a: Pick<Retainable, 'id' | 'takenAt'>, b: Pick<Retainable, 'id' | 'takenAt'>): number {
  return b.takenAt - a.takenAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The day of an instant, `2026-11-21`, as the calendar on a wall of that zone has it. */
function calendarIn(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (at) => {
    const part = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return `${part.get('year')}-${part.get('month')}-${part.get('day')}`;
  };
}

/** The ISO 8601 week of a day: it belongs to the year that its Thursday lies in. */
function weekOf(day: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const weekday = (new Date(midnight).getUTCDay() + 6) % 7;
  const thursday = new Date(midnight + (3 - weekday) * DAY);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY));
  return `${year}-W${String(week).padStart(2, '0')}`;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
