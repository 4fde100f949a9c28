/** `npm start`: the desktop app where Electron can be had, else the same app in a browser. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt } from './built.ts';
import { electronExecutable } from './electron.ts';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const args = process.argv.slice(2);

ensureBuilt();
const electron = await electronExecutable();
const [command, ...first] =
  electron === null ? [process.execPath, path.join(PROJECT, 'main', 'web.ts')] : [electron, PROJECT];
if (electron === null) console.log('No Electron here: Groundskeeper runs in the browser.');

const app = spawn(command, [...first, ...args], { cwd: PROJECT, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.kill(signal));
app.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
app.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
