import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readJson } from '../../words/index.ts';
import { writeDurably } from './durable.ts';
import type { KeyKeeper } from './keys.ts';

const Keys = z.record(z.string(), z.base64());

/** Master keys in a file that only this account may read, for computers without a keychain. */
export function keyFile(path: string): KeyKeeper {
  const read = async () => {
    try {
      return readJson(Keys, await readFile(path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
      throw error;
    }
  };
  return {
    get: async (id) => (await read())[id] ?? null,
    async set(id, key) {
      await writeDurably(path, Buffer.from(`${JSON.stringify({ ...(await read()), [id]: key }, null, 1)}\n`));
    },
  };
}
