/** The audit trail of everything that was done. */
export { type Checked } from './chain.ts';
export { HistoryEntry } from './entry.ts';
export { exportHistory } from './export.ts';
export { openHistory, type History } from './history.ts';
