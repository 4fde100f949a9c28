import { basename } from 'node:path';
import { Problem, wordsOf } from '../../words/index.ts';
import { BackupId } from '../../words/index.ts';
import { decodeSnapshot } from './snapshots.ts';
import type { StoreParts } from './verify.ts';

/** What a store is: also what a copy of it is, wherever that lies. Names with `/`, as docs/store-format.md has them. */
export type StoreFile = string;

export const CONFIG = 'config.json';
const PACK = /^packs\/([0-9a-f]{2})\/\1[0-9a-f]{30}\.pack$/;
const SNAPSHOT = /^snapshots\/(backup_[0-9a-z]{6,32})\.snapshot$/;

export const isPack = (name: StoreFile): boolean => PACK.test(name);
export const isStoreFile = (name: string): boolean => name === CONFIG || isPack(name) || SNAPSHOT.test(name);

/** Whose record a file is; null: it is none. */
export function backupOfFile(name: StoreFile): BackupId | null {
  return BackupId.safeParse(SNAPSHOT.exec(name)?.[1]).data ?? null;
}

/**
 * Whether these bytes are a whole pack, or a backup's whole record, of this store: every byte is looked at.
 * @returns what is wrong with them; null: nothing
 */
export async function inspectFile(
  { keys, workers }: Pick<StoreParts, 'keys' | 'workers'>,
  name: StoreFile,
  bytes: Uint8Array,
): Promise<string | null> {
  const backup = backupOfFile(name);
  if (backup !== null) {
    try {
      decodeSnapshot(keys, backup, Buffer.from(bytes));
      return null;
    } catch (error) {
      return `the record is damaged: ${wordsOf(error)}`;
    }
  }
  if (!isPack(name))
    throw new Problem({ code: 'not-a-store-file', message: `${name} is no file of a store.` });
  const pack = basename(name, '.pack');
  const { bad, whole } = await workers.check({
    file: name,
    name: pack,
    salt: new Uint8Array(32),
    places: [],
    bytes: new Uint8Array(bytes),
  });
  return whole ?? bad[0]?.[1] ?? null;
}
