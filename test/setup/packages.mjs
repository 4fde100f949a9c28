import fs from 'node:fs';
import path from 'node:path';
import { PROJECT, run } from './run.mjs';

/** Installs the npm packages when they are missing or older than the lock file. */
export async function installPackages() {
  const installed = modified('node_modules/.package-lock.json');
  if (installed !== 0 && installed >= modified('package-lock.json')) return;
  console.log(installed === 0 ? 'Installing npm packages (a few minutes)…' : 'Updating npm packages…');
  // On Windows a running node.exe cannot be deleted, and `npm ci` would.
  const command = process.platform === 'win32' && installed !== 0 ? 'install' : 'ci';
  const code = await npm([command, '--no-fund', '--no-audit', '--loglevel=error']);
  if (code !== 0) {
    throw new Error(
      `npm ${command} ended with ${code}; what it said is above.\n` +
        'The first set-up needs the network, and npm 10 or newer. Then run the same command again.',
    );
  }
}

/** Runs npm with the Node that npm itself belongs to, not with the one that it may be about to replace. */
export function npm(args) {
  const outside = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.startsWith(path.join(PROJECT, 'node_modules')))
    .join(path.delimiter);
  return run('npm', args, { env: { ...process.env, PATH: outside }, shell: process.platform === 'win32' });
}

function modified(file) {
  return fs.statSync(path.join(PROJECT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
