import { BackupId } from '../../words/index.ts';

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
