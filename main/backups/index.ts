/** Backups: taken, kept in the store, browsed offline, restored. */
export { Backup, BackupEntry, Pin, Proof } from './backup.ts';
export { SiteRecord } from './site-record.ts';
export { siteRecordOf, sitesInStore, type StoredSite } from './lost-sites.ts';
export { keyFile } from './store/key-file.ts';
export type { KeyKeeper } from './store/keys.ts';
export { openStore, type StoreOptions } from './store/store.ts';
export { openStoreInThread } from './store/thread/threaded.ts';
export { openMovableStore, type MovableStore } from './store/movable.ts';
export * from './copies/index.ts';
export * from './move/index.ts';
export { storeKeeper } from './store-keeper.ts';
export {
  PruneReport,
  StoredDatabase,
  SiteSpace,
  StoreSpace,
  StoreState,
  type Snapshot,
  type ReadPack,
  type SnapshotWriter,
  type Store,
  type VerifyReport,
} from './store/types.ts';
export type { TreeEntry, FileEntry } from './store/tree.ts';
export { takeBackup, takeDump, type DumpSource, type TakeOptions } from './take.ts';
export { entryAt, fileAt, flatten, listFolder, looksLikeText, readStart } from './browse/browse.ts';
export { liveSnapshot } from './browse/live.ts';
export { FoundFile, findFiles } from './browse/find.ts';
export { restoreToFolder, type LocalRestore } from './browse/restore-local.ts';
export { exportZip, type ZipExport } from './browse/export-zip.ts';
export { safeName } from './browse/safe-name.ts';
export { createSafePaths, type SafePaths } from './browse/safe-paths.ts';
export {
  aboutDatabase,
  countRows,
  dumpToFile,
  readSchema,
  restoreFrom,
  restoreFromFile,
  restoreScript,
  writeAll,
  type AboutDatabase,
  type DatabaseScripts,
  type DatabaseWork,
} from './database/tools.ts';
export { databaseIn, otherDatabase } from './database/stored.ts';
export { bytesQuery, bytesSaid, databaseBytes, queryRows, SCHEMA_QUERY } from './database/query.ts';
export { BackupTable, openTables, TableRows, WholeCell, type Tables } from './database/dump/tables.ts';
export { writeNewFile } from './database/dump/write-file.ts';
export { onlyTables } from './database/dump/one-table.ts';
export { isAllOrNothing, putTables } from './database/put-tables.ts';
export { Cell } from './database/dump/cell.ts';
export { hashFiles, hashThese } from './pull/hashes.ts';
export { LeaveOut, LeaveOutPreview, LeaveOutRule, leftOutBy, previewOf } from './pull/leave-out.ts';
export { readManifest, sameStamp, type ManifestEntry } from './pull/manifest.ts';
export type { FileScripts } from './pull/file-scripts.ts';
export { sendFiles, type Sending } from './pull/send.ts';
export { inParallel } from './pull/sftp-listing.ts';
export { sendOverSftp } from './pull/sftp-send.ts';
export { tarHeader, tarPadding, TAR_END, type TarEntry } from './pull/tar.ts';
export { decide, KeepReason, Retention, RetentionPolicy, type Retainable } from './care/retention.ts';
export { readBackSome, type ReadBack, type ReadBackOptions } from './care/read-back.ts';
export { drill } from './drill/drill.ts';
export { compareFolder, type Compared } from './drill/compare-folder.ts';
export { readMysqlDump, readPostgresDump, type DumpContent } from './drill/read-dump.ts';
export { backupBefore, BackupChange, changesBetween, compareBackups, Comparison } from './browse/compare.ts';
export { fileHistory, FileHistory, FileVersion } from './browse/file-history.ts';
export { rewriteDump, tryRewrite, type DumpMoves } from './database/elsewhere/rewrite-dump.ts';
export { rewriteSqlite } from './database/elsewhere/rewrite-sqlite.ts';
export { placesOf } from './database/elsewhere/places.ts';
export { Rewritten } from './database/elsewhere/tally.ts';
export { rowsIn, settingsIn } from './database/elsewhere/texts.ts';
