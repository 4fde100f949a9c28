import {
  backupOfFile,
  CONFIG,
  isPack,
  markOfFile,
  snapshotFile,
  type StoreFile,
} from '../store/store-files.ts';
import type { MovableStore } from '../store/movable.ts';
import { counted, type OnProgress } from '../../words/index.ts';
import { inTurn } from './in-turn.ts';
import type { Place } from './place.ts';
import { expectOurs, type Source } from './update.ts';

export interface Healed {
  /** Files of the store that were damaged or lost, and are whole again. */
  readonly healed: readonly StoreFile[];
  /** What is still damaged, in words. */
  readonly left: readonly string[];
}

/**
 * Reads every file of the store; what is damaged or lost is fetched from a copy that has it whole.
 * Each file is seen to be whole before it takes the place of another.
 */
export async function healStore(
  store: MovableStore,
  source: Source,
  place: Place,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Healed> {
  await expectOurs(place, source.id, true);
  const here = await source.steady(() => source.place.list());
  const there = await place.list();
  const total = [...here.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  const damaged: StoreFile[] = [];
  await inTurn(
    [...here.keys()].filter((name) => name !== CONFIG),
    4,
    async (name) => {
      signal.throwIfAborted();
      const bytes = await source.place.read(name);
      // One that is gone meanwhile was thrown away by a prune.
      if (bytes !== null && (await source.inspect(name, bytes)) !== null) damaged.push(name);
      done += here.get(name) ?? 0;
      progress({ what: 'Read the store', done, total, unit: 'bytes' });
    },
  );
  const lost = [...there.keys()].filter((name) => !here.has(name) && name !== CONFIG);
  const lostRecords = lost.filter((name) => {
    const backup = backupOfFile(name);
    return backup !== null && !source.removed(backup);
  });
  // A pin that was lost with its mark comes back; where the store has a mark, that one holds.
  const lostMarks = lost.filter((name) => {
    const mark = markOfFile(name);
    if (mark === null || ![...here.keys(), ...lostRecords].includes(snapshotFile(mark.backup))) return false;
    return ![...here.keys()].some((other) => markOfFile(other)?.backup === mark.backup);
  });
  const whole =
    damaged.length === 0 &&
    lostMarks.length === 0 &&
    lostRecords.length === 0 &&
    (await source.damage()).length === 0;
  if (whole) return { healed: [], left: [] };

  // A pack that is only there may be one that is missing here; if no backup needs it, a prune takes it away again.
  const wanted = [...damaged, ...lost.filter(isPack), ...lostRecords, ...lostMarks];
  const healed: StoreFile[] = [];
  const left: string[] = [];
  const fetch = (names: readonly StoreFile[]) =>
    inTurn(names, place.atOnce, async (name) => {
      signal.throwIfAborted();
      const bytes = await place.read(name);
      const wrong = bytes === null ? 'the copy does not have it' : await source.inspect(name, bytes);
      if (bytes === null || wrong !== null) {
        left.push(`${name}: ${wrong}`);
        return;
      }
      await source.place.write(name, bytes);
      healed.push(name);
      progress({
        what: `Fetch from ${place.label}`,
        done: healed.length,
        total: wanted.length,
        unit: 'files',
      });
    });
  await fetch(wanted.filter(isPack));
  // A record comes when its packs are there.
  await fetch(wanted.filter((name) => !isPack(name)));
  // Files that are open still show what was damaged.
  await store.reopen(async () => store.folder);
  await store.rebuildIndex();
  return { healed, left: [...left, ...(await source.damage())] };
}

/** How healing ended, in words. */
export function healedInWords({ healed, left }: Healed): string {
  if (healed.length === 0 && left.length === 0)
    return 'Every file of the store is whole; nothing had to be fetched.';
  return `${counted(healed.length, 'file')} of the store fetched from the copy.${left.length === 0 ? ' The store is whole.' : ''}`;
}
