import type { Clock } from '../words/index.ts';

export interface ScheduleOptions {
  readonly clock: Clock;
  /** null: no automatic checks. */
  readonly everyHours: () => number | null;
  readonly lastCheck: () => Promise<number | null>;
  readonly check: () => Promise<void>;
}

export interface Schedule {
  /** Looks at once whether something is due, e.g. after the computer slept. */
  look(): Promise<void>;
  close(): void;
}

const MINUTE = 60_000;

/** Whether a check is due. A clock that was set back is no reason to wait longer. */
export function isDue(now: number, last: number | null, everyHours: number | null): boolean {
  if (everyHours === null) return false;
  return last === null || last > now || now - last >= everyHours * 3_600_000;
}

/** Checks by itself. Looks every minute instead of sleeping for hours, so that a laptop that slept catches up. */
export function createSchedule(options: ScheduleOptions): Schedule {
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    try {
      if (isDue(options.clock(), await options.lastCheck(), options.everyHours())) await options.check();
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void look().catch(() => {}), MINUTE);
  timer.unref();
  return { look, close: () => clearInterval(timer) };
}
