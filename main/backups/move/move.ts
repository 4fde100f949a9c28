import { randomBytes } from 'node:crypto';
import { realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { Problem, wordsOf, type OnProgress } from '../../words/index.ts';
import { folderPlace } from '../copies/folder-place.ts';
import { inTurn } from '../copies/in-turn.ts';
import { expectOurs, updateCopy, type Source, type Updated } from '../copies/update.ts';
import { writeDurably } from '../store/durable.ts';
import { isPack, type StoreFile } from '../store/store-files.ts';
import type { MovableStore } from '../store/movable.ts';
import type { StoreHome } from './where.ts';

export interface MoveOptions {
  readonly to: string;
  /** Whether the folder before is emptied when all is in the new one. */
  readonly removeOld: boolean;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void;
}

/**
 * Says whether the store can go to a folder.
 * @returns the folder, absolute
 * @throws Problem `same-folder`, `inside-store`, `place-taken`, `copy-of-another`, `store-unwritable`
 */
export async function checkTarget(
  store: Pick<MovableStore, 'folder' | 'state'>,
  to: string,
): Promise<string> {
  const target = resolve(to);
  const [from, real] = await Promise.all([realOf(store.folder), realOf(target)]);
  const refused = (code: string, message: string) =>
    new Problem({
      code,
      message,
      attempted: `Move the backups to ${target}`,
      answered: store.folder,
      todo: 'Choose another folder, for example one on another disk.',
    });
  if (from === real) throw refused('same-folder', 'The backups are in this folder already.');
  const below = relative(from, real);
  if (!below.startsWith('..') && !isAbsolute(below))
    throw refused('inside-store', 'This folder is inside the store itself.');
  const place = folderPlace(target, AbortSignal.timeout(60_000));
  await place.make();
  await place.expectRoom();
  await expectOurs(place, store.state().id, false);
  const trial = join(target, `.new-${randomBytes(6).toString('hex')}`);
  await writeDurably(trial, Buffer.from('Can this folder be written?\n'));
  await rm(trial, { force: true });
  return target;
}

/** The folder without links in its path, also where it is not there yet. */
async function realOf(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    const above = dirname(folder);
    if (above === folder) throw error;
    return join(await realOf(above), relative(above, folder));
  }
}

/**
 * Moves the store to another folder. Most of it is copied while backups go on; only for what is left do they wait. What was
 * written is read back, then one small file is written that says where the store is: until then the old folder holds, from then on
 * the new one. Cut off, it is simply done again: what is there is not copied again.
 */
export async function moveStore(
  store: MovableStore,
  home: StoreHome,
  source: Source,
  options: MoveOptions,
): Promise<void> {
  const { signal, progress, log } = options;
  const target = await checkTarget(store, options.to);
  const place = folderPlace(target, signal);
  const readBack = new Set<StoreFile>();
  const copy = async () => {
    const updated = await updateCopy(source, place, {
      signal,
      progress,
      log,
      letGo: false,
      known: new Map(),
      wasThere: false,
    });
    if (updated.problem !== null) throw updated.problem;
    await readAll(updated);
  };
  const readAll = async ({ files }: Updated) => {
    const names = [...files.keys()].filter((name) => isPack(name) && !readBack.has(name));
    const total = names.reduce((sum, name) => sum + (files.get(name)?.size ?? 0), 0);
    let done = 0;
    await inTurn(names, 4, async (name) => {
      signal.throwIfAborted();
      const bytes = await place.read(name);
      const wrong = bytes === null ? 'it is missing' : await source.inspect(name, bytes);
      if (wrong !== null) {
        await place.remove(name);
        throw new Problem({
          code: 'copy-damaged',
          message: 'What was written to the new folder came back otherwise.',
          attempted: `Read ${target}/${name}`,
          answered: wrong,
          todo: 'Check that disk. The backups are where they were.',
        });
      }
      readBack.add(name);
      done += bytes?.length ?? 0;
      progress({ what: 'Read back what was written', done, total, unit: 'bytes' });
    });
  };
  await copy();
  const old = store.folder;
  await store.reopen(
    async () => {
      await copy();
      signal.throwIfAborted();
      return target;
    },
    (folder) => home.set(folder, options.removeOld ? old : null),
  );
  await finishMove(home, log);
}

/** Empties the folder that the store has left, where that was asked for. It can be called again at any time. */
export async function finishMove(home: StoreHome, log: MoveOptions['log']): Promise<void> {
  const { leaving, folder } = home;
  if (leaving === null || resolve(leaving) === resolve(folder)) return;
  try {
    // Without this file it is no store any more, whatever cuts the rest off.
    for (const name of [
      'config.json',
      'snapshots',
      'marks',
      'packs',
      'aside',
      'index.db',
      'index.db-wal',
      'index.db-shm',
      'owner.lock',
    ])
      await rm(join(leaving, name), { recursive: true, force: true });
    await rmdir(leaving).catch(() => {});
    home.set(folder, null);
  } catch (error) {
    log('warning', `The old folder ${leaving} could not be emptied yet: ${wordsOf(error)}`);
  }
}
