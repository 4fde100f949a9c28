import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../words/index.ts';
import type { Keychain } from './keychain.ts';

const SALT = 16;
const NONCE = 12;
const TAG = 16;
/** scrypt's cost: about 0.4 s and 128 MiB on a laptop of 2020. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 192 * 1024 * 1024 };

/**
 * A keychain for computers without one: AES-256-GCM under a key that scrypt makes of a passphrase.
 * Sealed: salt (16), nonce (12), ciphertext, tag (16).
 */
export function passphraseKeychain(passphrase: string): Keychain {
  const keys = new Map<string, Promise<Buffer>>();
  const ownSalt = randomBytes(SALT);
  const keyFor = (salt: Buffer): Promise<Buffer> => {
    const known = keys.get(salt.toString('hex'));
    if (known) return known;
    const made = new Promise<Buffer>((resolve, reject) => {
      scrypt(passphrase.normalize('NFKC'), salt, 32, COST, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
    keys.set(salt.toString('hex'), made);
    return made;
  };
  return {
    kind: 'passphrase',
    name: 'Passphrase',
    warning: null,
    async seal(plain) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', await keyFor(ownSalt), nonce);
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([ownSalt, nonce, body, cipher.getAuthTag()]);
    },
    async open(sealed) {
      const key = await keyFor(sealed.subarray(0, SALT));
      try {
        const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(SALT, SALT + NONCE), {
          authTagLength: TAG,
        });
        cipher.setAuthTag(sealed.subarray(-TAG));
        return Buffer.concat([cipher.update(sealed.subarray(SALT + NONCE, -TAG)), cipher.final()]).toString(
          'utf8',
        );
      } catch (error) {
        throw new Problem(
          {
            code: 'wrong-passphrase',
            message: 'The passphrase does not open the saved secrets.',
            todo: 'Give the passphrase they were saved with (GROUNDSKEEPER_PASSPHRASE), or enter the passwords again.',
          },
          error,
        );
      }
    },
  };
}

/** Secrets are kept in memory only, and asked for again after a restart. */
export function sessionKeychain(): Keychain {
  return {
    kind: 'session',
    name: 'None',
    warning:
      'Passwords are kept until Groundskeeper ends, and written nowhere. Set GROUNDSKEEPER_PASSPHRASE to keep them, or use keys or an agent.',
    seal: () =>
      Promise.reject(
        new Problem({ code: 'no-keychain', message: 'There is no keychain to save secrets in.' }),
      ),
    open: () =>
      Promise.reject(
        new Problem({ code: 'no-keychain', message: 'There is no keychain to read secrets from.' }),
      ),
  };
}

/**
 * The keychain of a process without a desktop: a passphrase from `GROUNDSKEEPER_PASSPHRASE` or from the
 * service manager's credentials (systemd's `$CREDENTIALS_DIRECTORY/groundskeeper-passphrase`), else none.
 */
export function headlessKeychain(environment: NodeJS.ProcessEnv): Keychain {
  const given = environment['GROUNDSKEEPER_PASSPHRASE'] ?? credential(environment['CREDENTIALS_DIRECTORY']);
  return given === undefined || given === '' ? sessionKeychain() : passphraseKeychain(given);
}

function credential(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return readFileSync(join(folder, 'groundskeeper-passphrase'), 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}
