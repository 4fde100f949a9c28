import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './accounts.ts';
import { whenWeEnd } from './cleanup.ts';

/** How a command of the rig is run. */
export interface CommandOptions {
  /** The account that it runs as; only root can choose. */
  readonly as?: Account;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Buffer;
}

/** A server that the rig has started. */
export interface Server {
  readonly pid: number;
  /** What it has said so far, on both its outputs. */
  said(): string;
  /** Ends it with every process it started, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Where a host's own programs lie. */
export const SYSTEM = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a command lies, on the PATH or in /usr/sbin; null when it is not there. */
export function whereIs(command: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, command)).find((file) => fs.existsSync(file)) ?? null;
}

/**
 * Runs a command to its end.
 * @returns what it wrote to its standard output.
 * @throws Error with what it said when it ends with anything but 0.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): string {
  const [file, rest] = asAccount(command, args, options.as);
  const result = spawnSync(file, rest, {
    cwd: options.cwd,
    env: options.env ?? environmentOf(options.as),
    input: options.input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    const end = result.status ?? result.signal ?? 'nothing';
    throw new Error(`${command} ${args.join(' ')} ended with ${end}:\n${result.stderr}${result.stdout}`);
  }
  return result.stdout;
}

/** As {@link runCommand}, but servers' outputs are read meanwhile: one whose pipe is full stands still. */
export async function runMeanwhile(
  command: string,
  args: readonly string[],
  options: Omit<CommandOptions, 'input'> = {},
): Promise<string> {
  const [file, rest] = asAccount(command, args, options.as);
  const child = spawn(file, rest, {
    cwd: options.cwd,
    env: options.env ?? environmentOf(options.as),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...end) => resolve(end));
  });
  if (code === 0) return said;
  throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${complaint}${said}`);
}

/**
 * Starts a server and waits until it is ready. It ends with us, even when we are killed.
 * @throws Error with what it said when it ends first or is not ready in 30 seconds.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  ready: () => Promise<boolean> | boolean,
  options: CommandOptions = {},
): Promise<Server> {
  const [file, rest] = asAccount(command, args, options.as, true);
  const child = spawn(file, rest, {
    cwd: options.cwd,
    env: options.env ?? environmentOf(options.as),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that its workers end with it.
    detached: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const said = (): string => Buffer.concat(chunks).toString();
  let ended: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.on('exit', (code, signal) => {
      ended = `ended with ${signal ?? code ?? 'nothing'}`;
      resolve();
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Gone already.
    }
  };
  const stopped = whenWeEnd(() => kill('SIGKILL'));
  // A server that nobody stops does not keep us from ending; it then ends with us.
  child.unref();
  for (const output of [child.stdout, child.stderr]) if ('unref' in output) (output as Socket).unref();
  const deadline = Date.now() + 30_000;
  while (ended === null && !(await ready())) {
    if (Date.now() > deadline) ended = 'was not ready in 30 seconds';
    else await pause(20);
  }
  if (ended !== null || child.pid === undefined) {
    kill('SIGKILL');
    stopped();
    throw new Error(`${command} ${args.join(' ')} ${ended ?? 'did not start'}:\n${said()}`);
  }
  return {
    pid: child.pid,
    said,
    async stop() {
      child.ref();
      kill('SIGTERM');
      await Promise.race([gone, pause(5_000, undefined, { ref: false })]);
      kill('SIGKILL');
      await gone;
      stopped();
    },
  };
}

/** The processes that a process has started, with theirs, from the newest to the oldest. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] =>
    (children.get(of) ?? []).flatMap((child) => [...below(child), child]);
  return below(pid);
}

function parentOf(pid: number): number | null {
  try {
    // The name of the command, in brackets, may hold anything; the parent is the second field after it.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function asAccount(
  command: string,
  args: readonly string[],
  account?: Account,
  endsWithUs = false,
): [string, string[]] {
  const file = whereIs(command) ?? command;
  const setpriv = whereIs('setpriv');
  if (setpriv === null) return [file, [...args]];
  const options: string[] = [];
  if (account && process.getuid?.() === 0) {
    options.push('--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups');
  }
  if (endsWithUs) options.push('--pdeathsig', 'KILL');
  return options.length === 0 ? [file, [...args]] : [setpriv, [...options, '--', file, ...args]];
}

function environmentOf(account?: Account): NodeJS.ProcessEnv {
  if (account === undefined) return process.env;
  return {
    PATH: process.env.PATH,
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    LANG: 'C.UTF-8',
  };
}
