/** Backups: taken, kept in the store, browsed offline, restored. */
export { Backup, BackupEntry } from './backup.ts';
export { keyFile } from './store/key-file.ts';
export type { KeyKeeper } from './store/keys.ts';
export { openStore, type StoreOptions } from './store/store.ts';
export {
  PruneReport,
  StoredDatabase,
  StoreState,
  type Snapshot,
  type SnapshotWriter,
  type Store,
  type VerifyReport,
} from './store/types.ts';
export type { TreeEntry, FileEntry } from './store/tree.ts';
export { takeBackup, type TakeOptions } from './take.ts';
export { entryAt, fileAt, findPaths, flatten, listFolder, looksLikeText, readStart } from './browse.ts';
export { restoreToFolder, safeName, type LocalRestore } from './restore-local.ts';
export {
  countRows,
  dumpToFile,
  readSchema,
  restoreFrom,
  restoreFromFile,
  type DatabaseScripts,
  type DatabaseWork,
} from './database/tools.ts';
export { hashFiles } from './hashes.ts';
export { readManifest, sameStamp, type ManifestEntry } from './manifest.ts';
export { sendFiles, type Sending } from './send.ts';
export { tarHeader, tarPadding, TAR_END, type TarEntry } from './tar.ts';
