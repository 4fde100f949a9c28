import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AnyAuthMethod } from 'ssh2';
import type { SshHop } from '../../sites/index.ts';
import { Problem, wordsOf } from '../../words/index.ts';
import { ssh2 } from './ssh2.ts';

/** The secrets of one hop; null: none is known. */
export interface HopSecrets {
  password(): Promise<string | null>;
  passphrase(): Promise<string | null>;
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * What is tried to log in, in order.
 * @throws Problem `key-unreadable`, `key-locked`, `no-password`, `no-agent`, each with what to do.
 */
export async function methodsFor(
  hop: SshHop,
  secrets: HopSecrets,
  environment: NodeJS.ProcessEnv,
): Promise<AnyAuthMethod[]> {
  const username = hop.user;
  switch (hop.authentication.kind) {
    case 'agent': {
      const agent = agentOf(environment);
      const methods: AnyAuthMethod[] = agent === null ? [] : [{ type: 'agent', username, agent }];
      for (const key of defaultKeys()) methods.push({ type: 'publickey', username, key });
      if (methods.length === 0) {
        throw new Problem({
          code: 'no-agent',
          message: 'No ssh-agent is running, and there is no key in ~/.ssh.',
          attempted: `Log in as ${hop.user}@${hop.host}`,
          todo: 'Start an agent and add your key (ssh-add), or choose a key file or a password for this site.',
        });
      }
      return methods;
    }
    case 'key':
      return [{ type: 'publickey', username, ...(await openKey(hop, hop.authentication.file, secrets)) }];
    case 'password': {
      const password = await secrets.password();
      if (password === null) {
        throw new Problem({
          code: 'no-password',
          message: `The password for ${hop.user}@${hop.host} is not known.`,
          attempted: `Log in as ${hop.user}@${hop.host}`,
          todo: 'Enter it on the site’s connection page, or with --password-stdin.',
        });
      }
      return [
        { type: 'password', username, password },
        {
          type: 'keyboard-interactive',
          username,
          prompt: (_name, _text, _language, prompts, answer) => answer(prompts.map(() => password)),
        },
      ];
    }
  }
}

function agentOf(environment: NodeJS.ProcessEnv): string | null {
  const socket = environment['SSH_AUTH_SOCK'];
  if (socket !== undefined && socket !== '') return socket;
  return process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : null;
}

function defaultKeys(): string[] {
  return DEFAULT_KEYS.map((name) => join(homedir(), '.ssh', name)).flatMap((file) => {
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return isKey(ssh2.utils.parseKey(text)) ? [text] : [];
  });
}

/** A key's text, and its passphrase where it has one: ssh2 cannot read back every key that it has opened. */
async function openKey(
  hop: SshHop,
  file: string,
  secrets: HopSecrets,
): Promise<{ key: string; passphrase?: string }> {
  const attempted = `Log in as ${hop.user}@${hop.host} with ${file}`;
  const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Problem(
      {
        code: 'key-unreadable',
        message: `The key file ${file} cannot be read.`,
        attempted,
        answered: wordsOf(error),
        todo: 'Choose the private key (the file without .pub), and make sure that it is readable for your account.',
      },
      error,
    );
  }
  if (isKey(ssh2.utils.parseKey(text))) return { key: text };
  const passphrase = await secrets.passphrase();
  const parsed = ssh2.utils.parseKey(text, passphrase ?? undefined);
  if (isKey(parsed) && passphrase !== null) return { key: text, passphrase };
  const why = parsed instanceof Error ? parsed.message : 'not a private key';
  const locked = /encrypt|passphrase|decrypt|bad decrypt|integrity/i.test(why);
  throw new Problem({
    code: locked ? 'key-locked' : 'key-unreadable',
    message: locked
      ? `The key ${file} has a passphrase${passphrase === null ? '' : ', and it is not this one'}.`
      : `${file} is not a private key that can be used.`,
    attempted,
    answered: why,
    todo: locked
      ? 'Enter the passphrase on the site’s connection page, or load the key into ssh-agent (ssh-add).'
      : 'OpenSSH, PEM and PuTTY (PPK) keys can be read.',
  });
}

function isKey(parsed: ReturnType<typeof ssh2.utils.parseKey>): boolean {
  return !(parsed instanceof Error);
}
