import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { RunContext, RunResult } from '../../runs/index.ts';
import { bytesInWords, CopyId, counted, Problem, type Clock } from '../../words/index.ts';
import { finishMove, moveStore } from '../move/move.ts';
import type { StoreHome } from '../move/where.ts';
import type { MovableStore } from '../store/movable.ts';
import { copyAt, fetchStore } from './bring-back.ts';
import type { Copies } from './copies.ts';
import { whereIs } from './copy.ts';
import { folderPlace } from './folder-place.ts';
import { healedInWords, healStore } from './heal.ts';
import type { RemovedBackups } from './removed.ts';
import { updateCopy, type Source } from './update.ts';
import { verifyCopy } from './verify.ts';

/** What a run does with a copy or the store; also what the journal keeps, so that a cut-off one is done again. */
export const CopyTask = z.discriminatedUnion('task', [
  z.object({ task: z.literal('update'), copyId: CopyId, letGo: z.boolean() }),
  z.object({
    task: z.literal('verify'),
    copyId: CopyId,
    depth: z.enum(['quick', 'deep']),
    download: z.boolean(),
  }),
  z.object({ task: z.literal('heal'), copyId: CopyId }),
  z.object({ task: z.literal('clear'), copyId: CopyId }),
  z.object({ task: z.literal('bring-back'), copyId: CopyId }),
  z.object({ task: z.literal('move'), to: z.string(), removeOld: z.boolean() }),
]);
export type CopyTask = z.infer<typeof CopyTask>;

type Of<T extends CopyTask['task']> = Extract<CopyTask, { task: T }>;

/** What the tasks work with. */
export interface CopyServices {
  readonly copies: Copies;
  readonly store: MovableStore;
  readonly home: StoreHome;
  readonly removed: RemovedBackups;
  readonly dataFolder: string;
  readonly clock: Clock;
  /** What is in the store changed. */
  readonly onStore: () => void;
}

