import {
  backupOfFile,
  CONFIG,
  isPack,
  markOfFile,
  snapshotFile,
  type StoreFile,
} from '../store/store-files.ts';
import { Problem, counted, type BackupId } from '../../words/index.ts';
import type { Listing } from './place.ts';

/** What makes a copy equal to the store. */
export interface CopyPlan {
  /** Packs that are missing there, or of another length. */
  readonly packs: readonly StoreFile[];
  /** Records and marks, as below. */
  readonly snapshots: readonly StoreFile[];
  /** Bytes of both. */
  readonly bytes: number;
  /** What is there and not here. */
  readonly goingPacks: readonly StoreFile[];
  readonly goingSnapshots: readonly StoreFile[];
}

/** Compares by name and length: a pack and a record never change once they are written. */
export function planCopy(here: Listing, there: Listing): CopyPlan {
  const missing = [...here].filter(([name, size]) => name !== CONFIG && there.get(name) !== size);
  const gone = [...there.keys()].filter((name) => name !== CONFIG && !here.has(name));
  return {
    packs: missing.flatMap(([name]) => (isPack(name) ? [name] : [])),
    snapshots: missing.flatMap(([name]) => (isPack(name) ? [] : [name])),
    bytes: missing.reduce((sum, [, size]) => sum + size, 0),
    goingPacks: gone.filter(isPack),
    goingSnapshots: gone.filter((name) => !isPack(name) && !isOnlyMark(name, here)),
  };
}

/** A mark that the store lost while it has its backup is a pin that was lost: it stays in the copy. */
function isOnlyMark(name: StoreFile, here: Listing): boolean {
  const mark = markOfFile(name);
  if (mark === null || !here.has(snapshotFile(mark.backup))) return false;
  return ![...here.keys()].some((other) => markOfFile(other)?.backup === mark.backup);
}

/** A copy that would lose more than this part of its backups in one go is asked about. */
const SHARE = 0.5;
/** So few may go without being asked about, however few there are. */
const FEW = 2;

/**
 * A copy outlives the store: what goes from it has to have been removed here by somebody, and not too much of it at once.
 * @param removed whether a backup was removed here on purpose
 * @returns why nothing is taken away; null: it may go
 */
export function mayGo(
  plan: CopyPlan,
  there: Listing,
  removed: (backup: BackupId) => boolean,
): Problem | null {
  const all = [...there.keys()].filter((name) => backupOfFile(name) !== null).length;
  const going = plan.goingSnapshots.flatMap((name) => backupOfFile(name) ?? []);
  const lost = going.filter((backup) => !removed(backup));
  if (lost.length > 0) {
    return new Problem({
      code: 'copy-has-more',
      message: `The copy holds ${counted(lost.length, 'backup')} that the store has not and that nobody removed here.`,
      attempted: 'Take away from the copy what the store has no more',
      answered: lost.slice(0, 5).join(', '),
      todo: 'Bring them back with “Heal” (`backups copies heal`), or let them go with `backups copies update --let-go`. Nothing was taken away.',
    });
  }
  if (going.length > FEW && going.length > all * SHARE) {
    return new Problem({
      code: 'copy-would-shrink',
      message: `${going.length} of the copy’s ${counted(all, 'backup')} would go at once.`,
      attempted: 'Take away from the copy what the store has no more',
      todo: 'If you removed them yourself, let them go: `backups copies update --let-go`, or in the settings. Nothing was taken away.',
    });
  }
  return null;
}
