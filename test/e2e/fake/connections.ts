import type { Trial } from '../../../main/connections/index.ts';
import type { Installation } from '../../../main/platforms/index.ts';
import { ConnectionSettings } from '../../../main/sites/index.ts';
import { Problem, remotePath } from '../../../main/words/index.ts';

export const CONFIGURED = [
  {
    name: 'harbour',
    host: 'web1.host.example',
    port: 22,
    user: 'deploy',
    identityFile: '~/.ssh/id_ed25519',
    jump: [],
  },
  {
    name: 'nakamura',
    host: '10.0.4.12',
    port: 2222,
    user: 'www-nakamura',
    identityFile: null,
    jump: ['bastion.host.example'],
  },
];

/** The fingerprint that the sample server shows. */
export const FINGERPRINT = 'SHA256:uNiVztksCsDhcc0u9e8BrwEDh9EaYgc1jZUKkZ6Rkmw';

/** Reads `ssh user@host -p port` in its simplest form. */
export function parseCommand(text: string): ConnectionSettings {
  const target = /(?:^|\s)(?:([\w.-]+)@)?([\w.-]+\.[\w.-]+|localhost)(?:\s|:|$)/.exec(
    text.replace(/^\s*s(?:sh|ftp)\s+/, ''),
  );
  const configured = CONFIGURED.find((host) => host.name === text.trim().replace(/^ssh\s+/, ''));
  if (configured !== undefined) {
    return ConnectionSettings.parse({
      kind: 'ssh',
      host: configured.host,
      port: configured.port,
      user: configured.user,
      configHost: configured.name,
      authentication:
        configured.identityFile === null ? { kind: 'agent' } : { kind: 'key', file: configured.identityFile },
      jump: configured.jump.map((host) => ({ host, user: 'deploy', authentication: { kind: 'agent' } })),
    });
  }
  if (target === null) {
    throw new Problem({
      code: 'not-understood',
      message: 'This does not read as an ssh command.',
      attempted: `Read “${text}”`,
      todo: 'Write user@host, ssh user@host -p 2222, or a name from ~/.ssh/config.',
    });
  }
  const port = /(?:-p\s*|:)(\d+)/.exec(text)?.[1];
  return ConnectionSettings.parse({
    kind: /^\s*sftp\b/.test(text) ? 'sftp' : 'ssh',
    host: target[2],
    port: port === undefined ? 22 : Number(port),
    user: target[1] ?? 'root',
    authentication: { kind: 'agent' },
  });
}

/** Answers by the host's name: `down.…` does not, `changed.…` has another key, `files.…` has no shell, the rest is new until trusted. */
export function tryConnection(connection: ConnectionSettings, trusted: ReadonlySet<string>): Trial {
  const remote = connection.kind === 'local' ? null : connection;
  const host = remote?.host ?? 'this computer';
  const port = remote?.port ?? 0;
  const attempted = `Connect to ${remote === null ? '' : `${remote.user}@`}${host}:${port}`;
  if (host.startsWith('down.')) {
    return {
      outcome: 'failed',
      problem: {
        code: 'unreachable',
        message: `${host} did not answer within 10 seconds.`,
        attempted,
        answered: 'connect ETIMEDOUT 192.0.2.17:22',
        todo: 'See whether the name and the port are right, and whether a firewall lets this computer in.',
      },
    };
  }
  if (!trusted.has(host) && remote !== null) {
    return { outcome: 'unknown-host', key: { host, port, type: 'ssh-ed25519', fingerprint: FINGERPRINT } };
  }
  if (host.startsWith('denied.')) {
    return {
      outcome: 'failed',
      problem: {
        code: 'authentication',
        message: `${host} refused this user.`,
        attempted,
        answered: 'All configured authentication methods failed',
        todo: 'Choose another key, or ask for your public key to be added on the server.',
      },
    };
  }
  if (host.startsWith('files.') && connection.kind === 'ssh') {
    return {
      outcome: 'failed',
      problem: {
        code: 'only-sftp',
        message: 'The login works, and this account gives files over SFTP, but no commands.',
        attempted: `Run \`id -un\` on ${host}:${port}`,
        answered: 'This service allows sftp connections only.',
        todo: 'Reach it over SFTP (--sftp in the terminal): its files are backed up and restored. Updates and databases need a shell; ask the host for one.',
      },
    };
  }
  const onlyFiles = connection.kind === 'sftp';
  return {
    outcome: 'ok',
    user: remote?.user ?? 'you',
    system: onlyFiles ? 'SFTP' : 'Debian 12, Linux 6.1',
    home: remotePath('/home/deploy'),
    php: onlyFiles ? null : '8.3.14',
    onlyFiles,
    millis: 184,
  };
}

/** What lies on the sample server: two WordPress sites under one account. */
export const INSTALLATIONS: Installation[] = [
  {
    root: remotePath('/var/www/pinegrove.example'),
    platform: 'wordpress',
    platformName: 'WordPress',
    version: '6.7.1',
    url: 'https://pinegrove.example',
    title: 'Pinegrove Pottery',
  },
  {
    root: remotePath('/var/www/pinegrove-shop.example'),
    platform: 'wordpress',
    platformName: 'WordPress',
    version: '6.6.2',
    url: 'https://shop.pinegrove.example',
    title: 'Pinegrove Shop',
  },
];
