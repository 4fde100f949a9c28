import { z } from 'zod';
import { KeepRules } from '../../settings/index.ts';
import { BackupId, SiteId } from '../../words/index.ts';

const DAY = 86_400_000;

/** Which backups of a site are kept. Days, weeks (from Monday) and months are those of the calendar in `timeZone`. */
export const RetentionPolicy = KeepRules.extend({
  timeZone: z
    .string()
    .refine(isTimeZone, 'not a time zone')
    .default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
});
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;

/** What the rules look at. */
export interface Retainable {
  readonly id: BackupId;
  readonly siteId: SiteId;
  readonly takenAt: number;
  /** By the user. */
  readonly pinned: boolean;
  /** Something that is under way, or that can still be taken back, needs it. */
  readonly needed?: boolean;
}

/** Why a backup is kept. `place` counts from 1, the newest; `period` is `2026-11-21`, `2026-W47` or `2026-11`. */
export const KeepReason = z.discriminatedUnion('rule', [
  z.object({ rule: z.enum(['pinned', 'needed', 'future']) }),
  z.object({ rule: z.enum(['last', 'at-least']), place: z.number() }),
  z.object({ rule: z.literal('everything'), days: z.number() }),
  z.object({ rule: z.enum(['daily', 'weekly', 'monthly']), period: z.string(), place: z.number() }),
]);
export type KeepReason = z.infer<typeof KeepReason>;

export const Retention = z.object({
  id: BackupId,
  siteId: SiteId,
  takenAt: z.number(),
  /** Every reason to keep it; none: it may go. */
  reasons: z.array(KeepReason),
  keep: z.boolean(),
});
export type Retention = z.infer<typeof Retention>;

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
  return [...backups].sort(newestFirst).map(({ id, siteId, takenAt, pinned, needed = false }) => {
    const reasons: KeepReason[] = pinned ? [{ rule: 'pinned' }] : [];
    if (needed) reasons.push({ rule: 'needed' });
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
