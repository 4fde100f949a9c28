import { counted, Problem, type OnProgress } from '../../words/index.ts';
import { backupOfFile } from '../store/store-files.ts';
import { folderPlace } from './folder-place.ts';
import type { Place } from './place.ts';
import { storeAt, updateCopy, type Source, type Updated } from './update.ts';

/**
 * Fetches a whole store from a copy into a folder. It needs no key, so what came is seen to be of the right length; its seals are looked at when it
 * is unlocked and verified. Cut off, it goes on where it was.
 * @throws Problem `no-copy-there`
 */
export async function fetchStore(
  from: Place,
  into: string,
  signal: AbortSignal,
  progress: OnProgress,
  log: (level: 'info' | 'warning' | 'error', text: string) => void,
): Promise<Updated> {
  const id = await copyAt(from);
  const target = folderPlace(into, signal);
  await target.make();
  const source: Source = {
    place: from,
    id,
    inspect: async () => null,
    steady: (work) => work(),
    damage: async () => [],
    removed: () => false,
  };
  const updated = await updateCopy(source, target, {
    signal,
    progress: (now) => progress({ ...now, what: `Fetch from ${from.label}` }),
    log,
    // What a copy has no more is of no use here either.
    letGo: true,
    known: new Map(),
    wasThere: false,
  });
  const missing = [...(await from.list())].filter(([name, size]) => updated.files.get(name)?.size !== size);
  if (missing.length > 0) {
    throw new Problem({
      code: 'copy-changed',
      message: `${counted(missing.length, 'file')} did not come as the copy has them.`,
      attempted: `Fetch from ${from.label}`,
      answered: missing.slice(0, 5).join('; '),
      todo: 'Another computer may be writing there. Try again; what came already is kept.',
    });
  }
  return updated;
}

/** Whose store a copy is of. @throws Problem `no-copy-there` */
export async function copyAt(place: Place): Promise<string> {
  const listing = await place.list();
  const id = await storeAt(place);
  if (id !== null && [...listing.keys()].some((name) => backupOfFile(name) !== null)) return id;
  throw new Problem({
    code: 'no-copy-there',
    message: 'There is no copy of a backup store at this place.',
    attempted: `Look into ${place.label}`,
    answered: id === null ? 'There is no config.json.' : 'There are no backups in it.',
    todo: 'Check the folder: it is the one that was given for the copy.',
  });
}
