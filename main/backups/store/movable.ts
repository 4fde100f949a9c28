import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asProblem, Problem, type BackupId } from '../../words/index.ts';
import { diskProblem } from './disk-problem.ts';
import { syncFolder } from './durable.ts';
import { createGate } from './gate.ts';
import type { StoreOptions } from './store.ts';
import { CONFIG } from './store-files.ts';
import { openStoreInThread } from './thread/threaded.ts';
import type { Store, StoredSnapshot } from './types.ts';

/** A store that may go to another folder while it is used: what is read goes on, what writes waits. */
export interface MovableStore extends Store {
  readonly folder: string;
  /** Does short work while nothing is thrown away: what is listed then fits together. */
  steady<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Opens the store anew, in the folder that `work` answers. While `work` goes on, nothing writes; reading waits only for the moment of opening.
   * @param settle called when the other folder is about to hold: to write that down
   */
  reopen(work: () => Promise<string>, settle?: (folder: string) => void): Promise<void>;
}

/** What is known of a store whose disk is away. */
const UNKNOWN = { id: '', sealed: true, locked: true, hasPhrase: false, phraseAt: null, phraseWaits: false };
/** Blobs that are read in one go, and again while the first are used: the folder does not change meanwhile. */
const BATCH = 8;

/**
 * Opens the store in a folder.
 * @param beforeRemoval told of each backup that somebody removes
 * @param known whether a store was there before: then none is made anew where it is missing, because its disk may be away
 * @throws Problem as `openStore`
 */
export async function openMovableStore(
  folder: string,
  options: StoreOptions,
  known: boolean,
  beforeRemoval: (id: BackupId) => Promise<void> = async () => {},
): Promise<MovableStore> {
  let place = folder;
  let current: Store | null =
    known && !existsSync(join(folder, CONFIG)) ? null : await openStoreInThread(folder, options);
  let closed = false;
  /** Who changes something, and who needs that nobody does. */
  const changes = createGate();
  /** Who needs that nothing is thrown away, and who throws away. */
  const removals = createGate();
  /** Every single question to the store, and the moment in which it is opened elsewhere. */
  const questions = createGate();

  const away = () =>
    new Problem({
      code: 'store-away',
      message: 'The folder with the backups is not there.',
      attempted: 'Open the backup store',
      answered: place,
      todo: 'Connect the disk that it is on, then try again.',
    });
  const use = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    if (current === null) await findAgain();
    const leave = await questions.together();
    try {
      if (current === null) throw away();
      return await work(current);
    } finally {
      leave();
    }
  };
  /** A disk that was away may have come back. */
  const findAgain = () =>
    questions.alone(async () => {
      if (current === null && !closed && existsSync(join(place, CONFIG)))
        current = await openStoreInThread(place, options);
    });
  const within = async <T>(gate: typeof changes, work: () => Promise<T>): Promise<T> => {
    const leave = await gate.together();
    try {
      return await work();
    } finally {
      leave();
    }
  };
  const changing = <T>(work: (store: Store) => Promise<T>) => within(changes, () => use(work));

  return {
    get folder() {
      return place;
    },
    state: () => ({
      ...(current?.state() ?? UNKNOWN),
      away: current === null,
      folder: place,
    }),
    makePhrase: () => changing((store) => store.makePhrase()),
    confirmPhrase: (phrase) => changing((store) => store.confirmPhrase(phrase)),
    dropPhrase: () => changing((store) => store.dropPhrase()),
    unlock: (phrase) => changing((store) => store.unlock(phrase)),
    list: (siteId) => use((store) => store.list(siteId)),
    inspect: (...given) => use((store) => store.inspect(...given)),
    async open(id) {
      let from: Store | null = null;
      let snapshot: StoredSnapshot | null = null;
      const fresh = async (store: Store) => {
        if (snapshot === null || from !== store) snapshot = await store.open(id);
        from = store;
        return snapshot;
      };
      const { backup, root, database } = await use(fresh);
      return {
        backup,
        root,
        database,
        tree: (tree) => use(async (store) => (await fresh(store)).tree(tree)),
        writeFiles: (files) => use(async (store) => (await fresh(store)).writeFiles(files)),
        async *read(blobs) {
          const ask = (from: number) =>
            from < blobs.length
              ? use(async (store) => gathered((await fresh(store)).read(blobs.slice(from, from + BATCH))))
              : null;
          let next = ask(0);
          for (let from = BATCH; next !== null; from += BATCH) {
            const found = await next;
            next = ask(from);
            // Who stops reading before that comes does not mind how it ends.
            next?.catch(() => {});
            yield* found;
          }
        },
      };
    },
    async begin(about) {
      const leave = await changes.together();
      try {
        const writer = await use((store) => store.begin(about));
        return {
          ...writer,
          async commit(content) {
            const backup = await writer.commit(content);
            leave();
            return backup;
          },
          async [Symbol.asyncDispose]() {
            try {
              await writer[Symbol.asyncDispose]();
            } finally {
              leave();
            }
          },
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
    verify: (...given) => changing((store) => store.verify(...given)),
    size: () => use((store) => store.size()),
    matches: (...given) => use((store) => store.matches(...given)),
    digests: (files) => use((store) => store.digests(files)),
    readOldest: (...given) => changing((store) => store.readOldest(...given)),
    concludeReading: (...given) => changing((store) => store.concludeReading(...given)),
    mark: (...given) => changing((store) => store.mark(...given)),
    remove: (id) =>
      changing(async (store) => {
        const { backup } = await store.open(id);
        // A pinned one stays, so it is not noted as removed.
        if (backup.pin === null) await beforeRemoval(id);
        await store.remove(id);
      }),
    prune: (pruning, ...rest) =>
      pruning.dryRun
        ? changing((store) => store.prune(pruning, ...rest))
        : within(changes, () => removals.alone(() => use((store) => store.prune(pruning, ...rest)))),
    space: (signal) => changing((store) => store.space(signal)),
    rebuildIndex: () => changing((store) => store.rebuildIndex()),
    steady: (work) => within(removals, work),
    reopen: (work, settle) =>
      changes.alone(async () => {
        const next = await work();
        await questions.alone(async () => {
          const before = place;
          await current?.close();
          current = null;
          try {
            if (next !== before) await takeIndexAlong(before, next);
            current = await openStoreInThread(next, options);
            place = next;
            settle?.(next);
          } catch (error) {
            await current?.close();
            place = before;
            current = await openStoreInThread(before, options).catch(() => null);
            throw error;
          }
        });
      }),
    async close() {
      closed = true;
      await current?.close();
      current = null;
    },
  };
}

async function gathered(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** The index is a cache, but making it anew takes minutes where a store is large. One that does not come along in full stays behind. */
async function takeIndexAlong(from: string, to: string): Promise<void> {
  const file = join(from, 'index.db');
  if (!existsSync(file) || existsSync(`${file}-wal`)) return;
  const there = join(to, 'index.db');
  try {
    await copyFile(file, there);
    await syncFolder(to);
  } catch (error) {
    const problem = diskProblem(error, there);
    await rm(there, { force: true }).catch(() => Promise.reject(asProblem(problem)));
  }
}