/** Does one task, to its end. Done again after it was cut off, it goes on where it was. */
export function createTasks(
  services: CopyServices,
): (task: CopyTask, context: RunContext) => Promise<RunResult> {
  const { copies, store, home, removed, clock } = services;

  return (task, context) => {
    switch (task.task) {
      case 'update':
        return update(task, context);
      case 'verify':
        return verify(task, context);
      case 'heal':
        return heal(task, context);
      case 'clear':
        return clear(task, context);
      case 'bring-back':
        return bringBack(task, context);
      case 'move':
        return move(task, context);
    }
  };

  async function sourceFor(signal: AbortSignal): Promise<Source> {
    const gone = await removed.all();
    // A store that is away or locked is said so before anything is sent.
    await store.list();
    return {
      place: folderPlace(store.folder, signal),
      id: store.state().id,
      inspect: (name, bytes) => store.inspect(name, bytes),
      steady: (work) => store.steady(work),
      damage: async () => (await store.verify(null, signal, () => {}, 'new')).damage,
      removed: (backup) => gone.has(backup),
    };
  }

  async function update(
    { copyId, letGo }: Of<'update'>,
    { signal, progress, log }: RunContext,
  ): Promise<RunResult> {
    const copy = copies.get(copyId);
    const source = await sourceFor(signal);
    const at = clock();
    const record = copies.record(copyId);
    const known = await record.read();
    const updated = await copies.at(copy, signal, true, (place) =>
      updateCopy(source, place, { signal, progress, log, letGo, known, wasThere: copy.updatedAt !== null }),
    );
    await record.write(updated.files);
    copies.note(copyId, { updatedAt: at, problem: updated.problem?.toJSON() ?? null });
    if (updated.problem !== null) throw updated.problem;
    const sent =
      updated.sentBytes === 0 ? 'It had everything already.' : `${bytesInWords(updated.sentBytes)} sent.`;
    const gone =
      updated.goneBackups === 0 ? '' : ` ${counted(updated.goneBackups, 'removed backup')} taken away.`;
    return { state: 'done', summary: `“${copy.name}” is up to date. ${sent}${gone}` };
  }
  async function verify(
    { copyId, depth, download }: Of<'verify'>,
    { signal, progress, log }: RunContext,
  ): Promise<RunResult> {
    const copy = copies.get(copyId);
    const source = await sourceFor(signal);
    const record = copies.record(copyId);
    const known = await record.read();
    const { files, bytes, damage } = await copies.at(copy, signal, true, (place) =>
      verifyCopy(source, place, { depth, download, known, signal, progress }),
    );
    await record.write(files);
    for (const { name, why, healed } of damage)
      log(
        healed ? 'warning' : 'error',
        `${name} at the copy: ${why}.${healed ? ' It was sent again.' : ' The store does not have it whole either.'}`,
      );
    const lost = damage.filter(({ healed }) => !healed);
    if (lost.length > 0) {
      const problem = new Problem({
        code: 'copy-damaged',
        message: `${counted(lost.length, 'file')} of the copy ${lost.length === 1 ? 'is' : 'are'} damaged.`,
        attempted: `Verify “${copy.name}”`,
        answered: lost
          .slice(0, 5)
          .map(({ name, why }) => `${name}: ${why}`)
          .join('; '),
        todo: 'Verify the store here, back up the sites again, then bring the copy up to date.',
      });
      copies.note(copyId, { problem: problem.toJSON() });
      throw problem;
    }
    copies.note(copyId, { verified: { at: clock(), depth }, problem: null });
    const healed =
      damage.length === 0
        ? ''
        : ` ${counted(damage.length, 'file was', 'files were')} damaged and sent again; the log names them.`;
    return {
      state: 'done',
      summary: `“${copy.name}” is whole: ${counted(files.size, 'file')}, ${bytesInWords(bytes)}${depth === 'quick' ? ', by name and length' : ', every byte read'}.${healed}`,
    };
  }
  async function heal({ copyId }: Of<'heal'>, { signal, progress, log }: RunContext): Promise<RunResult> {
    const copy = copies.get(copyId);
    const source = await sourceFor(signal);
    const result = await copies.at(copy, signal, false, (place) =>
      healStore(store, source, place, signal, progress),
    );
    for (const name of result.healed) log('info', `${name} was fetched.`);
    services.onStore();
    if (result.left.length > 0) {
      for (const line of result.left) log('error', line);
      throw new Problem({
        code: 'store-damaged',
        message: `${healedInWords(result)} ${counted(result.left.length, 'place')} could not be healed from this copy.`,
        attempted: `Heal the store from “${copy.name}”`,
        answered: result.left.slice(0, 5).join('; '),
        todo: 'Try another copy, or back up these sites again at once.',
      });
    }
    return { state: 'done', summary: healedInWords(result) };
  }
  async function clear({ copyId }: Of<'clear'>, { signal, progress }: RunContext): Promise<RunResult> {
    const copy = copies.get(copyId);
    const gone = await copies.at(copy, signal, true, async (place) => {
      const names = [...(await place.list()).keys()];
      // What it is goes first: what is left of it is no copy any more.
      names.sort((a, b) => Number(b === 'config.json') - Number(a === 'config.json'));
      for (const [index, name] of names.entries()) {
        signal.throwIfAborted();
        await place.remove(name);
        progress({ what: 'Remove', done: index + 1, total: names.length, unit: 'files' });
      }
      return names.length;
    });
    await copies.at(copy, signal, false, (place) => place.removeFolders());
    await copies.forget(copyId);
    return {
      state: 'done',
      summary: `“${copy.name}” was removed: ${counted(gone, 'file')} at ${whereIs(copy.place)}.`,
    };
  }
  async function bringBack(
    { copyId }: Of<'bring-back'>,
    { signal, progress, log }: RunContext,
  ): Promise<RunResult> {
    const copy = copies.get(copyId);
    let fetched = { backups: 0, bytes: 0 };
    const empty = store.folder;
    await copies.at(copy, signal, false, async (place) => {
      const id = await copyAt(place);
      const into = join(services.dataFolder, `store-${id.slice(0, 12)}`);
      mkdirSync(dirname(into), { recursive: true, mode: 0o700 });
      if (into !== store.folder) await refuseUnlessEmpty(store);
      const updated = await fetchStore(place, into, signal, progress, log);
      fetched = { backups: updated.sentBackups, bytes: updated.sentBytes };
      await copies.record(copyId).write(updated.files);
      if (into !== store.folder)
        await store.reopen(
          async () => into,
          (folder) => home.set(folder, empty),
        );
    });
    await finishMove(home, log);
    copies.note(copyId, { updatedAt: clock(), problem: null });
    services.onStore();
    const { locked } = store.state();
    return {
      state: 'done',
      summary: `${counted(fetched.backups, 'backup')} brought back, ${bytesInWords(fetched.bytes)}.${locked ? ' Unlock them with the recovery phrase.' : ''}`,
    };
  }
  async function move(
    { to, removeOld }: Of<'move'>,
    { signal, progress, log }: RunContext,
  ): Promise<RunResult> {
    const from = store.folder;
    // A run that was cut off after the switch has only the old folder left to empty.
    if (home.folder === to) await finishMove(home, log);
    else await moveStore(store, home, await sourceFor(signal), { to, removeOld, signal, progress, log });
    services.onStore();
    return {
      state: 'done',
      summary: `The backups are in ${store.folder} now.${removeOld ? '' : ` The old folder ${from} was left as it is.`}`,
    };
  }
}

/** A store that holds backups is never put aside for another. */
export async function refuseUnlessEmpty(store: MovableStore): Promise<void> {
  const state = store.state();
  const held = state.away ? 1 : (await folderPlace(store.folder, AbortSignal.timeout(60_000)).list()).size;
  // A new store is its config.json alone.
  if (held <= 1 && !state.away) return;
  throw new Problem({
    code: 'store-not-empty',
    message: 'There are backups on this computer already.',
    attempted: 'Bring a store back from a copy',
    answered: store.folder,
    todo: 'This is for a new computer. To mend the store here, heal it from the copy; or use another data folder (--data).',
  });
}
