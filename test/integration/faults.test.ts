/**
 * Updates around which everything fails: forty cells of the fault matrix, and one with the lease that users have. All of it:
 * `npm run faults`. Others than these: `SEED=…`; more or fewer: `CELLS=…`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameOf, type Cell, type CellEnd } from '../faults/cell.ts';
import { aField, type Field } from '../faults/ground.ts';
import { someCells } from '../faults/matrix.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const CELLS = Number(process.env['CELLS'] ?? 40);
/** Seconds. */
const LEASE = 3;

let field: Field | null = null;
beforeAll(async () => {
  field = await aField(3);
}, 300_000);
afterAll(async () => {
  await field?.[Symbol.asyncDispose]();
});

function run(cell: Cell, lease: number | null): Promise<CellEnd> {
  if (field === null) throw new Error('there is no place for cells');
  return field.run(cell, lease);
}

describe.concurrent(`whatever fails, the site is whole, healthy, and as reported (seed ${SEED})`, () => {
  it('with the lease that users have: app killed for good at a migration', { timeout: 600_000 }, async () => {
    const end = await run(
      {
        over: 'shell',
        kind: 'migrating plugin',
        fault: 'app killed for good',
        step: 'judge',
        moment: 'while',
        chance: 0.3,
      },
      null,
    );
    expect(end).toMatchObject({ verdict: 'old', why: [] });
  });

  it.each(someCells(SEED, CELLS).map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    { timeout: 600_000 },
    async (_name, cell) => {
      const end = await run(cell, LEASE);
      expect(end.why, JSON.stringify(end)).toEqual([]);
      expect(end.verdict).toMatch(/^(old|new)$/);
    },
  );
});
