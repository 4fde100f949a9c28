import { text } from 'node:stream/consumers';
import { InvalidArgumentError } from 'commander';
import type { ConnectionSettings } from '../../../sites/index.ts';
import { Problem } from '../../../words/index.ts';
import type { Command } from '../context.ts';

/** How to log in to a server. */
export interface LoginOptions {
  ssh?: string;
  sftp?: string;
  local?: boolean;
  key?: string;
  passwordStdin?: boolean;
  passphraseStdin?: boolean;
  agent?: boolean;
  jump?: string;
  acceptHostKey?: string;
}

/** Reads the one secret that stdin carries. */
const allOfStdin = async () => (await text(process.stdin)).replace(/\r?\n$/, '');

/** The connection and its secrets, as options say; secrets come on stdin. */
export async function connectionFrom(
  { client }: Command,
  options: LoginOptions,
  read: () => Promise<string> = allOfStdin,
): Promise<{ connection: ConnectionSettings; secrets: Awaited<ReturnType<typeof secretsFrom>> }> {
  const secrets = await secretsFrom(options, read);
  if (options.local === true) return { connection: { kind: 'local' }, secrets };
  const target = options.sftp ?? options.ssh;
  if (target === undefined)
    throw new Problem({
      code: 'no-connection',
      message: 'Say how it is reached.',
      todo: 'Use --ssh user@host, --sftp user@host where there is no shell, or --local.',
    });
  const jump = options.jump === undefined ? '' : ` -J ${options.jump}`;
  const parsed = await client.connections.parse({ text: `${target}${jump}` });
  if (parsed.kind === 'local') return { connection: parsed, secrets };
  const authentication = loginFrom(options) ?? parsed.authentication;
  const kind = options.sftp === undefined ? ('ssh' as const) : ('sftp' as const);
  return { connection: { ...parsed, kind, authentication }, secrets };
}

/** How one logs in, as the options say; null: they do not. */
export function loginFrom(options: LoginOptions) {
  if (options.key !== undefined) return { kind: 'key' as const, file: options.key };
  if (options.passwordStdin === true) return { kind: 'password' as const };
  return options.agent === true ? { kind: 'agent' as const } : null;
}

/** What comes on stdin, as the options say. */
export async function secretsFrom(
  options: Pick<LoginOptions, 'passwordStdin' | 'passphraseStdin'>,
  read: () => Promise<string> = allOfStdin,
) {
  if (options.passwordStdin !== true && options.passphraseStdin !== true)
    return { passwords: [], passphrases: [] };
  const secret = await read();
  return options.passwordStdin === true
    ? { passwords: [{ hop: 0, password: secret }], passphrases: [] }
    : { passwords: [], passphrases: [{ hop: 0, passphrase: secret }] };
}

/** A host whose key is not accepted yet. */
export function unconfirmed(key: { host: string; port: number; type: string; fingerprint: string }): Problem {
  return new Problem({
    code: 'host-unknown',
    message: `${key.host}:${key.port} has not been confirmed yet.`,
    answered: `It shows the ${key.type} key ${key.fingerprint}.`,
    todo: `Compare this fingerprint with the one that the host publishes. When it is the same: --accept-host-key ${key.fingerprint}`,
  });
}

/** Reads an option that holds a fingerprint. */
export function fingerprint(value: string): string {
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(value)) return value;
  throw new InvalidArgumentError('a fingerprint looks like SHA256: and 43 characters');
}
