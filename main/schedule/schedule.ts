import type { Clock } from '../words/index.ts';

/** Something that is done by itself. */
export interface Duty {
  readonly name: string;
  /** Does what is due now; resolves when it is done, or at once where nothing is due. Begins nothing once it is aborted. */
  readonly look: (now: number, signal: AbortSignal) => Promise<void>;
}

export interface Schedule {
  /** Looks at once whether something is due, e.g. after the computer slept. */
  look(): Promise<void>;
  close(): void;
}

const MINUTE = 60_000;

/**
 * Does duties by themselves. Looks every minute instead of sleeping for hours, so that a laptop that slept catches up. A duty that is
 * still at work is not begun again, and does not hold up the others; one that fails is looked at again.
 */
export function createSchedule(options: {
  readonly clock: Clock;
  readonly duties: readonly Duty[];
  readonly onFailure: (error: unknown, duty: string) => void;
}): Schedule {
  const busy = new Set<string>();
  const closing = new AbortController();
  const attend = async ({ name, look }: Duty) => {
    if (busy.has(name) || closing.signal.aborted) return;
    busy.add(name);
    try {
      await look(options.clock(), closing.signal);
    } catch (error) {
      if (!closing.signal.aborted) options.onFailure(error, name);
    } finally {
      busy.delete(name);
    }
  };
  const look = async () => {
    await Promise.all(options.duties.map(attend));
  };
  const timer = setInterval(() => void look(), MINUTE);
  timer.unref();
  return {
    look,
    close() {
      clearInterval(timer);
      closing.abort();
    },
  };
}
