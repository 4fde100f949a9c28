/**
 * All of the fault matrix, or some of it: `npm run faults -- [--seed N] [--only WORDS] [--red] [--again] [--places N] [--limit N] [--lease S] [--moment M]`.
 * What was run before is not run again, unless it was red (--red: only that) or --again says so. State in .faults/, table in docs/faults.md.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MOMENTS, nameOf, type CellEnd } from './cell.ts';
import { aField, type Field } from './ground.ts';
import { HOSTS } from './kinds.ts';
import { allCells, idOf } from './matrix.ts';
import { pageOf, readKnown, writeKnown } from './table.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: process.env['SEED'] ?? '1' },
    /** Words that all have to be in the cell's id, `step|fault|kind` and `|sftp` where there is no shell. */
    only: { type: 'string', multiple: true, default: [] },
    red: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    places: { type: 'string', default: '4' },
    limit: { type: 'string', default: '100000' },
    lease: { type: 'string', default: '3' },
    /** Strikes then, whatever the seed says: `before`, `while` or `after`. */
    moment: { type: 'string' },
  },
});
const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const STATE = path.join(PROJECT, '.faults', 'state.json');
const PAGE = path.join(PROJECT, 'docs', 'faults.md');
const seed = Number(values.seed);
const lease = Number(values.lease);

function firstLine(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0]?.trim() ?? '';
}
const versions = [
  `Node ${process.version}`,
  /OpenSSH_[^ ,]+/.exec(firstLine('sh', '-c', 'ssh -V 2>&1'))?.[0] ?? 'OpenSSH',
  /PHP [\d.]+/.exec(firstLine('php', '--version'))?.[0] ?? 'PHP',
  /[\d.]+-MariaDB/.exec(firstLine('mariadb', '--version'))?.[0] ?? 'MariaDB',
  'WordPress 6.4',
].join(', ');

const known = readKnown(STATE);
const cells = allCells(seed)
  .filter((cell) => values.only.every((word) => idOf(cell).includes(word)))
  .filter((cell) => {
    const before = known[idOf(cell)];
    if (values.red) return before?.verdict === 'red';
    return values.again || before === undefined || before.verdict === 'red';
  })
  // So that an hour's worth is about everything.
  .map((cell, number) => ({ cell, place: (number * 7919) % 10_007 }))
  .sort((a, b) => a.place - b.place)
  .slice(0, Number(values.limit))
  .map(({ cell }) => ({ ...cell, moment: MOMENTS.find((one) => one === values.moment) ?? cell.moment }));
const write = () => {
  writeKnown(STATE, known);
  fs.writeFileSync(PAGE, pageOf(known, `Ran on ${versions}, with a lease of ${lease} s.`));
};
let stopping = false;
process.on('SIGINT', () => {
  stopping = true;
  console.log('Ends after the cells that are under way.');
});
console.log(`${cells.length} cells, seed ${seed}, lease ${lease} s, ${values.places} at a time`);
if (cells.length > 0) {
  let done = 0;
  const worker = async (
    field: Field,
    next: Iterator<(typeof cells)[number]> & Iterable<(typeof cells)[number]>,
  ) => {
    for (const cell of next) {
      if (stopping) return;
      const end: CellEnd = await field.run(cell, lease).catch((error: unknown) => ({
        ...{ verdict: 'red', struck: null, reported: null, seconds: 0 },
        why: [`the cell itself failed: ${error instanceof Error ? error.message : String(error)}`],
      }));
      done += 1;
      known[idOf(cell)] = {
        ...{ verdict: end.verdict, why: [...end.why], moment: cell.moment, seconds: end.seconds, seed },
        at: end.struck === null ? 'nothing' : `${end.struck.step}, ${end.struck.at}`,
        reported: end.reported?.state ?? 'nothing',
        date: new Date().toISOString().slice(0, 10),
      };
      write();
      const verdict = end.verdict === 'red' ? 'RED' : (end.verdict ?? 'n/a');
      const why =
        end.why.length === 0 ? '' : `\n    ${end.why.join('\n    ')}\n    ${end.reported?.summary ?? ''}`;
      console.log(`${done}/${cells.length} ${verdict} ${nameOf(cell)} ${end.seconds} s${why}`);
    }
  };
  for (const over of HOSTS) {
    const mine = cells.filter((cell) => cell.over === over);
    if (mine.length === 0 || stopping) continue;
    const places = Math.min(Number(values.places), mine.length);
    await using field = await aField(places, over);
    const next = mine.values();
    await Promise.all(Array.from({ length: places }, () => worker(field, next)));
  }
}
write();
const red = Object.values(known).filter(({ verdict }) => verdict === 'red').length;
console.log(`${Object.keys(known).length} cells known, ${red} red; ${path.relative(PROJECT, PAGE)}`);
process.exitCode = red > 0 ? 1 : 0;
