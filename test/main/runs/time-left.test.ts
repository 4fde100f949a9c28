import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeLeft, type Pace } from '../../../main/runs/time-left.ts';

const bytes = (done: number, total: number | null = 1000) => ({
  what: 'Fetch',
  done,
  total,
  unit: 'bytes' as const,
});

/** Follows work through [millisecond, done] and gives the last estimate. */
function after(steps: readonly (readonly [number, number])[], total: number | null = 1000) {
  let pace: Pace | null = null;
  let left: number | null = null;
  for (const [now, done] of steps) ({ pace, left } = timeLeft(pace, bytes(done, total), now));
  return left;
}

describe('the time left', () => {
  it('is that of an even pace', () => {
    expect(after([0, 1, 2, 3, 4, 5].map((second) => [second * 1000, second * 100]))).toBeCloseTo(5000);
  });

  it('is not told in the first seconds, without a total, when nothing moves, or at the end', () => {
    expect(after([[0, 0], [3000, 300]])).toBeNull(); // prettier-ignore
    expect(after([[0, 0], [9000, 300]], null)).toBeNull(); // prettier-ignore
    expect(after([[0, 0], [9000, 0]])).toBeNull(); // prettier-ignore
    expect(after([[0, 0], [9000, 1000]])).toBeNull(); // prettier-ignore
  });

  it('begins anew with other work', () => {
    const { pace } = timeLeft(null, bytes(0), 0);
    expect(timeLeft(pace, { ...bytes(500), what: 'Send' }, 9000).left).toBeNull();
  });

  it('follows a pace that changes, without jumping at once', () => {
    const even = Array.from({ length: 11 }, (_none, second) => [second * 1000, second * 10] as const);
    const left = after([...even, [11_000, 120]]) ?? 0;
    expect(left).toBeLessThan(88_000);
    expect(left).toBeGreaterThan(44_000);
  });

  it('is never less than nothing, nor endless', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), fc.nat(2000)), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (moves) => {
        let now = 0;
        const left = after(moves.map(([wait, done]) => [(now += wait), done] as const));
        expect(left === null || (Number.isFinite(left) && left >= 0)).toBe(true);
      }),
    );
  });
});
