/** Which cells there are, and which of them the suite runs. */
import { createHash } from 'node:crypto';
import { MOMENTS, type Cell } from './cell.ts';
import { FAULTS, faultsOf, type FaultName } from './faults.ts';
import { HOSTS, KINDS, stepsOf, type HostKind, type KindName } from './kinds.ts';

/** A cell by what it is about: `swap|network cut|plugin`, or `swap|network cut|plugin|sftp`. */
export function idOf({ step, fault, kind, over }: Pick<Cell, 'step' | 'fault' | 'kind' | 'over'>): string {
  return [step, fault, kind, ...(over === 'sftp' ? [over] : [])].join('|');
}

/** All cells. When in its step each strikes depends on the seed, and on nothing else. */
export function allCells(seed: number): Cell[] {
  return HOSTS.flatMap((over) =>
    KINDS.flatMap((kind) =>
      stepsOf(kind, over).flatMap((step) =>
        faultsOf(over).map((fault) => aCell(seed, over, kind, step, fault)),
      ),
    ),
  );
}

function aCell(seed: number, over: HostKind, kind: KindName, step: string, fault: FaultName): Cell {
  const id = idOf({ step, fault, kind, over });
  const moment = MOMENTS[Math.floor(numberOf(`${seed} moment ${id}`) * MOMENTS.length)] ?? 'before';
  return { over, kind, step, fault, moment, chance: numberOf(`${seed} chance ${id}`) };
}

/** A number from 0 to 1, the same for the same words. */
function numberOf(words: string): number {
  return createHash('sha256').update(words).digest().readUInt32BE(0) / 2 ** 32;
}

/** Steps in which little is at stake: one cell in six is about them. */
const CALM = new Set(['preflight', 'backup', 'stage', 'baseline']);

/** So many cells on hosts with a shell that each fault and each kind gets its share. */
export function someCells(seed: number, count: number): Cell[] {
  const shuffled = allCells(seed)
    .filter(({ over }) => over === 'shell')
    .map((cell) => ({ cell, place: numberOf(`${seed} place ${idOf(cell)}`) }))
    .sort((a, b) => a.place - b.place)
    .map(({ cell }) => cell);
  const chosen: Cell[] = [];
  const taken = new Set<string>();
  for (let number = 0; chosen.length < Math.min(count, shuffled.length); number += 1) {
    const fault = FAULTS[number % FAULTS.length];
    const kind = KINDS[(number + Math.floor(number / FAULTS.length)) % KINDS.length];
    const calm = number % 6 === 5;
    const fits = (cell: Cell) =>
      !taken.has(idOf(cell)) && cell.fault === fault && CALM.has(cell.step) === calm;
    const cell = shuffled.find((one) => fits(one) && one.kind === kind) ?? shuffled.find((one) => fits(one));
    if (cell === undefined) continue;
    taken.add(idOf(cell));
    chosen.push(cell);
  }
  return chosen;
}
