/** Pure rules: what kind of step an update is, and in which order versions come. */
export { UpdateKind, kindOfUpdate } from './kind.ts';
export { compareVersions } from './php-version.ts';
export { backupInterval, isOverdue, type BackupInterval } from './overdue.ts';
