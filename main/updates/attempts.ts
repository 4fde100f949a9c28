import { setTimeout as wait } from 'node:timers/promises';
import { asProblem, Problem } from '../words/index.ts';
import type { Hands } from './hands.ts';

/** How often bringing files back is tried, and for how many milliseconds in all, before it stops with words; `pause` after the first try. */
export const SWAP_BACK = { attempts: 3, within: 300_000, pause: 1000 };

/** Runs work on the site as often as its maker allows; each try may be cut off at any point, so the work has to bear being done again. */
export type Trying = (work: (hands: Hands) => Promise<void>) => Promise<void>;

/** @throws Problem `gave-up` with what the last try answered */
export function atMost(hands: Hands, { attempts, within, pause } = SWAP_BACK): Trying {
  return async (work) => {
    const end = AbortSignal.timeout(within);
    const limited = hands.until(AbortSignal.any([hands.signal, end]));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work(limited);
        return;
      } catch (error) {
        hands.signal.throwIfAborted();
        if (attempt >= attempts || end.aborted) throw gaveUp(attempt, within, asProblem(error));
        await wait(pause * 2 ** (attempt - 1), undefined, { signal: end }).catch(() => {});
      }
    }
  };
}

function gaveUp(attempts: number, within: number, cause: Problem): Problem {
  const why = cause.code === 'cancelled' ? `not done within ${within / 1000} s` : cause.message;
  return new Problem(
    {
      code: 'gave-up',
      message: `The files could not be brought back: ${why}`,
      attempted: `Bring the files back, ${attempts === 1 ? 'once' : `${attempts} times`}`,
      answered: cause.answered,
      todo: cause.todo === '' ? 'Mend what the server says, then try again.' : cause.todo,
    },
    cause,
  );
}
