/** Updates and rollbacks of one site: planned, run, judged, undone, recovered. */
export { backUpSite } from './back-up.ts';
export { compareLive, liveFile } from './live.ts';
export { previewLeaveOut } from './leave-out-preview.ts';
export { expireKept } from './expire.ts';
export { openKeptTrees } from './kept.ts';
export { Choice, RollbackPreview, UpdatePlan } from './plan.ts';
export { recoverUpdate } from './recover.ts';
export { recoverOther, restoreSite, type RestoreChoice } from './restore-run.ts';
export { restoreTables } from './restore-tables.ts';
export { rollBack, ROLLBACK_STEPS } from './rollback.ts';
export { previewRollback, updateToUndo, type RollbackServices } from './rollback-preview.ts';
export { expectedSteps, planUpdate, updateSite } from './update.ts';
export { planElsewhere, restoreElsewhere } from './elsewhere/run.ts';
export { ELSEWHERE_STEPS, ElsewherePlan, LEFT_BECAUSE } from './elsewhere/plan.ts';
export type { ElsewhereServices } from './elsewhere/look.ts';
