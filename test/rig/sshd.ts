import fs from 'node:fs';
import path from 'node:path';
import { anAccount, type Account } from './accounts.ts';
import { descendantsOf, startServer, whereIs, type Server } from './commands.ts';
import { aTempFolder } from './folders.ts';
import { aKeyPair, type KeyPair } from './keys.ts';
import { aFreePort, answersOn } from './ports.ts';

/** A server that one logs in to: OpenSSH's own sshd with one account, on 127.0.0.1. */
export interface SshHost {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly account: Account;
  /** The account's name, which is also the SSH user. */
  readonly user: string;
  /** Works until `forbid` takes it away. */
  readonly key: KeyPair;
  /** Null when the rig does not run as root: log in with the key. */
  readonly password: string | null;
  /** A folder that belongs to the account; outside every site. */
  readonly folder: string;
  /** `SHA256:…` of the host key that is shown now. */
  hostKey(): string;
  /** Shows another host key from the next connection on. */
  changeHostKey(): Promise<void>;
  /** Lets this public key in as well. */
  authorize(publicKey: string): void;
  /** Lets no key in any more. */
  forbid(): void;
  /** Ends every session at once, as a network that breaks; what they started may go on. */
  cutSessions(): number;
  /** Nothing listens any more; sessions are cut. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a host has other than Debian has. */
export interface OtherPrograms {
  /** Programs that its sessions do not find. */
  readonly without?: readonly string[];
  /** Programs that are BusyBox's. */
  readonly busybox?: readonly string[];
  /** Its account gives files over SFTP and nothing else. */
  readonly onlySftp?: boolean;
  /** Sessions at once on one connection. */
  readonly maxSessions?: number;
}

/**
 * Starts Debian's sshd on a free port, with an account of its own (ours, where we are not root).
 * @param tools programs by name, as sh scripts, that its sessions find before the system's
 */
export async function anSshHost(
  tools: Readonly<Record<string, string>> = {},
  other: OtherPrograms = {},
): Promise<SshHost> {
  const temp = aTempFolder('sshd');
  const account = await anAccount(path.join(temp.path, 'home'));
  const port = await aFreePort();
  const key = aKeyPair(path.join(temp.path, 'client_key'));
  const authorized = path.join(temp.path, 'authorized_keys');
  fs.writeFileSync(authorized, `${key.publicKey}\n`, { mode: 0o644 });
  const config = path.join(temp.path, 'sshd_config');
  const bin = path.join(temp.path, 'bin');
  fs.mkdirSync(bin, { mode: 0o755 });
  for (const [name, script] of Object.entries(tools))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const paths = other.without || other.busybox ? [bin] : [bin, ...SYSTEM];
  if (paths.length === 1) linkPrograms(bin, other);
  const more = `MaxSessions ${other.maxSessions ?? 64}\n${other.onlySftp === true ? 'ForceCommand internal-sftp' : ''}`;
  fs.writeFileSync(config, `${configuration(temp.path, port, paths)}${more}\n`);
  let hostKey = aKeyPair(path.join(temp.path, 'host_key'));
  let daemon: Server | null = await start(config, port);

  const cutSessions = (): number => {
    const sessions = daemon === null ? [] : descendantsOf(daemon.pid).filter(isSshd);
    for (const pid of sessions) kill(pid);
    return sessions.length;
  };
  const down = async (): Promise<void> => {
    cutSessions();
    await daemon?.stop();
    daemon = null;
  };
  const up = async (): Promise<void> => {
    daemon ??= await start(config, port);
  };
  const stop = async (): Promise<void> => {
    // Here, what the sessions started ends too.
    for (const pid of daemon === null ? [] : descendantsOf(daemon.pid)) kill(pid);
    await down();
    account.remove();
    temp.remove();
  };
  const folder = fs.mkdtempSync(path.join(temp.path, 'sites-'));
  if (process.getuid?.() === 0) fs.chownSync(folder, account.uid, account.gid);
  return {
    host: '127.0.0.1',
    port,
    account,
    user: account.name,
    key,
    password: account.password,
    folder,
    hostKey: () => hostKey.fingerprint,
    async changeHostKey() {
      await down();
      fs.rmSync(path.join(temp.path, 'host_key'));
      hostKey = aKeyPair(path.join(temp.path, 'host_key'));
      await up();
    },
    authorize: (publicKey) => fs.appendFileSync(authorized, `${publicKey}\n`),
    forbid: () => fs.writeFileSync(authorized, ''),
    cutSessions,
    down,
    up,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function start(config: string, port: number): Promise<Server> {
  if (process.getuid?.() === 0) fs.mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  return startServer('sshd', ['-D', '-e', '-f', config], () => answersOn(port));
}

const SYSTEM = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Puts a link to each program that a host has into one folder, which is then all of its PATH. */
function linkPrograms(bin: string, { without = [], busybox = [] }: OtherPrograms): void {
  const link = (name: string, program: string) => {
    if (!without.includes(name) && !fs.existsSync(path.join(bin, name)))
      fs.symlinkSync(program, path.join(bin, name));
  };
  const applets = whereIs('busybox');
  if (applets === null) throw new Error('BusyBox is not installed.');
  for (const name of busybox) link(name, applets);
  for (const folder of SYSTEM)
    if (fs.existsSync(folder)) for (const name of fs.readdirSync(folder)) link(name, path.join(folder, name));
}

function configuration(folder: string, port: number, paths: readonly string[]): string {
  return `
ListenAddress 127.0.0.1
Port ${port}
HostKey ${folder}/host_key
PidFile ${folder}/sshd.pid
AuthorizedKeysFile ${folder}/authorized_keys
UsePAM no
StrictModes no
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 500:30:1000
PrintMotd no
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv PATH=${paths.join(':')}
`;
}

function isSshd(pid: number): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd');
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
