/** Updates and rollbacks of one site: planned, run, judged, undone, recovered. */
export { Choice, Probe, RollbackPreview, UpdatePlan, Verdict } from './plan.ts';
export { isSick, judge } from './judge.ts';
export { probe, probeAll, probeUrls } from './probe.ts';
export { partTitle, prepare, type PrepareServices } from './prepare.ts';
export { findPrivateFolder } from './private-folder.ts';
export { createHands, databaseWork } from './hands.ts';
export { expectedSteps, updateSite, type UpdateServices } from './update.ts';
export {
  previewRollback,
  ROLLBACK_STEPS,
  restoreDatabase,
  rollBack,
  updateToUndo,
  type RollbackServices,
} from './rollback.ts';
export { recoverUpdate } from './recover.ts';
export { restorePaths } from './restore-site.ts';
export { openKeptTrees, type KeptRecord, type KeptTrees } from './kept.ts';
export { planJson } from './run-plan.ts';
export { fence, lockSite, unlockSite, type UpdateScripts } from './remote.ts';
export { goOffline, goOnline, sweep } from './undo.ts';
export { backUpSite, type BackUpServices } from './back-up.ts';
export { expireKept } from './expire.ts';
export { recoverOther, restoreSite, type RestoreChoice } from './restore-run.ts';
