import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asProblem, isAbort, Problem, wordsOf } from '../../words/index.ts';
import { diskProblem } from './disk-problem.ts';
import { syncFolder } from './durable.ts';
import { createGate } from './gate.ts';
import type { StoreOptions } from './store.ts';
import { CONFIG } from './store-files.ts';
import { openStoreInThread } from './thread/threaded.ts';
import type { Store, StoreState } from './types.ts';

/** A store in a folder that may go elsewhere, and whose disk may go away and come back. */
export interface Presence {
  readonly folder: string;
  state(): StoreState;
  /**
   * Asks the store something. One whose disk was away is opened anew when the disk is back, and asked once more.
   * @throws Problem `store-away`; what `work` throws, unless it is because the disk has gone
   */
  use<T>(work: (store: Store) => Promise<T>, again?: boolean): Promise<T>;
  /** Goes on with something that was begun in `use`, and throws as it does. */
  goOn<T>(store: Store, work: () => Promise<T>): Promise<T>;
  /** @throws Problem `store-away` where the disk has gone: what was found missing is not missing then */
  expectThere(): Promise<void>;
  /** Opens the store in another folder, or where it failed in the one before. @param settle called when the other one is about to hold */
  moveTo(folder: string, settle: ((folder: string) => void) | undefined): Promise<void>;
  close(): Promise<void>;
}

/** What is known of a store whose disk is away. */
const UNKNOWN = { id: '', sealed: true, locked: true, hasPhrase: false, phraseAt: null, phraseWaits: false };
/** What a store says when a disk fails, or did while files were open. */
const DOUBTFUL = new Set(['store-unreadable', 'store-unwritable', 'store-thread-ended', 'defect']);

/** @param known whether a store was there before: then none is made anew where it is missing, because its disk may be away */
export async function openPresence(folder: string, options: StoreOptions, known: boolean): Promise<Presence> {
  let place = folder;
  let current: Store | null = null;
  /** Which folder that is for the system: one that was mounted again is another. */
  let identity = '';
  let suspect: Store | null = null;
  let closed = false;
  /** Every single question to the store, and the moment in which it is opened again or elsewhere. */
  const questions = createGate();

  const identityOf = async (where: string) => {
    const { dev, ino } = await stat(where, { bigint: true });
    return `${dev} ${ino}`;
  };
  const openAt = async (where: string) => {
    current = await openStoreInThread(where, options);
    identity = await identityOf(where).catch(() => '');
  };
  const away = (cause: unknown) =>
    new Problem(
      {
        code: 'store-away',
        message: 'The folder with the backups is not there.',
        attempted: 'Use the backup store',
        answered: cause === null ? place : `${place}: ${wordsOf(cause)}`,
        todo: 'Connect the disk that it is on, then try again. What was backed up before is on it.',
      },
      cause ?? undefined,
    );
  /** Why the store cannot be reached; null: it can. */
  const goneBecause = async (): Promise<unknown> => {
    try {
      await readFile(join(place, CONFIG));
      return null;
    } catch (error) {
      return error;
    }
  };
  const giveUp = async () => {
    const store = current;
    current = null;
    await store?.close();
  };
  let looking: Promise<void> | null = null;
  /** After a failure: what is open still works, or is closed. It waits for no question: those to a store that is gone end with it. */
  const lookAgain = () => {
    looking ??= (async () => {
      const store = suspect;
      suspect = null;
      if (store === null || store !== current || closed) return;
      const same = async () => (await identityOf(place).catch(() => '')) === identity;
      const well = (await goneBecause()) === null && (await same()) && (await store.answers());
      if (!well && store === current) await giveUp();
    })().finally(() => (looking = null));
    return looking;
  };
  /** A disk that was away may have come back. */
  const findAgain = () =>
    questions.alone(async () => {
      if (current === null && !closed && (await goneBecause()) === null) await openAt(place);
    });
  const goOn = async <T>(store: Store, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isAbort(error)) throw error;
      const gone = await goneBecause();
      if (store === current && (gone !== null || DOUBTFUL.has(asProblem(error).code))) suspect = store;
      if (gone !== null) void lookAgain();
      // What it was doing when it was given up was not finished.
      if (gone !== null || (store !== current && !closed)) throw away(gone ?? error);
      throw error;
    }
  };

  const ask = async <T>(
    work: (store: Store) => Promise<T>,
  ): Promise<{ readonly found: T } | { readonly store: Store; readonly error: unknown }> => {
    if (suspect !== null || looking !== null) await lookAgain();
    if (current === null) await findAgain();
    const leave = await questions.together();
    try {
      const store = current;
      if (store === null) throw away(await goneBecause());
      try {
        return { found: await goOn(store, () => work(store)) };
      } catch (error) {
        return { store, error };
      }
    } finally {
      leave();
    }
  };

  try {
    if (!known || existsSync(join(place, CONFIG))) await openAt(place);
  } catch (error) {
    // The app opens all the same: a disk that does not answer may come back.
    if (!known || !DOUBTFUL.has(asProblem(diskProblem(error, place)).code)) throw error;
  }

  return {
    get folder() {
      return place;
    },
    state: () => ({ ...(current?.state() ?? UNKNOWN), away: current === null, folder: place }),
    async use(work, again = true) {
      const asked = await ask(work);
      if ('found' in asked) return asked.found;
      await lookAgain();
      // Still the same: what it said is no matter of the disk's having been away.
      if (!again || current === asked.store) throw asked.error;
      const once = await ask(work);
      if ('found' in once) return once.found;
      throw once.error;
    },
    goOn,
    async expectThere() {
      const gone = await goneBecause();
      if (gone === null) return;
      suspect = current;
      throw away(gone);
    },
    moveTo: (next, settle) =>
      questions.alone(async () => {
        const before = place;
        await giveUp();
        try {
          if (next !== before) await takeIndexAlong(before, next);
          await openAt(next);
          place = next;
          settle?.(next);
        } catch (error) {
          await giveUp();
          place = before;
          await openAt(before).catch(() => {});
          throw error;
        }
      }),
    async close() {
      closed = true;
      await giveUp();
    },
  };
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
