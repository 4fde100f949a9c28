import { BackupId } from '../../words/index.ts';

/** What a store is: also what a copy of it is, wherever that lies. Names with `/`, as docs/store-format.md has them. */
export type StoreFile = string;

export const CONFIG = 'config.json';
const PACK = /^packs\/([0-9a-f]{2})\/\1[0-9a-f]{30}\.pack$/;
const SNAPSHOT = /^snapshots\/(backup_[0-9a-z]{6,32})\.snapshot$/;

/** A mark never changes: what is said anew of a backup gets the next number. */
const MARK = /^marks\/(backup_[0-9a-z]{6,32})\.([1-9][0-9]{0,14})\.mark$/;

export const isPack = (name: StoreFile): boolean => PACK.test(name);
export const isStoreFile = (name: string): boolean =>
  name === CONFIG || isPack(name) || SNAPSHOT.test(name) || MARK.test(name);

/** Whose record a file is; null: it is none. */
export function backupOfFile(name: StoreFile): BackupId | null {
  return BackupId.safeParse(SNAPSHOT.exec(name)?.[1]).data ?? null;
}

export const snapshotFile = (backup: BackupId): StoreFile => `snapshots/${backup}.snapshot`;
export const markFile = (backup: BackupId, number: number): StoreFile => `marks/${backup}.${number}.mark`;

/** Whose mark a file is, and which of them; null: it is none. */
export function markOfFile(name: StoreFile): { readonly backup: BackupId; readonly number: number } | null {
  const [, id, number] = MARK.exec(name) ?? [];
  const backup = BackupId.safeParse(id).data;
  return backup === undefined ? null : { backup, number: Number(number) };
}
