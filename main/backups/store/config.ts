import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem, readJson, wordsOf } from '../../words/index.ts';
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
 * @throws Problem `store-newer`, `store-older`, `store-damaged`
 */
export async function readConfig(file: string, keeper: KeyKeeper | null): Promise<Config> {
  if (existsSync(file)) {
    const text = await readFile(file, 'utf8');
    const { format } = understood(file, z.object({ format: z.number() }), text);
    if (format === 2) return understood(file, Config, text);
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

function understood<T extends z.ZodType>(file: string, schema: T, text: string): z.infer<T> {
  try {
    return readJson(schema, text);
  } catch (error) {
    throw new Problem(
      {
        code: 'store-damaged',
        message: 'The file that says what the backup store is was damaged.',
        attempted: `Read ${file}`,
        answered: wordsOf(error),
        todo: 'Put back this one file from a copy of the store; it is the same there. The backups themselves are untouched.',
      },
      error,
    );
  }
}

/** Whether the file says, byte for byte, what it was given. */
export async function isStill(file: string, config: Config): Promise<boolean> {
  const bytes = await readFile(file).catch(() => null);
  return bytes?.equals(bytesOf(config)) === true;
}

function bytesOf(config: Config): Buffer {
  return Buffer.from(`${JSON.stringify(config, null, 1)}\n`);
}

/** Replaces it. @throws Problem `disk-full`, `store-unwritable` */
export async function writeConfig(file: string, config: Config): Promise<void> {
  await writeDurably(file, bytesOf(config));
}
