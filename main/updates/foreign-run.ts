import { Problem } from '../words/index.ts';

/** What a run that holds a site last said of itself there. */
export interface SignOfLife {
  /** Seconds since, by the site's clock. */
  readonly ago: number;
  /** Seconds of silence after which it counts as dead. */
  readonly lease: number;
}

/** Reads what a heartbeat wrote, followed by the site's clock now: `COUNT WHEN LEASE NOW`. */
export function signOfLife(text: string): SignOfLife | null {
  const [, when, lease, now] = /^\d+ (\d+) (\d+) (\d+)$/.exec(text.trim()) ?? [];
  if (when === undefined || lease === undefined || now === undefined) return null;
  return { ago: Number(now) - Number(when), lease: Number(lease) };
}

/** Whether a run that holds a site lives. A site's clock that was set back tells nothing: then it may. */
export function mayLive(alive: SignOfLife | null): boolean {
  return alive !== null && alive.ago < alive.lease;
}

/** What is said where a run that is not this one holds the site. */
export function heldProblem(owner: string, alive: SignOfLife | null): Problem {
  const attempted = 'Look who holds the site';
  if (alive !== null && mayLive(alive))
    return new Problem({
      code: 'site-busy',
      message:
        'Somebody else is at work on this site now: another computer, or another window of Groundskeeper.',
      attempted,
      answered: `run ${owner}, last sign of life ${Math.max(0, alive.ago)} s ago`,
      todo: 'Wait until that is done, then try again.',
    });
  return new Problem({
    code: 'site-locked',
    message: 'A run on this site was cut off, on this computer or another one, and still holds it.',
    attempted,
    answered: `run ${owner}${alive === null ? '' : `, last sign of life ${alive.ago} s ago`}`,
    todo: 'If it ran on this computer: `groundskeeper runs recover`. Otherwise have it taken back with what it left on the server: `groundskeeper runs recover --site SITE`.',
  });
}
