import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, RetentionPolicy, type Retainable } from '../../../../main/backups/index.ts';
import { BackupId, SiteId } from '../../../../main/words/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21, 12);
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Asia/Tokyo',
  'America/St_Johns',
  'Pacific/Apia',
  'Australia/Lord_Howe',
];
const NOTHING = { last: 0, everythingDays: 0, daily: 0, weekly: 0, monthly: 0, atLeast: 1, timeZone: 'UTC' };

const bakery = SiteId.parse('site_bakery0');
const aBackup = (takenAt: number, index: number, pinned = false, siteId = bakery): Retainable => ({
  id: BackupId.parse(`backup_${String(index).padStart(6, '0')}`),
  siteId,
  takenAt,
  pinned,
});
const taken = (...times: (string | number)[]) =>
  times.map((time, index) => aBackup(typeof time === 'number' ? time : Date.parse(time), index));
const kept = (backups: readonly Retainable[], policy: RetentionPolicy, now = NOW) =>
  decide(backups, policy, now).flatMap(({ keep, id }) => (keep ? [id] : []));
const datesKept = (backups: readonly Retainable[], policy: Partial<RetentionPolicy>, now = NOW) =>
  decide(backups, { ...NOTHING, ...policy }, now).flatMap(({ keep, takenAt }) =>
    keep ? [new Date(takenAt).toISOString().slice(0, 16)] : [],
  );

const siteIds = [bakery, SiteId.parse('site_florist')];
/** Two years of backups at any hour, some at the same instant, some from a clock that ran ahead. */
const backups = fc
  .array(fc.tuple(fc.integer({ min: -30 * 24, max: 730 * 24 }), fc.boolean(), fc.constantFrom(...siteIds)), {
    maxLength: 60,
  })
  .map((list) =>
    list.map(([hours, pinned, siteId], index) => aBackup(NOW - hours * HOUR, index, pinned, siteId)),
  );
const few = fc.nat({ max: 12 });
const policy = fc.record({
  last: few,
  everythingDays: few,
  daily: few,
  weekly: few,
  monthly: few,
  atLeast: fc.integer({ min: 1, max: 12 }),
  timeZone: fc.constantFrom(...ZONES),
});

