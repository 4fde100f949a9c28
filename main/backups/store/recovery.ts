import { Problem, type Clock } from '../../words/index.ts';
import { readConfig, writeConfig, type Config } from './config.ts';
import { createGate } from './gate.ts';
import { newPhrase, readPhrase, unwrapKey, wrapKey, type WrappedKey } from './keys.ts';
import type { StoreState } from './types.ts';

/**
 * The recovery phrases of a store. A new one is written beside the one that holds before it is shown, and takes its place
 * when the user says that it is kept. So whatever dies meanwhile, the phrase that was confirmed last opens the store.
 */
export interface Recovery {
  /** What the store is, as it was last written. */
  readonly config: Config;
  state(): Pick<StoreState, 'hasPhrase' | 'phraseAt' | 'phraseWaits'>;
  /** Writes a new phrase beside the one that holds. @param master the store's key; null: it is open @throws Problem `store-open` */
  make(master: Buffer | null): Promise<string>;
  /** Puts the phrase that was made last into the place of the one before. @throws Problem `phrase-mistyped`, `phrase-not-waiting` */
  confirm(master: Buffer | null, typed: string): Promise<void>;
  /** Forgets the phrase that was made and not confirmed. */
  drop(): Promise<void>;
  /** The master key, by a phrase that was confirmed or that waits for it. @throws Problem `no-phrase`, `phrase-mistyped`, `wrong-phrase` */
  unwrap(typed: string): Promise<Buffer>;
}

/** @param file the store's config.json, as `config` says it */
export function openRecovery(file: string, config: Config, clock: Clock): Recovery {
  let now = config;
  /** Two windows may ask at once. */
  const gate = createGate();
  const write = async (next: Config) => {
    try {
      await writeConfig(file, next);
      now = next;
    } catch (error) {
      // It may be there all the same: then that is what the store is.
      now = (await readConfig(file).catch(() => null)) ?? now;
      throw error;
    }
  };
  /** Whether a phrase opens the store by one of its two. */
  const opens = async (wrapped: WrappedKey | null, phrase: string, master: Buffer | null) => {
    if (wrapped === null || master === null) return false;
    try {
      return (await unwrapKey(wrapped, phrase, now.id)).equals(master);
    } catch (error) {
      if (error instanceof Problem && error.code === 'wrong-phrase') return false;
      throw error;
    }
  };

  return {
    get config() {
      return now;
    },
    state: () => ({
      hasPhrase: now.phrase !== null,
      phraseAt: now.phrase?.at ?? null,
      phraseWaits: now.next !== undefined,
    }),
    make: (master) =>
      gate.alone(async () => {
        if (master === null) {
          throw new Problem({
            code: 'store-open',
            message: 'This backup store is not sealed, so it needs no recovery phrase.',
          });
        }
        const phrase = newPhrase();
        await write({ ...now, next: await wrapKey(master, phrase, now.id) });
        return phrase;
      }),
    confirm: (master, typed) =>
      gate.alone(async () => {
        const phrase = readPhrase(typed);
        const { next, ...rest } = now;
        if (next !== undefined && (await opens(next, phrase, master)))
          return write({ ...rest, phrase: { ...next, at: clock() } });
        // Asked again because the answer was lost: it holds already.
        if (await opens(now.phrase, phrase, master)) return;
        throw new Problem({
          code: 'phrase-not-waiting',
          message: 'This is not the recovery phrase that was made last.',
          attempted: 'Confirm a recovery phrase',
          todo:
            now.phrase === null
              ? 'Make a new one.'
              : 'Make a new one. The phrase that was confirmed before still opens the backups.',
        });
      }),
    drop: () =>
      gate.alone(async () => {
        const { next, ...rest } = now;
        if (next !== undefined) await write(rest);
      }),
    async unwrap(typed) {
      const { phrase: held, next, id } = now;
      const [first, ...others] = [held, next].filter((one) => one !== null && one !== undefined);
      if (first === undefined) {
        throw new Problem({
          code: 'no-phrase',
          message: 'No recovery phrase was ever made for this store.',
          attempted: 'Unlock the backup store',
          todo: 'Its key is only on the computer that made it: open it there and make one.',
        });
      }
      const phrase = readPhrase(typed);
      let tried = unwrapKey(first, phrase, id);
      for (const other of others) tried = tried.catch(() => unwrapKey(other, phrase, id));
      return tried;
    },
  };
}
