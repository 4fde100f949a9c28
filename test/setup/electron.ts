import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const PACKAGE = path.join(PROJECT, 'node_modules', 'electron');

/**
 * The Electron executable, fetched once if that is possible; null where there is none to be had (no network,
 * no build for this machine) or nothing to show a window on.
 * @param patience how long the download may take, in milliseconds.
 */
export async function electronExecutable(patience = 300_000): Promise<string | null> {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return null;
  if (process.env.GROUNDSKEEPER_NO_ELECTRON) return null;
  const installed = installedElectron();
  if (installed !== null) return installed;
  console.log('Fetching Electron…');
  const fetched = spawn(process.execPath, [path.join(PACKAGE, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: patience,
  });
  fetched.stderr.resume();
  await new Promise<void>((resolve) => fetched.on('close', () => resolve()).on('error', () => resolve()));
  return installedElectron();
}

/** The Electron executable if it is already here. */
export function installedElectron(): string | null {
  const name = path.join(PACKAGE, 'path.txt');
  if (!fs.existsSync(name)) return null;
  const file = path.join(PACKAGE, 'dist', fs.readFileSync(name, 'utf8').trim());
  return fs.existsSync(file) ? file : null;
}