describe('what retention keeps, whatever the backups and the policy', () => {
  it('is every pinned backup, and every one dated in the future', () => {
    fc.assert(
      fc.property(backups, policy, (all, rules) => {
        const left = new Set(kept(all, rules));
        for (const { id, pinned, takenAt } of all) if (pinned || takenAt > NOW) expect(left).toContain(id);
      }),
    );
  });

  it('is at least so many of each site, and always its newest', () => {
    fc.assert(
      fc.property(backups, policy, (all, rules) => {
        const left = new Set(kept(all, rules));
        for (const siteId of siteIds) {
          const ofSite = all.filter((backup) => backup.siteId === siteId);
          const leftOfSite = ofSite.filter(({ id }) => left.has(id));
          expect(leftOfSite.length).toBeGreaterThanOrEqual(Math.min(rules.atLeast, ofSite.length));
          expect(Math.max(...leftOfSite.map(({ takenAt }) => takenAt))).toBe(
            Math.max(...ofSite.map(({ takenAt }) => takenAt)),
          );
        }
      }),
    );
  });

  it('is all of it and perhaps more under a larger policy', () => {
    const NUMBERS = ['last', 'everythingDays', 'daily', 'weekly', 'monthly', 'atLeast'] as const;
    fc.assert(
      fc.property(backups, policy, fc.constantFrom(...NUMBERS), few, (all, rules, grown, by) => {
        const larger = { ...rules, [grown]: rules[grown] + by };
        expect(kept(all, larger)).toEqual(expect.arrayContaining(kept(all, rules)));
      }),
    );
  });

  it('is the same, for the same reasons, once the rest is gone', () => {
    fc.assert(
      fc.property(backups, policy, (all, rules) => {
        const first = decide(all, rules, NOW).filter(({ keep }) => keep);
        const left = all.filter(({ id }) => first.some((one) => one.id === id));
        expect(decide(left, rules, NOW)).toEqual(first);
      }),
    );
  });

  it('does not depend on the order in which they are given, nor on another site', () => {
    fc.assert(
      fc.property(backups, policy, (all, rules) => {
        const decided = decide(all, rules, NOW);
        expect(decide([...all].reverse(), rules, NOW)).toEqual(decided);
        const alone = all.filter(({ siteId }) => siteId === bakery);
        expect(decide(alone, rules, NOW)).toEqual(decided.filter(({ siteId }) => siteId === bakery));
      }),
    );
  });

  it('is kept for a reason, and what is let go has none', () => {
    fc.assert(
      fc.property(backups, policy, (all, rules) => {
        const decided = decide(all, rules, NOW);
        expect(decided.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
        for (const { keep, reasons } of decided) expect(keep).toBe(reasons.length > 0);
      }),
    );
  });
});

describe('each rule', () => {
  it('keeps the newest of each of the latest days that have a backup, however long ago', () => {
    const all = taken('2026-01-03T08:00Z', '2026-01-03T20:00Z', '2025-06-01T09:00Z', '2024-01-01T00:00Z');
    expect(datesKept(all, { daily: 2 })).toEqual(['2026-01-03T20:00', '2025-06-01T09:00']);
  });

  it('counts weeks from Monday, over the turn of the year', () => {
    const all = taken('2026-12-27T12:00Z', '2026-12-28T12:00Z', '2027-01-03T12:00Z', '2027-01-04T12:00Z');
    const now = Date.parse('2027-01-05T00:00Z');
    expect(datesKept(all, { weekly: 3 }, now)).toEqual([
      '2027-01-04T12:00',
      '2027-01-03T12:00',
      '2026-12-27T12:00',
    ]);
    expect(decide(all, { ...NOTHING, weekly: 2 }, now)[1]?.reasons).toEqual([
      { rule: 'weekly', period: '2026-W53', place: 2 },
    ]);
  });

  it('counts days as the calendar of the zone has them', () => {
    const all = taken('2026-11-20T14:30Z', '2026-11-20T15:30Z');
    expect(datesKept(all, { daily: 9, timeZone: 'UTC' })).toEqual(['2026-11-20T15:30']);
    expect(datesKept(all, { daily: 9, timeZone: 'Asia/Tokyo' })).toEqual([
      '2026-11-20T15:30',
      '2026-11-20T14:30',
    ]);
  });

  it.each([
    [
      'the day that has 25 hours',
      '2026-10-25',
      '2026-10-24T22:00Z',
      '2026-10-25T22:59Z',
      '2026-10-25T23:00Z',
    ],
    [
      'the day that has 23 hours',
      '2026-03-29',
      '2026-03-28T23:00Z',
      '2026-03-29T21:59Z',
      '2026-03-29T22:00Z',
    ],
  ])('takes %s as one day', (_name, day, first, last, next) => {
    const decided = decide(
      taken(first, last, next),
      { ...NOTHING, daily: 2, timeZone: 'Europe/Berlin' },
      NOW,
    );
    expect(decided.map(({ keep }) => keep)).toEqual([true, true, false]);
    expect(decided[1]?.reasons).toEqual([{ rule: 'daily', period: day, place: 2 }]);
  });

  it('keeps everything that is younger than so many times 24 hours', () => {
    const all = taken(NOW, NOW - DAY, NOW - 2 * DAY + 1, NOW - 2 * DAY);
    expect(kept(all, { ...NOTHING, everythingDays: 2 })).toHaveLength(3);
  });

  it('says every reason', () => {
    const [one] = decide([aBackup(NOW - HOUR, 1, true)], RetentionPolicy.parse({ timeZone: 'UTC' }), NOW);
    expect(one?.reasons).toEqual([
      { rule: 'pinned' },
      { rule: 'last', place: 1 },
      { rule: 'at-least', place: 1 },
      { rule: 'everything', days: 3 },
      { rule: 'daily', period: '2026-11-21', place: 1 },
      { rule: 'weekly', period: '2026-W47', place: 1 },
      { rule: 'monthly', period: '2026-11', place: 1 },
    ]);
  });

  it('lets a backup from the future use up no place', () => {
    const all = taken(NOW + 400 * DAY, NOW - DAY, NOW - 2 * DAY);
    const decided = decide(all, { ...NOTHING, last: 1 }, NOW);
    expect(decided.map(({ reasons }) => reasons.map(({ rule }) => rule))).toEqual([
      ['future'],
      ['last', 'at-least'],
      [],
    ]);
  });
});

describe('a policy', () => {
  it('never leaves a site without a backup', () => {
    expect(RetentionPolicy.safeParse({ atLeast: 0 }).success).toBe(false);
    expect(RetentionPolicy.safeParse({ daily: -1 }).success).toBe(false);
    expect(RetentionPolicy.safeParse({ timeZone: 'Europe/Nowhere' }).success).toBe(false);
  });
});
