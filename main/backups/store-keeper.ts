import type { Keychain, Secrets } from '../settings/index.ts';
import type { KeyKeeper } from './store/keys.ts';

/**
 * Where a store's key lies: in the keychain; without one that lasts, in a file beside the settings, where it
 * guards the store's copies but not this computer. A key that another shell left in the file is found there too.
 * @param warn told of a keychain that fails: the store is locked then, and the rest of the app works
 */
export function storeKeeper(
  keychain: Pick<Keychain, 'kind'>,
  secrets: Pick<Secrets, 'get' | 'set'>,
  file: KeyKeeper,
  warn: (error: unknown, where: string) => void,
): KeyKeeper {
  if (keychain.kind === 'session') return file;
  return {
    async get(id) {
      try {
        const kept = await secrets.get(`store:${id}`);
        if (kept !== null) return kept;
      } catch (error) {
        warn(error, 'the key of the backup store');
      }
      return file.get(id);
    },
    set: (id, key) => secrets.set(`store:${id}`, key),
  };
}
