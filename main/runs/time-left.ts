import type { Progress } from '../words/index.ts';

/** How fast a piece of work has been going. */
export interface Pace {
  readonly what: string;
  readonly total: number;
  /** Milliseconds, as `now`. */
  readonly since: number;
  readonly at: number;
  readonly done: number;
  /** Per millisecond, smoothed; null: nothing has moved yet. */
  readonly rate: number | null;
}

/** Milliseconds that work has to have gone on before anything is said about its end. */
const QUIET = 4_000;
/** Milliseconds between two looks at the rate: less is noise. */
const LOOK = 500;
/** Milliseconds after which what was before counts for about a third. */
const MEMORY = 10_000;

/**
 * Follows work and estimates how long it still takes.
 * @param before what this returned last; null: the first word of this run
 * @param now milliseconds on any clock that only goes forward
 * @returns `left` in milliseconds; null: too early to say, or nothing is known
 */
export function timeLeft(
  before: Pace | null,
  { what, done, total, unit }: Progress,
  now: number,
): { readonly pace: Pace | null; readonly left: number | null } {
  if (total === null || total <= 0 || unit === 'steps') return { pace: null, left: null };
  if (before === null || before.what !== what || before.total !== total || done < before.done)
    return { pace: { what, total, since: now, at: now, done, rate: null }, left: null };
  const pace = now - before.at < LOOK ? before : moved(before, done, now);
  if (pace.rate === null || pace.rate <= 0 || now - pace.since < QUIET || done >= total)
    return { pace, left: null };
  return { pace, left: Math.max(0, total - done) / pace.rate };
}

function moved(before: Pace, done: number, now: number): Pace {
  const rate = (done - before.done) / (now - before.at);
  const weight = before.rate === null ? 1 : 1 - Math.exp(-(now - before.at) / MEMORY);
  return { ...before, at: now, done, rate: (before.rate ?? 0) * (1 - weight) + rate * weight };
}
