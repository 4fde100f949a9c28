import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { whenWeEnd } from '../rig/cleanup.ts';
import { ensureBuilt } from '../setup/built.ts';
import { electronExecutable } from '../setup/electron.ts';
import { openBrowser } from './open-browser.ts';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');

/** The app as its user starts it. */
export interface RunningApp {
  /** Resolves when the user has quit it. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Starts the app on a data folder: the desktop app where Electron can be had, else in the browser. */
export async function startApp(
  data: string,
  env: Readonly<Record<string, string>>,
  openWindow: boolean,
): Promise<RunningApp> {
  ensureBuilt();
  const electron = openWindow ? await electronExecutable() : null;
  const options = { cwd: PROJECT, env: { ...process.env, ...env } };
  if (electron !== null) {
    return running(spawn(electron, [PROJECT, '--data', data], { ...options, stdio: 'inherit' }));
  }
  const web = path.join(PROJECT, 'main', 'web.ts');
  const child = spawn(process.execPath, [web, '--data', data], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let opened = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    const url = /http:\/\/127\.0\.0\.1:\d+\/#\S+/.exec(line)?.[0];
    if (url === undefined || opened || !openWindow) return;
    opened = openBrowser(url);
  });
  return running(child);
}

function running(child: ChildProcess): RunningApp {
  const gone = whenWeEnd(() => void child.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      console.error(error.message);
      resolve();
    });
    child.on('exit', () => {
      gone();
      resolve();
    });
  });
  return { ended, stop: () => void child.kill('SIGTERM') };
}
