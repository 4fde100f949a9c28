import type { Reading } from '../../platforms/index.ts';
import { wordsOf, type RunId } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { releaseLocks, type WithLocks } from '../updater-locks.ts';
import { mysqlOf, queryByPhp } from './by-php.ts';
import type { Runner } from './runner.ts';

/**
 * The locks of the platform's own updaters where only the site's PHP reaches them.
 * @param reading the site as its PHP sees it
 */
export function locksByPhp(
  runner: Runner,
  { platform, signal }: Pick<Hands, 'platform' | 'signal'>,
  reading: () => Promise<Reading>,
): WithLocks {
  return async (work) => {
    if (platform.module === null) return null;
    const read = await reading();
    const known = platform.module.updaterLocks(read);
    if (known === null || read.facts.database?.kind !== 'mysql') return null;
    const access = mysqlOf(read);
    return work({
      kind: 'mysql',
      known,
      rows: (statements) => queryByPhp(runner, access, statements, signal),
    });
  };
}

/** Milliseconds for giving locks back: they end by themselves, and nobody is kept waiting by a host that hangs. */
const PATIENCE = 60_000;

/** Gives a run's locks back. Where PHP or the database is dead, they end by themselves. */
export async function giveBack(
  runner: Runner,
  hands: Hands,
  reading: (hands: Hands) => Promise<Reading>,
  runId: RunId,
  trouble: (words: string) => void,
): Promise<void> {
  const limited = hands.until(AbortSignal.any([hands.signal, AbortSignal.timeout(PATIENCE)]));
  const withLocks = locksByPhp(runner, limited, () => reading(limited));
  await releaseLocks(withLocks, runId).catch((error: unknown) =>
    trouble(
      `The site’s own updaters could not be told that they may go on; they do by themselves within an hour: ${wordsOf(error)}`,
    ),
  );
}
