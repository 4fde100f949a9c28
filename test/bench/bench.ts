/**
 * Runs a peer and us in turn and prints how we compare.
 *
 *   npm run bench [NAME…]      all of them where none is named
 */
import path from 'node:path';
import { backup } from './backup.ts';
import { browse } from './browse.ts';
import { check } from './check.ts';
import { far } from './far.ts';
import { keep, measure, tableOf } from './harness.ts';
import { rollback } from './rollback.ts';
import { sizes } from './sizes.ts';
import { FILES } from './tree-on-host.ts';
import { visitorsOfCore, visitorsOfPlugin } from './visitors.ts';

const ALL = [
  ...[check, backup('backup', FILES), backup('backup-60k', 60_000), sizes, browse, far(50), far(200)],
  ...[visitorsOfPlugin, visitorsOfCore('6.1', '6.2'), visitorsOfCore('6.4', '6.5'), rollback],
];
const RESULTS = path.resolve(import.meta.dirname, '..', '..', '.cache', 'bench');

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !ALL.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}. There are: ${ALL.map((benchmark) => benchmark.name).join(', ')}.`,
  );
  process.exit(2);
}
for (const benchmark of ALL.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const { measured, notes } = await measure(benchmark, (line) => console.error(line));
  console.log(`\n${benchmark.name}: ${benchmark.what}\n`);
  for (const line of [...tableOf(measured), '', ...notes]) console.log(line);
  console.log(`\nKept in ${path.relative('.', keep(RESULTS, benchmark.name, measured))}`);
}
