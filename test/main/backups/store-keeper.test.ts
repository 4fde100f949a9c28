import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyFile, storeKeeper, type KeyKeeper } from '../../../main/backups/index.ts';
import { aTempFolder, type TempFolder } from '../../rig/index.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
let temp: TempFolder;
let file: KeyKeeper;
let kept: Map<string, string>;
const secrets = {
  get: async (name: string) => kept.get(name) ?? null,
  set: async (name: string, value: string) => void kept.set(name, value),
};
const silent = () => {
  throw new Error('nothing to warn of');
};

beforeEach(() => {
  temp = aTempFolder('keeper');
  file = keyFile(path.join(temp.path, 'store.key'));
  kept = new Map();
});
afterEach(() => temp.remove());

it('a key lies in the keychain where there is one', async () => {
  const keeper = storeKeeper({ kind: 'system' }, secrets, file, silent);
  await keeper.set('one', KEY);
  expect(await keeper.get('one')).toBe(KEY);
  expect([...kept.values()]).toEqual([KEY]);
  expect(await file.get('one')).toBeNull();
});

it('without a keychain that lasts it lies in the file, and is found there by a shell that has one', async () => {
  await storeKeeper({ kind: 'session' }, secrets, file, silent).set('one', KEY);
  expect(kept.size).toBe(0);
  expect(await storeKeeper({ kind: 'system' }, secrets, file, silent).get('one')).toBe(KEY);
  expect(await storeKeeper({ kind: 'system' }, secrets, file, silent).get('other')).toBeNull();
});

it('a keychain that fails leaves the store locked, and says so', async () => {
  const warned: unknown[] = [];
  const broken = { ...secrets, get: () => Promise.reject(new Error('wrong passphrase')) };
  const keeper = storeKeeper({ kind: 'passphrase' }, broken, file, (error) => void warned.push(error));
  expect(await keeper.get('one')).toBeNull();
  expect(warned).toHaveLength(1);
});
