/** Inventory × releases = updates. */
export { Update } from './update.ts';
export { CHECK_STEPS, checkSites, refreshUpdates, type CheckServices } from './check.ts';
export { openCheckRecords, type CheckRecords } from './records.ts';
export { bestUpdate, isDirectorys, obstaclesTo, questionOf, updatesFor } from './fit.ts';
