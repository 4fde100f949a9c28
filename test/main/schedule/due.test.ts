import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backupInterval, isOverdue } from '../../../main/policies/index.ts';
import { isDue, isWorthPruning, shareToProve, turnsDue, type Turn } from '../../../main/schedule/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21, 12);
const aTurn = (part: Partial<Turn<string>> = {}): Turn<string> => ({
  id: 'site_bakery0',
  everyHours: 24,
  last: NOW - 25 * HOUR,
  failures: 0,
  failedAt: 0,
  ...part,
});

describe('what is due', () => {
  it('is what was never done, or long enough ago; a clock that was set back makes nothing wait', () => {
    expect(isDue(NOW, null, 12)).toBe(true);
    expect(isDue(NOW, NOW - 12 * HOUR, 12)).toBe(true);
    expect(isDue(NOW, NOW - 12 * HOUR + 1, 12)).toBe(false);
    expect(isDue(NOW, NOW + DAY, 12)).toBe(true);
    expect(isDue(NOW, null, null)).toBe(false);
  });
});

describe('the turns of automatic backups', () => {
  it('come to every site within its time, whenever the laptop is awake, and never much too early', () => {
    const turns = fc.array(
      fc.record({ every: fc.integer({ min: 1, max: 200 }), last: fc.integer({ min: 0, max: 400 }) }),
    );
    fc.assert(
      fc.property(turns, (given) => {
        const list = given.map(({ every, last }, at) =>
          aTurn({ id: `site_${at}`, everyHours: every, last: NOW - last * HOUR }),
        );
        const due = new Set(turnsDue(NOW, list));
        for (const [at, { every, last }] of given.entries()) {
          if (last >= every) expect(due).toContain(`site_${at}`);
          if (last < every * 0.9) expect(due).not.toContain(`site_${at}`);
        }
      }),
    );
  });

  it('let the one that waits longest go first, one that was never backed up before all', () => {
    const list = [
      aTurn({ id: 'a', last: NOW - 30 * HOUR }),
      aTurn({ id: 'b', last: null }),
      aTurn({ id: 'c', last: NOW - 90 * HOUR }),
    ];
    expect(turnsDue(NOW, list)).toEqual(['b', 'c', 'a']);
    expect(turnsDue(NOW, [aTurn({ everyHours: null, last: null })])).toEqual([]);
  });

  it('drift apart when a fleet began together', () => {
    const fleet = Array.from({ length: 40 }, (_, at) => `site_${at}`);
    const first = fleet.map((id) => {
      let hour = NOW;
      while (turnsDue(hour, [aTurn({ id, last: NOW })]).length === 0) hour += 60_000;
      return hour - NOW;
    });
    expect(new Set(first).size).toBeGreaterThan(25);
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(HOUR);
  });

  it('wait longer after each failure, but never longer than they would anyway, and go on for ever', () => {
    const tries = (hours: number, everyHours: number) => {
      let failures = 0;
      let failedAt = 0;
      const at: number[] = [];
      for (let now = NOW; now < NOW + hours * HOUR; now += 60_000) {
        if (turnsDue(now, [aTurn({ everyHours, failures, failedAt })]).length === 0) continue;
        failures += 1;
        failedAt = now;
        at.push((now - NOW) / 60_000);
      }
      return at;
    };
    expect(tries(72, 24).map((minute, index, all) => minute - (all[index - 1] ?? 0))).toEqual([
      0, 15, 60, 240, 960, 1440, 1440,
    ]);
    expect(tries(240, 24).length).toBeLessThan(15);
    expect(tries(10, 1).length).toBeLessThan(12);
  });
});

describe('reading back in shares', () => {
  it('reads every pack within the days that are wanted, however large packs are, while the laptop is awake daily', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 0, max: 5 }),
        (packs, withinDays, asleep) => {
          const readAt = packs.map(() => NOW);
          const bytes = packs.reduce((sum, size) => sum + size, 0);
          let last: number | null = NOW;
          let oldest = 0;
          for (let day = 1; day < withinDays * 4; day += 1) {
            // Asleep for some days in the middle: the next share makes up for them.
            if (day > withinDays && day <= withinDays + asleep) continue;
            const now: number = NOW + day * DAY;
            const share = shareToProve(now, { bytes, withinDays, last });
            let read = 0;
            const waiting = packs.map((_, at) => at).filter((at) => (readAt[at] ?? 0) < share.notSince);
            for (const at of waiting.sort((a, b) => (readAt[a] ?? 0) - (readAt[b] ?? 0))) {
              if (read >= share.bytes) break;
              read += packs[at] ?? 0;
              readAt[at] = now;
            }
            last = now;
            oldest = Math.max(oldest, now - Math.min(...readAt));
          }
          expect(oldest).toBeLessThanOrEqual((withinDays + asleep) * DAY);
        },
      ),
    );
  });

  it('reads a large store in small parts, not at once', () => {
    expect(shareToProve(NOW, { bytes: 29_000, withinDays: 30, last: null }).bytes).toBe(1000);
    expect(shareToProve(NOW, { bytes: 29_000, withinDays: 30, last: NOW - 3 * DAY }).bytes).toBe(3000);
    expect(shareToProve(NOW, { bytes: 29_000, withinDays: 30, last: NOW - 300 * DAY }).bytes).toBe(29_000);
    expect(shareToProve(NOW, { bytes: 29_000, withinDays: 30, last: NOW + DAY }).bytes).toBe(1000);
  });
});

describe('an overdue site', () => {
  const late = (part: Partial<Parameters<typeof isOverdue>[1]>) =>
    isOverdue(NOW, { last: null, addedAt: NOW - 99 * DAY, every: null, ...part }, 7);

  it('is one whose last backup is too old, or that was never backed up', () => {
    expect(late({ last: NOW - 8 * DAY })).toBe(true);
    expect(late({ last: NOW - 7 * DAY })).toBe(false);
    expect(late({})).toBe(true);
  });
  it('is not one that was added just now, nor one that is never to be backed up', () => {
    expect(late({ addedAt: NOW - 6 * DAY })).toBe(false);
    expect(late({ last: NOW - 8 * DAY, addedAt: NOW })).toBe(true);
    expect(late({ every: 'never' })).toBe(false);
  });
  it('that is backed up more seldom by the user’s own word has its time', () => {
    expect(late({ last: NOW - 30 * DAY, every: 30 * 24 })).toBe(false);
    expect(late({ last: NOW - 32 * DAY, every: 30 * 24 })).toBe(true);
    expect(late({ last: NOW - 8 * DAY, every: 24 })).toBe(true);
  });
  it('follows its own interval before that of all', () => {
    const all = { automatic: true, everyHours: 24 };
    expect(backupInterval(null, all)).toBe(24);
    expect(backupInterval(6, all)).toBe(6);
    expect(backupInterval('never', all)).toBe('never');
    expect(backupInterval(null, { ...all, automatic: false })).toBe(null);
    expect(backupInterval(12, { ...all, automatic: false })).toBe(12);
  });
});

describe('a prune by itself', () => {
  it('comes when it gives something worth it', () => {
    expect(isWorthPruning({ freed: 19_000_000, bytes: 1_000_000 })).toBe(false);
    expect(isWorthPruning({ freed: 30_000_000, bytes: 300_000_000 })).toBe(true);
    expect(isWorthPruning({ freed: 30_000_000, bytes: 30_000_000_000 })).toBe(false);
    expect(isWorthPruning({ freed: 0, bytes: 0 })).toBe(false);
  });
});
