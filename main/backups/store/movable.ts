import type { BackupId, SiteId } from '../../words/index.ts';
import type { SiteRecord } from '../site-record.ts';
import { createGate } from './gate.ts';
import { openPresence } from './presence.ts';
import type { StoreOptions } from './store.ts';
import type { SnapshotWriter, Store, StoredSnapshot } from './types.ts';

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

export interface MovableOptions extends StoreOptions {
  /** What is known of a site when a backup of it begins; it goes into the backup's record. */
  readonly siteOf?: (id: SiteId) => SiteRecord | null;
}

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
  options: MovableOptions,
  known: boolean,
  beforeRemoval: (id: BackupId) => Promise<void> = async () => {},
): Promise<MovableStore> {
  const presence = await openPresence(folder, options, known);
  const use = <T>(work: (store: Store) => Promise<T>, again?: boolean) => presence.use(work, again);
  /** Who changes something, and who needs that nobody does. */
  const changes = createGate();
  /** Who needs that nothing is thrown away, and who throws away. */
  const removals = createGate();
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
      return presence.folder;
    },
    state: () => presence.state(),
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
      const { backup, root, database, site } = await use(fresh);
      return {
        backup,
        root,
        database,
        site,
        tree: (tree) => use(async (store) => (await fresh(store)).tree(tree)),
        // What was written already is not written again.
        writeFiles: (files) => use(async (store) => (await fresh(store)).writeFiles(files), false),
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
        return await use(async (store) => {
          const site = options.siteOf?.(about.siteId) ?? null;
          const writer = await store.begin({ site, ...about });
          return present(writer, (work) => presence.goOn(store, work), leave);
        });
      } catch (error) {
        leave();
        throw error;
      }
    },
    async verify(...given) {
      const report = await changing((store) => store.verify(...given));
      if (report.damage.length > 0) await presence.expectThere();
      return report;
    },
    size: () => use((store) => store.size()),
    matches: (...given) => use((store) => store.matches(...given)),
    digests: (files) => use((store) => store.digests(files)),
    async readOldest(...given) {
      const read = await changing((store) => store.readOldest(...given));
      if (read !== null && (read.whole ?? read.bad[0]) !== undefined) await presence.expectThere();
      return read;
    },
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
    answers: () => use((store) => store.answers()),
    reopen: (work, settle) => changes.alone(async () => presence.moveTo(await work(), settle)),
    close: () => presence.close(),
  };
}

/** A writer that says when its disk has gone. @param leave called when it is done with */
function present(
  writer: SnapshotWriter,
  goOn: <T>(work: () => Promise<T>) => Promise<T>,
  leave: () => void,
): SnapshotWriter {
  return {
    id: writer.id,
    last: () => goOn(() => writer.last()),
    unfinished: () => goOn(() => writer.unfinished()),
    remember: (files) => goOn(() => writer.remember(files)),
    put: (...given) => goOn(() => writer.put(...given)),
    async handOver(...given) {
      const { stored } = await goOn(() => writer.handOver(...given));
      const told = goOn(() => stored);
      told.catch(() => {});
      return { stored: told };
    },
    putTree: (entries) => goOn(() => writer.putTree(entries)),
    async commit(content) {
      const backup = await goOn(() => writer.commit(content));
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
}

async function gathered(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
