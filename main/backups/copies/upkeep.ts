import type { CopyId } from '../../words/index.ts';
import type { Copies, Held } from './copies.ts';
import type { CopyRuns } from './copy-runs.ts';

/** Keeps copies up to date by itself. */
export interface CopyUpkeep {
  /** A backup was taken, or the computer woke up: soon it is looked whether a copy is behind. */
  nudge(): void;
  /** Looks now. */
  look(): Promise<void>;
  close(): void;
}

/** Milliseconds: a few backups in a row are one update. */
const SOON = 20_000;
/** A place that was away is asked again. */
const AGAIN = 3_600_000;

/**
 * Brings copies up to date that are set to do so and are behind, one after the other.
 * @param held what the store holds; it throws where the store is locked or away, and then nothing is done
 */
export function createUpkeep(copies: Copies, runs: CopyRuns, held: () => Promise<Held>): CopyUpkeep {
  let timer: NodeJS.Timeout | null = null;
  const later = (millis: number) => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void look().catch(() => {}), millis);
    timer.unref();
  };
  const look = async () => {
    later(AGAIN);
    const behind: CopyId[] = (await copies.states(await held()))
      .filter((copy) => copy.automatic && !runs.busy(copy.id))
      .filter((copy) => copy.behind > 0 || copy.oldPhrase || copy.updatedAt === null)
      .map(({ id }) => id);
    for (const copyId of behind) await runs.start({ task: 'update', copyId, letGo: false });
  };
  later(SOON);
  return {
    nudge: () => later(SOON),
    look,
    close: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
