/**
 * Makes a fresh machine ready, then does what was asked. Runs on Node 20 or newer with nothing installed.
 *
 *   node test/setup.mjs test  [--only types,unit,svelte,lint,format,integration,build,e2e] [--bail] [FILE…]
 *   node test/setup.mjs demo  [--sites N] …
 *   node test/setup.mjs start …
 *   node test/setup.mjs node          only checks that Node 24 is there
 */
import { runChecks } from './setup/checks.mjs';
import { needNode24 } from './setup/node24.mjs';
import { installPackages } from './setup/packages.mjs';
import { runNode } from './setup/run.mjs';

const [task = '', ...rest] = process.argv.slice(2);

async function main() {
  if (task !== 'node') await installPackages();
  const node = await needNode24();
  switch (task) {
    case 'node':
      return 0;
    case 'test':
      return runChecks(node, rest);
    case 'demo':
      return runNode(node, ['test/demo/demo.ts', ...rest]);
    case 'start':
      return runNode(node, ['test/setup/start.ts', ...rest]);
    default:
      console.error('Usage: node test/setup.mjs test|demo|start|node');
      return 2;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
