import { spawn } from 'node:child_process';
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
