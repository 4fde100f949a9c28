import { asProblem, Problem, type BackupId, type OnProgress } from '../../../words/index.ts';
import type { KeyKeeper } from '../keys.ts';
import { diskProblem } from '../disk-problem.ts';
import { openStore } from '../store.ts';
import type { SnapshotWriter, Store, StoredSnapshot } from '../types.ts';
import { ToThread, type CallName, type FromThread, type StoreCalls } from './calls.ts';
import { createIntake, type Intake, type Taken } from './intake.ts';

/** The way to the app. */
export interface Port {
  send(message: FromThread, given?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Nothing is sent or heard any more, so the thread ends when it has no work left. */
  close(): void;
}

interface Call {
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  /** Gives buffers away with the reply. */
  readonly give: (buffer: ArrayBuffer) => void;
}

type Answers = {
  readonly [Name in CallName]: (
    call: Call,
    ...given: Parameters<StoreCalls[Name]>
  ) => Promise<ReturnType<StoreCalls[Name]>> | ReturnType<StoreCalls[Name]>;
};

/** Backups whose records are kept while they are read. */
const KNOWN = 8;

/** Answers what the app asks of its store. */
export function hostStore(port: Port): void {
  const cancels = new Map<number, AbortController>();
  const questions = new Map<number, PromiseWithResolvers<string | null>>();
  const writers = new Map<number, { readonly writer: SnapshotWriter; readonly intake: Intake }>();
  const snapshots = new Map<BackupId, StoredSnapshot>();
  let numbers = 0;
  let offset = 0;
  let store: Store | null = null;
  let place = '';
  const inWords = (error: unknown) => asProblem(diskProblem(error, place));

  const askKeeper = (storeId: string, key: string | null): Promise<string | null> => {
    const number = (numbers += 1);
    const question = Promise.withResolvers<string | null>();
    questions.set(number, question);
    port.send({ kind: 'keeper', number, storeId, key });
    return question.promise;
  };
  const keeper: KeyKeeper = {
    get: (storeId) => askKeeper(storeId, null),
    set: async (storeId, key) => void (await askKeeper(storeId, key)),
  };
  const need = (): Store => {
    if (store === null) throw new Error('no store is open');
    return store;
  };
  const writing = (number: number) => {
    const found = writers.get(number);
    if (found === undefined) throw new Error('that backup is over');
    return found;
  };

  /** A backup that is read: its record is not read again for each folder and file. */
  const reading = async (id: BackupId): Promise<StoredSnapshot> => {
    const known = snapshots.get(id) ?? (await need().open(id));
    snapshots.delete(id);
    snapshots.set(id, known);
    for (const oldest of snapshots.keys()) if (snapshots.size > KNOWN) snapshots.delete(oldest);
    return known;
  };

  const answers: Answers = {
    async open(_call, folder, sealed) {
      place = folder;
      store = await openStore(folder, {
        clock: () => Date.now() + offset,
        keeper: sealed ? keeper : null,
      });
      return store.state();
    },
    async makePhrase() {
      const phrase = await need().makePhrase();
      return { phrase, state: need().state() };
    },
    async confirmPhrase(_call, phrase) {
      await need().confirmPhrase(phrase);
      return need().state();
    },
    async dropPhrase() {
      await need().dropPhrase();
      return need().state();
    },
    async unlock(_call, phrase) {
      await need().unlock(phrase);
      return need().state();
    },
    list: (_call, siteId) => need().list(siteId),
    async snapshot(_call, id) {
      const { backup, root, database, site } = await need().open(id);
      return { backup, root, database, site };
    },
    tree: async (_call, backup, id) => (await reading(backup)).tree(id),
    async blobs(call, backup, ids) {
      const found: Uint8Array[] = [];
      for await (const blob of (await reading(backup)).read(ids)) found.push(givable(blob, call.give));
      return found;
    },
    writeFiles: async (_call, backup, files) => (await reading(backup)).writeFiles(files),
    async begin(_call, about) {
      const writer = await need().begin(about);
      const number = (numbers += 1);
      const tell = (taken: Taken) => port.send({ kind: 'taken', writer: number, ...taken }, taken.rooms);
      const intake = createIntake(writer, tell, inWords);
      writers.set(number, { writer, intake });
      return { writer: number, id: writer.id };
    },
    last: (_call, number) => writing(number).writer.last(),
    unfinished: (_call, number) => writing(number).writer.unfinished(),
    async remember(_call, number, files) {
      await writing(number).writer.remember(files);
      return null;
    },
    putTree: (_call, number, entries) => writing(number).writer.putTree(entries),
    async commit(_call, number, content) {
      await writing(number).intake.settled();
      return writing(number).writer.commit(content);
    },
    async leave(_call, number) {
      const { writer, intake } = writing(number);
      writers.delete(number);
      intake.stop();
      await intake.settled();
      await writer[Symbol.asyncDispose]();
      return null;
    },
    verify: ({ signal, progress }, ids, depth) => need().verify(ids, signal, progress, depth),
    size: () => need().size(),
    matches: (_call, blobs, file) => need().matches(blobs, file),
    digests: (_call, files) => need().digests(files),
    readOldest: (_call, notSince, except) => need().readOldest(notSince, except),
    concludeReading: ({ signal }, bad) => need().concludeReading(bad, signal),
    mark: (_call, id, change) => need().mark(id, change),
    async remove(_call, id) {
      await need().remove(id);
      snapshots.delete(id);
      return null;
    },
    prune: ({ signal, progress }, options) => need().prune(options, signal, progress),
    inspect: (_call, name, bytes) => need().inspect(name, bytes),
    space: ({ signal }) => need().space(signal),
    async rebuildIndex() {
      await need().rebuildIndex();
      return null;
    },
    answers: () => need().answers(),
    async close() {
      await store?.close();
      return null;
    },
  };

  const answer = async (number: number, name: CallName, given: readonly unknown[]) => {
    const cancel = new AbortController();
    cancels.set(number, cancel);
    const away: ArrayBuffer[] = [];
    try {
      const call: Call = {
        signal: cancel.signal,
        progress: (progress) => port.send({ kind: 'progress', number, progress }),
        give: (buffer) => away.push(buffer),
      };
      const reply: unknown = await Reflect.apply(answers[name], null, [call, ...given]);
      port.send({ kind: 'reply', number, reply }, away);
    } catch (error) {
      port.send({ kind: 'problem', number, problem: inWords(error).toJSON() });
    } finally {
      cancels.delete(number);
    }
  };

  port.onMessage((received) => {
    const message = ToThread.parse(received);
    switch (message.kind) {
      case 'call':
        offset = message.at - Date.now();
        void answer(message.number, message.name, message.given);
        break;
      case 'cancel':
        cancels.get(message.number)?.abort();
        break;
      case 'end':
        port.close();
        break;
      case 'hand':
        writers.get(message.handed.writer)?.intake.take(message.handed);
        break;
      case 'key':
        questions.get(message.number)?.resolve(message.key);
        questions.delete(message.number);
        break;
      case 'no-key':
        questions.get(message.number)?.reject(new Problem(message.problem));
        questions.delete(message.number);
        break;
    }
  });
}

/** Bytes that may be given away: those that are alone in their buffer, else a copy. */
function givable(bytes: Buffer, give: (buffer: ArrayBuffer) => void): Uint8Array {
  const alone =
    bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
      ? new Uint8Array(bytes.buffer)
      : Uint8Array.from(bytes);
  give(alone.buffer);
  return alone;
}
