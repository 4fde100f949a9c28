/** What a process does with a store until it is done or dies: one short life each, told line by line on stdout. */
import { writeSync } from 'node:fs';
import path from 'node:path';
import Conf from 'conf';
import { finishMove, moveStore } from '../../../../../main/backups/move/move.ts';
import { openStoreHome } from '../../../../../main/backups/move/where.ts';
import { openMovableStore } from '../../../../../main/backups/store/movable.ts';
import { keyFile } from '../../../../../main/backups/store/key-file.ts';
import { openStore } from '../../../../../main/backups/store/store.ts';
import { openStoreInThread } from '../../../../../main/backups/store/thread/threaded.ts';
import type { Store } from '../../../../../main/backups/store/types.ts';
import { confFiles } from '../../../../../main/settings/index.ts';
import { Problem, type BackupId } from '../../../../../main/words/index.ts';
import { sourceOf } from '../../copies/sample.ts';
import { takeBackup } from './take.ts';

const never = new AbortController().signal;
const quietly = () => {};
const prune = (store: Store) => store.prune({ dryRun: false }, never, quietly);

/** Durable words: what was said has reached who listens, whatever happens next. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const [, , life = '', folder = '', seed = '', ...rest] = process.argv;
const home = openStoreHome(
  confFiles(Conf, path.join(folder, 'settings'))('store'),
  path.join(folder, 'disk', 'store'),
  path.join(folder, 'settings'),
);
const keeper = keyFile(path.join(folder, 'settings', 'key'));
/** In a thread, as the app has it, or without, which is sooner done. */
const opening = process.env['IN_THREAD'] === undefined ? openStore : openStoreInThread;
const open = () => opening(home.folder, { clock: Date.now, keeper });

/** The store, closed at the end of the block, also when a disk ends it. */
function closing<T extends { close(): Promise<void> }>(store: T): T & AsyncDisposable {
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

async function take(store: Store, name: string): Promise<BackupId> {
  const id = await takeBackup(store, `${seed} ${name}`);
  say(`+ ${id} ${seed} ${name}`);
  return id;
}

const LIVES: Readonly<Record<string, () => Promise<void>>> = {
  /** Takes two backups, pins one, takes the pin back. */
  async backup() {
    await using store = closing(await open());
    const first = await take(store, 'one');
    await store.mark(first, { pin: { at: 1, note: 'keep' } });
    say(`pinned ${first}`);
    await take(store, 'two');
    say(`unpinning ${first}`);
    await store.mark(first, { pin: null });
  },
  /** Removes every other backup and gives their space back, then takes one. */
  async prune() {
    await using store = closing(await open());
    const all = await store.list();
    for (const [at, { id }] of all.entries()) {
      if (at % 2 === 0) continue;
      say(`- ${id}`);
      await store.remove(id);
      say(`gone ${id}`);
    }
    await prune(store);
    await take(store, 'after the prune');
  },
  async move() {
    await using store = closing(
      await openMovableStore(home.folder, { clock: Date.now, keeper }, home.chosen),
    );
    await finishMove(home, quietly);
    const to = path.join(folder, 'disk', home.folder.endsWith('elsewhere') ? 'store' : 'elsewhere');
    await moveStore(store, home, sourceOf(store), {
      to,
      removeOld: rest[0] !== 'keep',
      signal: never,
      progress: quietly,
      log: quietly,
    });
    await take(store, 'after the move');
  },
  /** Makes a recovery phrase that is not kept, then one that is. */
  async phrase() {
    await using store = closing(await open());
    const unkept = await store.makePhrase();
    say(`shown ${unkept}`);
    say(`dropping ${unkept}`);
    await store.dropPhrase();
    say(`dropped ${unkept}`);
    const kept = await store.makePhrase();
    say(`shown ${kept}`);
    say(`confirming ${kept}`);
    await store.confirmPhrase(kept);
    say(`confirmed ${kept}`);
  },
  /** The store on a computer that has not seen it before. */
  async unlock() {
    await using store = closing(
      await openStore(home.folder, {
        clock: Date.now,
        keeper: keyFile(path.join(folder, 'settings', 'another-key')),
      }),
    );
    await store.unlock(rest[0] ?? '');
    say('unlocked');
    await take(store, 'unlocked');
  },
};

try {
  await LIVES[life]?.();
} catch (error) {
  if (error instanceof Problem) say(`problem ${JSON.stringify(error)}`);
  else
    say(
      `raw ${error instanceof Error ? (error.stack ?? error.message).replaceAll('\n', ' | ') : String(error)}`,
    );
}
