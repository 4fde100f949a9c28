import fs from 'node:fs';
import path from 'node:path';
import { anAccount, type Account } from './accounts.ts';
import { descendantsOf, startServer, SYSTEM, whereIs, type Server } from './commands.ts';
import { endProcess } from './end-process.ts';
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
  /** It forwards no ports. */
  readonly noForwarding?: boolean;
  /** Sessions at once on one connection. */
  readonly maxSessions?: number;
  /** Ends with a connection everything that it left behind, as systemd's `KillUserProcesses=yes` does. */
  readonly reaps?: boolean;
  /** A program through which every command goes, with the command in SSH_ORIGINAL_COMMAND. */
  readonly through?: string;
  /** The folder in which all of the host lies, its account's home too. */
  readonly inside?: string;
  /** More environment for its sessions. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts Debian's sshd on a free port, with an account of its own (ours, where we are not root).
 * @param tools programs by name, as sh scripts, that its sessions find before the system's
 */
export async function anSshHost(
  tools: Readonly<Record<string, string>> = {},
  other: OtherPrograms = {},
): Promise<SshHost> {
  const temp = aTempFolder('sshd', other.inside);
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
  const through =
    other.onlySftp === true
      ? 'internal-sftp'
      : other.reaps === true
        ? reapingShell(temp.path)
        : other.through;
  const more = [
    `MaxSessions ${other.maxSessions ?? 64}`,
    ...(through === undefined ? [] : [`ForceCommand ${through}`]),
    ...(other.noForwarding === true ? ['AllowTcpForwarding no'] : []),
  ];
  const env = { PATH: paths.join(':'), ...other.env };
  fs.writeFileSync(config, `${configuration(temp.path, port, env)}${more.join('\n')}\n`);
  let hostKey = aKeyPair(path.join(temp.path, 'host_key'));
  let daemon: Server | null = await start(config, port);

  const cutSessions = (): number => {
    const sessions = daemon === null ? [] : descendantsOf(daemon.pid).filter(isSshd);
    for (const pid of sessions) endProcess(pid);
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
    for (const pid of daemon === null ? [] : descendantsOf(daemon.pid)) endProcess(pid);
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

/** Writes a shell that has somebody wait for the connection to end; what belongs to that is known by its environment. */
function reapingShell(folder: string): string {
  const [shell, reaper] = [path.join(folder, 'shell'), path.join(folder, 'reaper')];
  fs.writeFileSync(
    reaper,
    `while IFS= read -r stat < "/proc/$1/stat"; do
  case $stat in *') Z '*) break ;; esac
  sleep 0.2
done 2>/dev/null
kill -KILL $(grep -lzxF "SSH_CONNECTION=$2" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\\n')
rmdir "/tmp/groundskeeper-reaper-$1"
`,
    { mode: 0o755 },
  );
  fs.writeFileSync(
    shell,
    `#!/bin/sh
pid=$PPID
until grep -q '^sshd' "/proc/$pid/comm"; do pid=$(ps -o ppid= -p "$pid" | tr -d ' '); done
# One for each connection.
if mkdir "/tmp/groundskeeper-reaper-$pid" 2>/dev/null; then
  env -i PATH=/usr/bin:/bin setsid /bin/sh '${reaper}' "$pid" "$SSH_CONNECTION" < /dev/null > /dev/null 2>&1 &
fi
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
`,
    { mode: 0o755 },
  );
  return shell;
}

function configuration(folder: string, port: number, env: Readonly<Record<string, string>>): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
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
SetEnv ${settings.join(' ')}
`;
}

function isSshd(pid: number): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd');
  } catch {
    return false;
  }
}
