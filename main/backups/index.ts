/** Backups: taken, kept in the store, browsed offline, restored. */
export { Backup, BackupEntry } from './backup.ts';
export { keyFile } from './store/key-file.ts';
export type { KeyKeeper } from './store/keys.ts';
export { openStore, type StoreOptions } from './store/store.ts';
export { storeKeeper } from './store-keeper.ts';
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
export { restoreToFolder, type LocalRestore } from './restore-local.ts';
export { exportZip, type ZipExport } from './export-zip.ts';
export { safeName } from './safe-name.ts';
export { createSafePaths, type SafePaths } from './safe-paths.ts';
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
export { decide, RetentionPolicy, type KeepReason, type Retainable, type Retention } from './retention.ts';
export { backupBefore, BackupChange, changesBetween, compareBackups, Comparison } from './compare.ts';
export { fileHistory, FileHistory, FileVersion } from './file-history.ts';
