import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, slowerBy } from '../../../../main/updates/judging/slower.ts';

const millis = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 9 });

describe('a page is slower', () => {
  it.each([
    [[300, 310, 290], [1600, 1700, 1650], 1600],
    [[100, 100, 100], [599, 599, 599], null],
    [[100, 100, 100], [700, 700, 90], null],
    [[300, 2900, 310], [2800, 2850, 2890], null],
    [[], [900], null],
  ])('than %j at %j: %s', (before, after, quickest) => {
    expect(slowerBy(before, after, 5)?.after ?? null).toBe(quickest);
  });

  it('never by looks that are within those of before', () => {
    fc.assert(
      fc.property(millis, fc.nat(), (before, at) => {
        const seen = before[at % before.length] ?? 0;
        expect(slowerBy(before, [seen, 60_000], 2)).toBeNull();
      }),
    );
  });

  it('always when every look takes a hundred times as long, and a minute more', () => {
    fc.assert(
      fc.property(millis, (before) => {
        const slow = Math.max(...before) * 100 + 60_000 * 10;
        expect(slowerBy(before, [slow, slow], 5)).not.toBeNull();
      }),
    );
  });

  it('by the median, which one look does not move far', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([1, 2, 3, 100])).toBe(2.5);
    expect(median([])).toBe(0);
  });
});
