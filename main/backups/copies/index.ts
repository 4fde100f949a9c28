/** Second copies of the store: on other disks, SSH hosts and S3-compatible storage. */
export { Copy, CopyDraft, CopyState, PlaceSecrets, PlaceSettings, whereIs } from './copy.ts';
export { openCopies, PlaceFound, type Copies } from './copies.ts';
export { createCopyRuns, type CopyRuns } from './copy-runs.ts';
export { CopyTask, type CopyServices } from './tasks.ts';
export { openRemoved, type RemovedBackups } from './removed.ts';
export { createUpkeep, type CopyUpkeep } from './upkeep.ts';
