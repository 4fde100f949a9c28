import { z } from 'zod';
import type { JsonFile } from './json-file.ts';
import type { Keychain } from './keychain.ts';

/** Names a secret, e.g. `site_x:password:0`. */
export type SecretName = string;

/** Passwords and passphrases, sealed by the keychain in `secrets.json`, or in memory where there is none. */
export interface Secrets {
  get(name: SecretName): Promise<string | null>;
  set(name: SecretName, value: string): Promise<void>;
  /** Forgets every secret whose name begins so. */
  forget(prefix: string): void;
}

const Sealed = z.record(z.string(), z.string());

/** Secrets over a JSON file that holds only what the keychain sealed. */
export function openSecrets(file: JsonFile, keychain: Keychain): Secrets {
  const open = new Map<SecretName, string>();
  const read = () => Sealed.catch({}).parse(file.get('sealed'));
  return {
    async get(name) {
      const known = open.get(name);
      if (known !== undefined) return known;
      const sealed = read()[name];
      if (sealed === undefined || keychain.kind === 'session') return null;
      const plain = await keychain.open(Buffer.from(sealed, 'base64'), (renewed) => {
        file.set('sealed', { ...read(), [name]: renewed.toString('base64') });
      });
      open.set(name, plain);
      return plain;
    },
    async set(name, value) {
      open.set(name, value);
      if (keychain.kind === 'session') return;
      const sealed = await keychain.seal(value);
      file.set('sealed', { ...read(), [name]: sealed.toString('base64') });
    },
    forget(prefix) {
      for (const name of open.keys()) if (name.startsWith(prefix)) open.delete(name);
      const kept = Object.entries(read()).filter(([name]) => !name.startsWith(prefix));
      file.set('sealed', Object.fromEntries(kept));
    },
  };
}
