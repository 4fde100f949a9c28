import type { BackupId } from '../../../words/index.ts';
import type { BlobId } from '../keys.ts';
import type { StoreOptions } from '../store.ts';
import type { SnapshotWriter, Store, StoredSnapshot, StoreState } from '../types.ts';
import { startStoreThread, type StoreThread } from './client.ts';
import { createOutlet } from './outlet.ts';

/** Blobs that are asked for at once, and again while the first are used. */
const SOME = 4;

/**
 * Opens (and makes) the store in a folder, as `openStore` does, in a thread of its own.
 * @throws Problem as `openStore`
 */
export async function openStoreInThread(folder: string, { clock, keeper }: StoreOptions): Promise<Store> {
  const thread = startStoreThread(clock, keeper);
  let state: StoreState;
  try {
    state = await thread.ask('open', [folder, keeper !== null]);
  } catch (error) {
    await thread.end();
    throw error;
  }
  let closing: Promise<void> | null = null;
  return {
    state: () => state,
    async makePhrase() {
      const made = await thread.ask('makePhrase', []);
      state = made.state;
      return made.phrase;
    },
    async confirmPhrase(phrase) {
      state = await thread.ask('confirmPhrase', [phrase]);
    },
    async dropPhrase() {
      state = await thread.ask('dropPhrase', []);
    },
    async unlock(phrase) {
      state = await thread.ask('unlock', [phrase]);
    },
    list: (siteId) => thread.ask('list', [siteId]),
    begin: (about) => beginIn(thread, about),
    open: (id) => openIn(thread, id),
    verify: (ids, signal, progress, depth = 'deep') =>
      thread.ask('verify', [ids, depth], { signal, progress }),
    size: () => thread.ask('size', []),
    matches: (blobs, file) => thread.ask('matches', [blobs, file]),
    digests: (files) => thread.ask('digests', [files]),
    readOldest: (notSince, except) => thread.ask('readOldest', [notSince, except]),
    concludeReading: (bad, signal) => thread.ask('concludeReading', [bad], { signal }),
    mark: (id, change) => thread.ask('mark', [id, change]),
    async remove(id) {
      await thread.ask('remove', [id]);
    },
    prune: (options, signal, progress) => thread.ask('prune', [options], { signal, progress }),
    inspect: (name, bytes) => thread.ask('inspect', [name, bytes]),
    space: (signal) => thread.ask('space', [], { signal }),
    async rebuildIndex() {
      await thread.ask('rebuildIndex', []);
    },
    // A thread that ended answers nothing.
    answers: () => thread.ask('answers', []).catch(() => false),
    close() {
      closing ??= thread
        .ask('close', [])
        .catch(() => {})
        .then(() => thread.end());
      return closing;
    },
  };
}

async function beginIn(thread: StoreThread, about: Parameters<Store['begin']>[0]): Promise<SnapshotWriter> {
  const { writer, id } = await thread.ask('begin', [about]);
  const outlet = createOutlet(({ bytes, parts }) =>
    thread.send({ kind: 'hand', handed: { writer, bytes, parts } }, [bytes]),
  );
  const deaf = thread.onTaken(writer, (taken) => outlet.taken(taken));
  return {
    id,
    last: () => thread.ask('last', [writer]),
    unfinished: () => thread.ask('unfinished', [writer]),
    async remember(files) {
      await thread.ask('remember', [writer, files]);
    },
    async put(bytes, kind = 'file') {
      return (await outlet.hand(bytes, kind)).stored;
    },
    handOver: (bytes, kind = 'file') => outlet.hand(bytes, kind),
    putTree: (entries) => thread.ask('putTree', [writer, entries]),
    commit: (content) => thread.ask('commit', [writer, content]),
    async [Symbol.asyncDispose]() {
      deaf();
      // A thread that ended has nothing to tidy up.
      await thread.ask('leave', [writer]).catch(() => {});
    },
  };
}

async function openIn(thread: StoreThread, backupId: BackupId): Promise<StoredSnapshot> {
  const { backup, root, database, site } = await thread.ask('snapshot', [backupId]);
  return {
    backup,
    root,
    database,
    site,
    tree: (id) => thread.ask('tree', [backupId, id]),
    read: (blobs) => readIn(thread, backupId, blobs),
    writeFiles: (files) => thread.ask('writeFiles', [backupId, files]),
  };
}

async function* readIn(
  thread: StoreThread,
  backup: BackupId,
  blobs: readonly BlobId[],
): AsyncGenerator<Buffer, void, void> {
  const ask = (from: number) =>
    from < blobs.length ? thread.ask('blobs', [backup, blobs.slice(from, from + SOME)]) : null;
  let next = ask(0);
  for (let from = SOME; next !== null; from += SOME) {
    const found = await next;
    next = ask(from);
    // Who stops reading before that comes does not mind how it ends.
    next?.catch(() => {});
    for (const bytes of found) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}
