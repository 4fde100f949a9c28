import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Problem, readJson, wordsOf } from '../../words/index.ts';
import { diskProblem } from './disk-problem.ts';
import { writeDurably } from './durable.ts';
import { WrappedKey, type KeyKeeper } from './keys.ts';

/** What a store is: `config.json` in its folder. */
export const Config = z.object({
  format: z.literal(2),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  sealed: z.boolean(),
  /** The master key, wrapped by the recovery phrase that was confirmed last; null: none was. */
  phrase: WrappedKey.nullable(),
  /** The same by a new phrase that is not confirmed yet. Both open the store. */
  next: WrappedKey.optional(),
});
export type Config = z.infer<typeof Config>;

/**
 * Reads what a store is. @returns null: there is no such file
 * @throws Problem `store-newer`, `store-older`, `store-damaged`, `store-unreadable`
 */
export async function readConfig(file: string): Promise<Config | null> {
  const text = await textOf(file);
  if (text === null) return null;
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

/** Only a file that is not there is none: from a disk that does not answer a store must never be made anew over the one that it holds. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw diskProblem(error, dirname(file));
  }
}

/**
 * Makes a new store: sealed where there is a keeper for its key.
 * @throws Problem `disk-full`, `store-unwritable`; `store-damaged` where backups lie without it: with another key they would never open again
 */
export async function makeConfig(file: string, keeper: KeyKeeper | null): Promise<Config> {
  const orphans = await readdir(join(dirname(file), 'snapshots'));
  if (orphans.length > 0) throw damagedConfig(file, 'is missing', `There are ${orphans.length} backups.`);
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
    throw damagedConfig(file, 'was damaged', wordsOf(error), error);
  }
}

function damagedConfig(file: string, how: string, answered: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'store-damaged',
      message: `The file that says what the backup store is ${how}.`,
      attempted: `Read ${file}`,
      answered,
      todo: 'Put back this one file from a copy of the store; it is the same there. The backups themselves are untouched.',
    },
    cause,
  );
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
