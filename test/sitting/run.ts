/** `npm run sitting -- [--updates 1000] [--sites 8] [--seed N] [--repeat SEED,…]`: many updates with random faults, and what became of them. */
import { parseArgs } from 'node:util';
import { sit } from './sitting.ts';

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '1000' },
    sites: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    repeat: { type: 'string' },
  },
});
const begun = Date.now();
let count = 0;
const ended = await sit({
  updates: Number(values.updates),
  sites: Number(values.sites),
  seed: Number(values.seed),
  ...(values.repeat === undefined ? {} : { repeat: values.repeat.split(',').map(Number) }),
  tell({ seed, faults, component, reported, is, wrong, story }) {
    count += 1;
    const how = wrong.length === 0 ? 'well' : `WRONG: ${wrong.join('; ')}`;
    console.error(`${count} (seed ${seed}): ${component}, ${faults}: ${reported}, ${String(is)}: ${how}`);
    if (story !== '') console.error(story);
  },
});

const tally = new Map<string, Map<string, number>>();
for (const { faults, reported } of ended) {
  const states = tally.get(faults) ?? new Map<string, number>();
  states.set(reported, (states.get(reported) ?? 0) + 1);
  tally.set(faults, states);
}
for (const [faults, states] of [...tally].sort(([a], [b]) => a.localeCompare(b)))
  console.log(`${faults}: ${[...states].map(([state, times]) => `${times} ${state}`).join(', ')}`);
const wrong = ended.filter((one) => one.wrong.length > 0);
const share = ((100 * (ended.length - wrong.length)) / ended.length).toFixed(2);
const seconds = Math.round((Date.now() - begun) / 1000);
console.log(`\n${ended.length} updates in ${seconds} s: ${share} % whole and as reported.`);
for (const one of wrong) console.log(JSON.stringify(one));
process.exitCode = wrong.length === 0 ? 0 : 1;
