import PQueue from 'p-queue';
import type { Orphan, Run, RunContext, RunResult, Runs } from '../../runs/index.ts';
import type { CopyId } from '../../words/index.ts';
import { checkTarget } from '../move/move.ts';
import { copyAt } from './bring-back.ts';
import type { Copy, CopyDraft, PlaceSecrets } from './copy.ts';
import { createTasks, CopyTask, refuseUnlessEmpty, type CopyServices } from './tasks.ts';

/** The runs that keep copies, heal from them, and move the store. One at a time: they share a disk and a line. */
export interface CopyRuns {
  start(task: CopyTask): Promise<Run>;
  /** Adds the place as a copy and fetches the store from it. @throws Problem `store-not-empty`, `no-copy-there` */
  bringBack(draft: CopyDraft, secrets: PlaceSecrets, signal: AbortSignal): Promise<Run>;
  /** Does again what a crash cut off. */
  recover(orphan: Orphan, context: RunContext): Promise<RunResult>;
  /** Whether a copy is worked on or waits for it. */
  busy(id: CopyId): boolean;
}

const TITLES = {
  update: ['update', 'Send what is new'],
  verify: ['verify', 'Look at every file there'],
  heal: ['heal', 'Fetch what is damaged here'],
  clear: ['clear', 'Remove the copy’s files'],
  'bring-back': ['fetch', 'Fetch the store'],
  move: ['move', 'Copy the store and switch over'],
} as const;

export function createCopyRuns(runs: Runs, services: CopyServices): CopyRuns {
  const { copies, store } = services;
  const act = createTasks(services);
  const queue = new PQueue({ concurrency: 1 });
  const busy = new Map<CopyId, number>();

  const perform = async (task: CopyTask, context: RunContext): Promise<RunResult> => {
    const [name, title] = TITLES[task.task];
    const id = 'copyId' in task ? task.copyId : null;
    if (id !== null) busy.set(id, (busy.get(id) ?? 0) + 1);
    try {
      return await queue.add(
        () =>
          context.step(name, { title }, async (step) => {
            const result = await act(task, context);
            step.detail(result.summary);
            return result;
          }),
        { signal: context.signal },
      );
    } finally {
      if (id !== null) busy.set(id, (busy.get(id) ?? 1) - 1);
    }
  };

  const start = async (task: CopyTask): Promise<Run> => {
    if (task.task === 'move') task = { ...task, to: await checkTarget(store, task.to) };
    const [name, title] = TITLES[task.task];
    return runs.start(
      {
        kind: task.task === 'move' ? 'move' : 'copy',
        site: null,
        title: titleOf(task, 'copyId' in task ? copies.get(task.copyId) : null),
        expected: [{ name, title }],
        plan: task,
      },
      null,
      (context) => perform(task, context),
    );
  };

  return {
    start,
    async bringBack(draft, secrets, signal) {
      await refuseUnlessEmpty(store);
      const copy = await copies.add(draft, secrets);
      try {
        await copies.at(copy, signal, false, copyAt);
        return await start({ task: 'bring-back', copyId: copy.id });
      } catch (error) {
        await copies.forget(copy.id);
        throw error;
      }
    },
    async recover(orphan, context) {
      const { data: task } = CopyTask.safeParse(orphan.plan);
      if (task === undefined || ('copyId' in task && !copies.list().some(({ id }) => id === task.copyId)))
        return { state: 'cancelled', summary: 'Groundskeeper ended while this ran.' };
      return perform(task, context);
    },
    busy: (id) => (busy.get(id) ?? 0) > 0,
  };
}

function titleOf(task: CopyTask, copy: Copy | null): string {
  const name = copy === null ? '' : `“${copy.name}”`;
  switch (task.task) {
    case 'update':
      return `Bring the copy ${name} up to date`;
    case 'verify':
      return `Verify the copy ${name}`;
    case 'heal':
      return `Heal the store from ${name}`;
    case 'clear':
      return `Remove the copy ${name}`;
    case 'bring-back':
      return `Bring the store back from ${name}`;
    case 'move':
      return `Move the backups to ${task.to}`;
  }
}
