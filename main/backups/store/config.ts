import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem, readJson } from '../../words/index.ts';
import { writeDurably } from './durable.ts';
import { WrappedKey, type KeyKeeper } from './keys.ts';

/** What a store is: `config.json` in its folder. */
export const Config = z.object({
  format: z.literal(2),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  sealed: z.boolean(),
  /** The master key, wrapped by the recovery phrase; null until one is made. */
  phrase: WrappedKey.nullable(),
});
export type Config = z.infer<typeof Config>;

/**
 * Reads what a store is, or makes a new one: sealed where there is a keeper for its key.
 * @throws Problem `store-newer`, `store-older`
 */
export async function readConfig(file: string, keeper: KeyKeeper | null): Promise<Config> {
  if (existsSync(file)) {
    const text = await readFile(file, 'utf8');
    const { format } = readJson(z.object({ format: z.number() }), text);
    if (format === 2) return readJson(Config, text);
    throw new Problem({
      code: format > 2 ? 'store-newer' : 'store-older',
      message: `The backup store was written by ${format > 2 ? 'a newer' : 'a preview of'} Groundskeeper.`,
      answered: `format ${format}`,
      todo:
        format > 2
          ? 'Update Groundskeeper. Nothing in the store was changed.'
          : 'Move the store’s folder away; a new one is made. Nothing in it was changed.',
    });
  }
  const config: Config = {
    format: 2,
    id: randomBytes(16).toString('hex'),
    sealed: keeper !== null,
    phrase: null,
  };
  // The key first: a key without a store does no harm, a store without a key is lost.
  await keeper?.set(config.id, randomBytes(32).toString('base64'));
  await writeConfig(file, config);
  return config;
}

/** Replaces it. @throws Problem `disk-full`, `store-unwritable` */
export async function writeConfig(file: string, config: Config): Promise<void> {
  await writeDurably(file, Buffer.from(`${JSON.stringify(config, null, 1)}\n`));
}
