/** The audit trail of everything that was done. */
export { HistoryEntry } from './entry.ts';
export { openHistory, type History } from './history.ts';
