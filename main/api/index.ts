export {
  contract,
  type AppEvent,
  type AppInfo,
  type Contract,
  type Secrets,
  type SiteDetails,
  type SiteSummary,
} from './contract.ts';
export type { Client } from './client.ts';
export { answerInProblems } from './errors.ts';
export type * from './types.ts';
export { clientOf, createRouter, type AppRouter } from './router.ts';
export { startCheck } from './procedures/checks.ts';
export type { Services } from './services.ts';
