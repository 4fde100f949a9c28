import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { npm } from './packages.mjs';
import { PROJECT } from './run.mjs';

/**
 * Finds Node 24: the npm package `node` that this project depends on, or the one that runs us.
 * @returns the path of its executable.
 * @throws Error that says what to do when there is none.
 */
export async function needNode24() {
  const ours = path.join(
    PROJECT,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  const found = () => [ours, process.execPath].find(isNode24);
  if (found() === undefined) await npm(['rebuild', 'node', '--foreground-scripts']);
  const node = found();
  if (node !== undefined) return node;
  throw new Error(
    `Node 24 is needed, and this is ${process.version}.\n` +
      "The npm package 'node' should have brought it, but its install script did not run: npm 12 blocks such\n" +
      'scripts unless package.json allows them, and --ignore-scripts blocks them all.\n' +
      'What to do: run `npm ci` without --ignore-scripts, or install Node 24 and run the command again.',
  );
}

function isNode24(executable) {
  if (executable === process.execPath) return process.versions.node.startsWith('24.');
  const answer = spawnSync(executable, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.startsWith('v24.');
}
