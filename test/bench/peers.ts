import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { SshHost } from '../rig/index.ts';

/** Options with which OpenSSH's client logs in to a host of the rig. */
export function sshOptions(host: SshHost): string[] {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
  ];
  return [
    '-F',
    'none',
    '-i',
    host.key.file,
    '-p',
    String(host.port),
    ...options.flatMap((option) => ['-o', option]),
  ];
}

/** Runs a script on a host by OpenSSH's client; its output is thrown away. */
export function ssh(host: SshHost, script: string): Promise<void> {
  return command('ssh', [...sshOptions(host), `${host.user}@${host.host}`, script]);
}

/** Runs a program to its end. @throws Error when it fails */
export async function command(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const child = spawn(name, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}`);
}

/** Whether a program is there. */
export async function isThere(name: string): Promise<boolean> {
  const child = spawn(name, ['version'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

/** restic with a repository. @param home where it may keep things */
export function resticIn(repo: string, home: string): (...args: string[]) => Promise<void> {
  return (...args) =>
    command('restic', ['-q', '-r', repo, '--no-cache', ...args], {
      ...process.env,
      RESTIC_PASSWORD: 'bench',
      HOME: home,
    });
}

/** Bytes of all that is in a folder. */
export function bytesIn(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0);
}
