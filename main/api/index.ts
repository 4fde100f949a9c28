export {
  contract,
  type AppEvent,
  type AppInfo,
  type Contract,
  type LostSite,
  type PlaceTrial,
  type Secrets,
  type SiteDetails,
  type SiteSummary,
} from './contract.ts';
export type { Client } from './client.ts';
export { answerInProblems } from './errors.ts';
export type * from './types.ts';
export { clientOf, createRouter, type AppRouter } from './router.ts';
export { backUpRun } from './procedures/back-up-run.ts';
export { startCheck } from './procedures/checks.ts';
export { pruneRun } from './procedures/store.ts';
export { drillFolder, drillRun, rollingRun } from './procedures/verify-runs.ts';
export type { Services } from './services.ts';
