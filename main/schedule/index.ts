/** Timers: automatic checks. */
export { createSchedule, isDue, type Schedule } from './schedule.ts';
