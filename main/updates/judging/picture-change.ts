import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

/** A picture is looked at in so many strips from left to right, so that what stands beside may move on its own. */
const STRIPS = 4;
/** Colours that differ by less than this many steps are one. */
const COARSE = 0xf0;

/**
 * How much of what a picture showed is gone, 0 to 1. Rows count that hold anything; rows that have only moved up or down
 * are still there, and rows that differ between two pictures taken before are not expected to stay.
 * @param before two pictures of the same page, taken before
 */
export function pictureGone(before: readonly [PNG, PNG], after: PNG): number {
  let expected = 0;
  let found = 0;
  for (let strip = 0; strip < STRIPS; strip += 1) {
    const [one, other, now] = [...before, after].map((picture) => rowsOf(picture, strip));
    if (one === undefined || other === undefined || now === undefined) continue;
    const steady = common(one, other);
    expected += steady.length;
    found += common(steady, now).length;
  }
  return expected === 0 ? 0 : 1 - found / expected;
}

/** The second picture with what differs from the first in red. */
export function pictureOfDifference(before: PNG, after: PNG): PNG {
  const width = Math.max(before.width, after.width);
  const height = Math.max(before.height, after.height);
  const drawn = new PNG({ width, height });
  pixelmatch(
    laidOn(before, width, height).data,
    laidOn(after, width, height).data,
    drawn.data,
    width,
    height,
    {
      alpha: 0.25,
      diffColor: [217, 48, 37],
      aaColor: [240, 180, 100],
    },
  );
  return drawn;
}

/** One number for each row of a strip that is not of one colour. */
function rowsOf({ data, width, height }: PNG, strip: number): number[] {
  const from = Math.floor((width * strip) / STRIPS);
  const to = Math.floor((width * (strip + 1)) / STRIPS);
  const rows: number[] = [];
  for (let y = 0; y < height; y += 1) {
    let hash = 0x811c9dc5;
    let plain = true;
    let first = -1;
    for (let x = from; x < to; x += 1) {
      const at = (y * width + x) * 4;
      const colour =
        (((data[at] ?? 0) & COARSE) << 16) |
        (((data[at + 1] ?? 0) & COARSE) << 8) |
        ((data[at + 2] ?? 0) & COARSE);
      if (first < 0) first = colour;
      else if (colour !== first) plain = false;
      hash = Math.imul(hash ^ colour, 0x01000193);
    }
    if (!plain) rows.push(hash);
  }
  return rows;
}

/** The longest series of rows that both have, in order. */
function common(one: readonly number[], other: readonly number[]): number[] {
  const columns = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * columns);
  for (let a = one.length - 1; a >= 0; a -= 1)
    for (let b = other.length - 1; b >= 0; b -= 1)
      lengths[a * columns + b] =
        one[a] === other[b]
          ? (lengths[(a + 1) * columns + b + 1] ?? 0) + 1
          : Math.max(lengths[(a + 1) * columns + b] ?? 0, lengths[a * columns + b + 1] ?? 0);
  const rows: number[] = [];
  for (let a = 0, b = 0; a < one.length && b < other.length;) {
    const row = one[a];
    if (row !== undefined && row === other[b]) {
      rows.push(row);
      a += 1;
      b += 1;
    } else if ((lengths[(a + 1) * columns + b] ?? 0) >= (lengths[a * columns + b + 1] ?? 0)) a += 1;
    else b += 1;
  }
  return rows;
}

function laidOn(picture: PNG, width: number, height: number): PNG {
  if (picture.width === width && picture.height === height) return picture;
  const larger = new PNG({ width, height, fill: true });
  PNG.bitblt(picture, larger, 0, 0, picture.width, picture.height, 0, 0);
  return larger;
}
