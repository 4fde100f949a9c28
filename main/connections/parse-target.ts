import type { ConnectionSettings } from '../sites/index.ts';
import { Problem } from '../words/index.ts';
import type { SshConfig } from './ssh/config.ts';

/**
 * Reads what a person pasted: `ssh deploy@example.org -p 2222 -i ~/.ssh/key -J jump.example.org`,
 * `ssh://deploy@example.org:2222`, `deploy@example.org:2222`, a name from ~/.ssh/config, or `local`.
 * `sftp` in place of `ssh` is the same: an account for SFTP may have a shell, and trying it tells.
 * Nothing of it is run.
 * @throws Problem `not-a-target`
 */
export function parseTarget(text: string, config: SshConfig): ConnectionSettings {
  const words = split(text.trim());
  if (words[0] === 'ssh' || words[0] === 'sftp') words.shift();
  if (words.length === 1 && (words[0] === 'local' || words[0] === 'localhost:')) return { kind: 'local' };
  let place: string | null = null;
  let port: number | undefined;
  let user: string | undefined;
  let identityFile: string | undefined;
  let jump: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (place === null && !word.startsWith('-')) {
      place = word;
      continue;
    }
    const flag = word.slice(0, 2);
    if (!/^-[pilJo]$/.test(flag)) {
      if (place !== null && !word.startsWith('-')) break; // a remote command after the host
      continue; // a flag without a value, such as -A or -v
    }
    const value = word.length > 2 ? word.slice(2) : (words[(at += 1)] ?? '');
    if (flag === '-p') port = Number(value);
    else if (flag === '-i') identityFile = value;
    else if (flag === '-l') user = value;
    else if (flag === '-J') jump = value.split(',');
    else if (/^port=/i.test(value)) port = Number(value.slice(5));
  }
  const match = /^(?:ssh:\/\/|sftp:\/\/)?(?:([^@\s]+)@)?(\[[0-9a-f:%.]+\]|[^:/\s@]+)(?::(\d+))?\/?$/i.exec(
    place ?? '',
  );
  const host = match?.[2]?.replace(/^\[|\]$/g, '');
  if (match?.[3] !== undefined) port = Number(match[3]);
  if (host === undefined || (port !== undefined && !(port >= 1 && port <= 65535))) {
    throw new Problem({
      code: 'not-a-target',
      message: 'This does not say which server to connect to.',
      answered: text,
      todo: 'Write it as `ssh user@example.org -p 22`, or as a host of your ~/.ssh/config.',
    });
  }
  const settings = config.resolve(host, { user: match?.[1] ?? user, port, identityFile });
  if (settings.kind !== 'ssh' || jump.length === 0) return settings;
  const hops = jump.flatMap((name) => {
    const hop = parseTarget(name, config);
    return hop.kind === 'ssh'
      ? [...hop.jump, { host: hop.host, port: hop.port, user: hop.user, authentication: hop.authentication }]
      : [];
  });
  return { ...settings, jump: hops };
}

function split(text: string): string[] {
  return Array.from(
    text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}
