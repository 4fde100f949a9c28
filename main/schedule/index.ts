/** What is done by itself: when it is due, and that it is done. */
export { createSchedule, type Duty, type Schedule } from './schedule.ts';
export { isDue, isWorthPruning, shareToProve, turnsDue, type Turn } from './due.ts';
export { openLastDone, type LastDone } from './last-done.ts';
