import fc from 'fast-check';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { pictureGone, pictureOfDifference } from '../../../../main/updates/judging/picture-change.ts';

const WIDTH = 80;

/** A picture of rows, each a pattern that its number makes; 0 is blank. */
function picture(rows: readonly number[]): PNG {
  const png = new PNG({ width: WIDTH, height: Math.max(1, rows.length) });
  png.data.fill(255);
  rows.forEach((row, y) => {
    for (let x = 0; row > 0 && x < WIDTH; x += 1)
      png.data.set([(row * 53 * (1 + (x % 7))) % 256, (row * 29) % 256, 0], (y * WIDTH + x) * 4);
  });
  return png;
}
const of = (before: readonly number[], after: readonly number[], again = before) =>
  pictureGone([picture(before), picture(again)], picture(after));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('of a picture is gone', () => {
  it.each([
    ['nothing, when nothing changed', range(1, 40), range(1, 40), 0],
    [
      'nothing, when all of it moved down below a banner',
      range(1, 40),
      [...range(50, 60), 0, ...range(1, 40)],
      0,
    ],
    ['nothing, when only the space between differs', [1, 0, 2, 0, 3], [1, 0, 0, 0, 2, 3], 0],
    ['all, when other things stand there', range(1, 20), range(50, 80), 1],
    ['all, when it is blank', range(1, 20), [0, 0, 0], 1],
    ['half, when half of it is there', range(1, 21), range(1, 11), 0.5],
    ['nothing, when it was blank', [0, 0], range(1, 9), 0],
  ])('%s', (_what, before, after, gone) => {
    expect(of(before, after)).toBeCloseTo(gone);
  });

  it('nothing, when only what differs anyway does', () => {
    expect(of([1, 2, 60, 3, 4], [1, 2, 70, 3, 4], [1, 2, 65, 3, 4])).toBe(0);
  });

  it('a share, whatever the pictures', () => {
    const rows = fc.array(fc.nat(60), { maxLength: 60 });
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const gone = of(before, after);
        expect(gone).toBeGreaterThanOrEqual(0);
        expect(gone).toBeLessThanOrEqual(1);
        expect(of(before, before)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('what the picture of the difference shows in red', () => {
    const drawn = pictureOfDifference(picture([1, 2, 3]), picture([1, 9, 3, 4]));
    expect([drawn.width, drawn.height]).toEqual([WIDTH, 4]);
    const red = (y: number) => range(0, WIDTH).some((x) => drawn.data[(y * WIDTH + x) * 4 + 1] === 48);
    expect([0, 1, 2, 3].map(red)).toEqual([false, true, false, true]);
  });
});
