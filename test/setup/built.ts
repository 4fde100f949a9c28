import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const SOURCES = ['main', 'preload', 'renderer', 'resources', 'electron.vite.config.ts', 'package-lock.json'];

/**
 * Builds the app unless what is in out/ is newer than every source.
 * @throws Error when the build fails; what it said is on the terminal.
 */
export function ensureBuilt(): void {
  const built = newest(path.join(PROJECT, 'out', 'renderer', 'index.html'));
  if (built > Math.max(...SOURCES.map((source) => newest(path.join(PROJECT, source))))) return;
  console.log('Building…');
  const cli = path.join(PROJECT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const { status } = spawnSync(process.execPath, [cli, 'build', '--logLevel', 'warn'], {
    cwd: PROJECT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The build failed; see above.');
}

/** When the newest file in a tree was changed, in milliseconds; 0 when there is none. */
function newest(file: string): number {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...fs.readdirSync(file).map((name) => newest(path.join(file, name))));
}
