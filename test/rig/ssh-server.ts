import { spawn, type ChildProcess } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { whenWeEnd } from './cleanup.ts';
import { SYSTEM } from './commands.ts';
import { aKeyPair, type KeyPair } from './keys.ts';

declare module 'ssh2' {
  interface Connection {
    /** There since ssh2 1.12, but not yet in its types. */
    setNoDelay(noDelay?: boolean): this;
  }
}

/** Who may log in, and what a login finds. */
export interface SshServerOptions {
  readonly user: string;
  /** Public keys as in authorized_keys. */
  readonly publicKeys?: readonly string[];
  readonly password?: string;
  /** HOME, where commands start. */
  readonly home: string;
  /** Put before the PATH, for a host with commands of its own. */
  readonly commands?: string;
  /** Where the host key is kept; made when missing. */
  readonly hostKeyFile: string;
  readonly port?: number;
  /** What every command finds in its environment beside HOME, USER, PATH and LANG. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An SSH server without sshd and without root: commands run as ourselves, in a home of their own. */
export interface SshServer {
  readonly port: number;
  /** `SHA256:…` of its host key. */
  readonly fingerprint: string;
  /** Closes every connection, as a network that breaks. */
  cutSessions(): void;
  /** Ends every command that runs now, as a host that is short of memory does; connections stay. */
  endCommands(): void;
  /** Stops listening and ends every command that still runs. */
  stop(): Promise<void>;
}

/** Starts an SSH server on 127.0.0.1 that runs commands with `/bin/sh -c`, as OpenSSH does. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const hostKey = keptKey(options.hostKeyFile);
  const keys = (options.publicKeys ?? []).map((line) => line.split(' ')[1] ?? '');
  const clients = new Set<ssh2.Connection>();
  const commands = new Set<ChildProcess>();

  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey], ident: 'demo' }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    // A client that goes away in the middle is no error of ours.
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (isWelcome(attempt, options, keys)) attempt.accept();
      else attempt.reject(['publickey', ...(options.password === undefined ? [] : ['password' as const])]);
    });
    client.on('ready', () => {
      client.setNoDelay(true);
      client.on('session', (accept) => {
        const session = accept();
        session.on('env', (acceptEnv: (() => void) | undefined) => acceptEnv?.());
        session.on('pty', (_acceptPty: unknown, reject: (() => void) | undefined) => reject?.());
        session.on('exec', (acceptExec, _reject, info) => {
          runOn(acceptExec(), info.command, options, commands);
        });
        session.on('shell', (acceptShell) => {
          runOn(acceptShell(), null, options, commands);
        });
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const endCommands = (): void => {
    for (const command of commands) killGroup(command);
  };
  const ended = whenWeEnd(endCommands);
  const cutSessions = (): void => {
    for (const client of clients) client.end();
  };
  return {
    port: (server.address() as AddressInfo).port,
    fingerprint: hostKey.fingerprint,
    cutSessions,
    endCommands,
    async stop() {
      cutSessions();
      endCommands();
      ended();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isWelcome(attempt: ssh2.AuthContext, options: SshServerOptions, keys: readonly string[]): boolean {
  if (attempt.username !== options.user) return false;
  if (attempt.method === 'password') {
    return options.password !== undefined && isSame(attempt.password, options.password);
  }
  if (attempt.method !== 'publickey') return false;
  if (!keys.some((known) => isSame(known, attempt.key.data.toString('base64')))) return false;
  // Without a signature the client only asks whether this key would do.
  if (attempt.signature === undefined || attempt.blob === undefined) return true;
  const key = ssh2.utils.parseKey(attempt.key.data);
  return !(key instanceof Error) && key.verify(attempt.blob, attempt.signature, attempt.hashAlgo);
}

function runOn(
  channel: ssh2.ServerChannel,
  command: string | null,
  options: SshServerOptions,
  commands: Set<ChildProcess>,
): void {
  const PATH = [...(options.commands === undefined ? [] : [options.commands]), ...SYSTEM].join(
    path.delimiter,
  );
  const { HOME, USER, LOGNAME } = { HOME: options.home, USER: options.user, LOGNAME: options.user };
  const env = { PATH, HOME, USER, LOGNAME, SHELL: '/bin/sh', LANG: 'C.UTF-8', ...options.env };
  const child = spawn('/bin/sh', command === null ? [] : ['-c', command], {
    cwd: options.home,
    env,
    detached: true,
  });
  commands.add(child);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  for (const stream of [child.stdin, child.stdout, child.stderr, channel, channel.stderr]) {
    // The other side may have gone; a command then finds its pipes closed, as under sshd.
    stream.on('error', () => undefined);
  }
  channel.on('close', () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on('error', () => {
    channel.exit(127);
    channel.end();
  });
  child.on('exit', () => commands.delete(child));
  child.on('close', (code, signal) => {
    if (channel.destroyed) return;
    if (signal !== null) channel.exit(signal.replace('SIG', ''));
    else channel.exit(code ?? 1);
    channel.end();
  });
}

function keptKey(file: string): KeyPair {
  if (!fs.existsSync(file)) return aKeyPair(file);
  const key = ssh2.utils.parseKey(fs.readFileSync(file));
  if (key instanceof Error) throw key;
  const blob = key.getPublicSSH();
  const digest = crypto.createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  const publicKey = `${key.type} ${blob.toString('base64')}`;
  return { file, privateKey: fs.readFileSync(file, 'utf8'), publicKey, fingerprint: `SHA256:${digest}` };
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => crypto.createHash('sha256').update(text).digest();
  return crypto.timingSafeEqual(digest(a), digest(b));
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
