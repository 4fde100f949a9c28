import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, CUT, cutAt, type CutRule } from '../../../../main/backups/store/cut.ts';
import { keysOf } from '../../../../main/backups/store/keys.ts';

const { gear } = keysOf(null);
const small: CutRule = { whole: 64, min: 64, average: 256, max: 1024 };

async function piecesOf(bytes: Buffer, rule: CutRule, part: number): Promise<Buffer[]> {
  const parts = async function* () {
    for (let at = 0; at < bytes.length; at += part) yield bytes.subarray(at, at + part);
  };
  const pieces: Buffer[] = [];
  for await (const piece of cut(parts(), rule, gear)) pieces.push(Buffer.from(piece));
  return pieces;
}

/** The same bytes on every computer and in every language: SHA-256 in counter mode. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash('sha256').update(`noise ${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

describe('cutting by content', () => {
  it('cuts as the format says: golden lengths', async () => {
    const lengths = async (rule: CutRule, size: number) =>
      (await piecesOf(noise(size), rule, 65_536)).map((piece) => piece.length);
    expect([...gear.slice(0, 4)]).toMatchInlineSnapshot(`
      [
        661127857,
        71008958,
        3881686793,
        3928281955,
      ]
    `);
    expect(await lengths(CUT.dump, 700_000)).toMatchInlineSnapshot(`
      [
        23165,
        71504,
        65738,
        78671,
        59576,
        69279,
        76728,
        68185,
        68012,
        35382,
        69510,
        14250,
      ]
    `);
    expect(await lengths(CUT.file, 4_000_000)).toMatchInlineSnapshot(`
      [
        525698,
        833294,
        357636,
        550279,
        553519,
        400095,
        779479,
      ]
    `);
  });

  it('gives back the bytes, within its bounds, however they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 20_000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        async (given, one, other) => {
          const bytes = Buffer.from(given);
          const pieces = await piecesOf(bytes, small, one);
          expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
          expect(pieces.slice(0, -1).every((piece) => piece.length > small.min)).toBe(true);
          expect(pieces.every((piece) => piece.length > 0 && piece.length <= small.max)).toBe(true);
          expect((await piecesOf(bytes, small, other)).map((piece) => piece.length)).toEqual(
            pieces.map((piece) => piece.length),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not cut what is small enough', async () => {
    expect(await piecesOf(noise(CUT.file.whole), CUT.file, 65_536)).toHaveLength(1);
    expect((await piecesOf(noise(CUT.file.whole * 8), CUT.file, 65_536)).length).toBeGreaterThan(1);
    expect(await piecesOf(Buffer.alloc(0), CUT.file, 10)).toEqual([]);
  });

  it('finds the same pieces again behind a row that was inserted', async () => {
    const rows = Array.from(
      { length: 60_000 },
      (_, at) =>
        `INSERT INTO posts VALUES (${at},'${noise(64).toString('hex', at % 32, (at % 32) + 24)} ${at * 7919}');\n`,
    );
    const before = Buffer.from(rows.join(''));
    const after = Buffer.from(
      [...rows.slice(0, 20_000), "INSERT INTO posts VALUES (0,'new');\n", ...rows.slice(20_000)].join(''),
    );
    const known = new Set(
      (await piecesOf(before, CUT.dump, 65_536)).map((piece) => piece.toString('latin1')),
    );
    const fresh = (await piecesOf(after, CUT.dump, 65_536)).filter(
      (piece) => !known.has(piece.toString('latin1')),
    );
    expect(fresh.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThanOrEqual(3 * CUT.dump.max);
  });

  it('cuts about as long as it should on average', () => {
    const bytes = noise(6_000_000);
    let pieces = 0;
    for (let at = 0; at < bytes.length; pieces += 1) at = cutAt(bytes, at, CUT.dump, gear);
    const average = bytes.length / pieces;
    expect(average).toBeGreaterThan(CUT.dump.average * 0.8);
    expect(average).toBeLessThan(CUT.dump.average * 1.5);
  });
});
