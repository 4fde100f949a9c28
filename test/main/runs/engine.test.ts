import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../main/database/index.ts';
import {
  createLanes,
  createRuns,
  openJournal,
  type Journal,
  type LogLine,
  type RunContext,
  type RunDetails,
  type Runs,
  type RunSpec,
  type Work,
} from '../../../main/runs/index.ts';
import { newRunId, Problem, SiteId, type RunId } from '../../../main/words/index.ts';
import { aTempFolder, type TempFolder } from '../../rig/index.ts';
import { aClock, never } from '../samples.ts';

let temp: TempFolder;
let database: Database;
let journal: Journal;
let runs: Runs;
const clock = aClock();
const engine = () => createRuns(journal, createLanes({ total: 4, perHost: 2 }), clock);
beforeEach(() => {
  temp = aTempFolder('runs');
  database = openDatabase(path.join(temp.path, 'test.db'));
  journal = openJournal(database, clock);
  runs = engine();
});
afterEach(async () => {
  await runs.close();
  await database.destroy();
  temp.remove();
});

const bakery = SiteId.parse('site_bakery0');
const florist = SiteId.parse('site_florist');
const spec = (part: Partial<RunSpec> = {}): RunSpec => ({
  kind: 'update',
  site: { id: bakery, name: 'Bakery' },
  title: 'Update Akismet',
  expected: [],
  plan: { what: 'akismet' },
  ...part,
});
const of = (id: SiteId) => spec({ site: { id, name: 'Site' } });
const done = { state: 'done', summary: 'Updated.' } as const;
/** Something that happens when it is told to. */
const aDoor = () => Promise.withResolvers<void>();
/** Runs to the end. */
const toTheEnd = async (work: Work, given = spec(), host: string | null = null) =>
  runs.ended((await runs.start(given, host, work)).id);
/** Work that waits at a door, and gives up when it is cancelled. */
const waitingAt =
  (door: PromiseWithResolvers<void>, began: string[] = [], name = ''): Work =>
  async ({ signal }) => {
    began.push(name);
    const cancelled = Promise.withResolvers<never>();
    signal.addEventListener('abort', () =>
      cancelled.reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled')),
    );
    await Promise.race([door.promise, cancelled.promise]);
    return done;
  };

describe('a run', () => {
  it('is in the journal before it acts, and ends with what it says', async () => {
    const door = aDoor();
    const { id } = await runs.start(spec(), null, waitingAt(door));
    expect(await journal.run(id)).toMatchObject({ title: 'Update Akismet', siteName: 'Bakery' });
    expect(await journal.plan(id)).toEqual({ what: 'akismet' });
    door.resolve();
    expect(await runs.ended(id)).toMatchObject({
      state: 'done',
      summary: 'Updated.',
      problem: null,
      worsened: [],
      cancellable: false,
    });
    expect(await journal.run(id)).toMatchObject({ state: 'done', summary: 'Updated.' });
    expect(runs.live()).toEqual([]);
  });

  it('writes each step down, with what undoes it, before the step acts', async () => {
    const seen: unknown[] = [];
    const { id } = await toTheEnd(async (context) => {
      await context.step('swap', { title: 'Swap', undo: { put: 'back' } }, async (step) => {
        seen.push((await journal.steps(context.runId)).map(({ name, state, undo }) => [name, state, undo]));
        await step.setUndo({ put: 'further back' });
        seen.push((await journal.steps(context.runId)).map(({ undo }) => undo));
        step.detail('Swapped.');
      });
      return done;
    });
    expect(seen).toEqual([[['swap', 'running', { put: 'back' }]], [{ put: 'further back' }]]);
    expect(await runs.show(id)).toMatchObject({
      steps: [{ seq: 1, name: 'swap', state: 'done', detail: 'Swapped.' }],
    });
    expect(JSON.stringify(await runs.show(id))).not.toContain('further back');
  });

  it('that fails says why, at the step where it failed', async () => {
    const problem = new Problem({
      code: 'remote-disk-full',
      message: 'The disk is full.',
      attempted: 'Upload',
      answered: 'ENOSPC',
      todo: 'Free some space.',
    });
    const run = await toTheEnd(async (context) =>
      context.step('stage', { title: 'Upload' }, () => Promise.reject(problem)),
    );
    expect(run).toMatchObject({ state: 'failed', summary: 'The disk is full.', problem: problem.toJSON() });
    expect((await runs.show(run.id)).steps).toMatchObject([{ state: 'failed', detail: 'The disk is full.' }]);
  });

  it('that fails for a defect of ours says that', async () => {
    expect(await toTheEnd(() => Promise.reject(new TypeError('x is not a function')))).toMatchObject({
      state: 'failed',
      problem: { code: 'defect' },
    });
  });

  it('that was rolled back says so, with its problem', async () => {
    const run = await toTheEnd(async () => ({
      state: 'rolled-back',
      summary: 'It got worse.',
      problem: new Problem({ code: 'worse', message: 'It got worse.' }),
      worsened: [{ kind: 'plugin', slug: 'akismet', version: '5.3' }],
    }));
    const expected = {
      state: 'rolled-back',
      problem: { code: 'worse' },
      worsened: [{ kind: 'plugin', slug: 'akismet', version: '5.3' }],
    };
    expect(run).toMatchObject(expected);
    expect(await journal.run(run.id)).toMatchObject(expected);
  });

  it('tells everybody how far it is', async () => {
    const heard: (string | null)[] = [];
    runs.changed.on((run) => void heard.push(run.progress?.what ?? run.state));
    await toTheEnd(async (context) => {
      context.progress({ what: 'Upload', done: 1, total: 2, unit: 'bytes' });
      return done;
    });
    expect(heard).toEqual(['waiting', 'running', 'Upload', 'done']);
  });

  it('that does not exist is no run', async () => {
    await expect(runs.show(newRunId())).rejects.toMatchObject({ code: 'no-such-run' });
    await expect(runs.cancel(newRunId())).rejects.toMatchObject({ code: 'no-such-run' });
  });
});

describe('cancelling', () => {
  it('ends a run that waits before it acts at all', async () => {
    const [door, began] = [aDoor(), []];
    await runs.start(spec(), null, waitingAt(door));
    const second = await runs.start(spec(), null, waitingAt(door, began, 'second'));
    await runs.cancel(second.id);
    expect(await runs.ended(second.id)).toMatchObject({ state: 'cancelled' });
    expect(began).toEqual([]);
    door.resolve();
  });

  it('in the last moment keeps a run from acting', async () => {
    const began: string[] = [];
    const { id } = await runs.start(spec(), null, waitingAt(aDoor(), began));
    await runs.cancel(id);
    expect(await runs.ended(id)).toMatchObject({ state: 'cancelled' });
    expect(began).toEqual([]);
  });

  it('ends a run that acts', async () => {
    const began: string[] = [];
    const { id } = await runs.start(spec(), null, waitingAt(aDoor(), began));
    await expect.poll(() => began).toHaveLength(1);
    await runs.cancel(id);
    expect(await runs.ended(id)).toMatchObject({ state: 'cancelled', summary: 'Cancelled.', problem: null });
    await expect(runs.cancel(id)).rejects.toMatchObject({ code: 'not-running' });
  });

  it('lets a run that was undone say so', async () => {
    const began: string[] = [];
    const { id } = await runs.start(spec(), null, (context) =>
      waitingAt(
        aDoor(),
        began,
      )(context)
        .catch(() => pause(50))
        .then(() => ({ state: 'rolled-back', summary: 'Taken back.' })),
    );
    await expect.poll(() => began).toHaveLength(1);
    await runs.cancel(id);
    expect(await runs.ended(id)).toMatchObject({ state: 'rolled-back', summary: 'Taken back.' });
  });

  it('at the end of the app ends everything, and waits for it', async () => {
    const ended: string[] = [];
    const began: string[] = [];
    const { id } = await runs.start(spec(), null, async (context) => {
      await waitingAt(aDoor(), began)(context).catch(async () => pause(50));
      ended.push('tidied');
      context.signal.throwIfAborted();
      return done;
    });
    await expect.poll(() => began).toHaveLength(1);
    await runs.close();
    expect(ended).toEqual(['tidied']);
    expect(await journal.run(id)).toMatchObject({ state: 'cancelled' });
  });
});

describe('taking turns', () => {
  it('one site has one run at a time, in the order in which they came', async () => {
    const [first, began] = [aDoor(), new Array<string>()];
    await runs.start(of(bakery), null, waitingAt(first, began, 'first'));
    const second = await runs.start(of(bakery), null, waitingAt(first, began, 'second'));
    const other = await runs.start(of(florist), null, async () => done);
    await runs.ended(other.id);
    expect(began).toEqual(['first']);
    expect(runs.live().map((run) => run.state)).toEqual(['running', 'waiting']);
    first.resolve();
    await runs.ended(second.id);
    expect(began).toEqual(['first', 'second']);
  });

  it('one host has two at a time', async () => {
    const [door, began] = [aDoor(), new Array<string>()];
    const all = await Promise.all(
      [1, 2, 3].map((index) =>
        runs.start(
          of(SiteId.parse(`site_number${index}`)),
          'example.org',
          waitingAt(door, began, String(index)),
        ),
      ),
    );
    const elsewhere = await runs.start(of(florist), 'another.example', async () => done);
    await runs.ended(elsewhere.id);
    expect(began).toHaveLength(2);
    door.resolve();
    await Promise.all(all.map((run) => runs.ended(run.id)));
    expect(began).toHaveLength(3);
  });

  it('a run that fails lets the next one in', async () => {
    await toTheEnd(() => Promise.reject(new Error('no')));
    expect(await toTheEnd(async () => done)).toMatchObject({ state: 'done' });
  });
});

describe('following a run', () => {
  const collect = async (id: RunId, after: number, signal = never) => {
    const lines: LogLine[] = [];
    for await (const line of runs.follow(id, after, signal)) lines.push(line);
    return lines.map((line) => line.text);
  };
  const saying = (context: RunContext, from: number, to: number) => {
    for (let index = from; index <= to; index += 1) context.log('info', `line ${index}`);
  };
  const linesFrom = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

  it('gives every line once and in order, those before and those to come, to the end', async () => {
    const door = aDoor();
    const { id } = await runs.start(spec(), null, async (context) => {
      saying(context, 1, 20);
      await door.promise;
      saying(context, 21, 40);
      await pause(5);
      saying(context, 41, 60);
      return done;
    });
    await pause(20);
    const following = [collect(id, 0), collect(id, 10), collect(id, 0)];
    await pause(20);
    door.resolve();
    expect(await Promise.all(following)).toEqual([linesFrom(1, 60), linesFrom(11, 60), linesFrom(1, 60)]);
    expect(await collect(id, 55)).toEqual(linesFrom(56, 60));
  });

  it('stops when nobody listens any more', async () => {
    const { id } = await runs.start(spec(), null, waitingAt(aDoor()));
    expect(await collect(id, 0, AbortSignal.timeout(50))).toEqual([]);
  });

  it('stops where the end of the run can not be written, as on a full disk', async () => {
    const full: Journal = {
      ...journal,
      setState: (id, state, end) =>
        end ? Promise.reject(new Error('database or disk is full')) : journal.setState(id, state),
    };
    runs = createRuns(full, createLanes({ total: 4, perHost: 2 }), clock);
    const door = aDoor();
    const { id } = await runs.start(spec(), null, waitingAt(door));
    const following = collect(id, 0);
    await pause(20);
    door.resolve();
    expect(await following).toEqual([]);
    // As after a crash, it can be recovered.
    expect(await runs.interrupted()).toMatchObject([{ run: { id } }]);
  });
});

it('the end that is told is the end that is written: a hash of the story stays right', async () => {
  let now = 0;
  const late = () => (now += 700);
  runs = createRuns(openJournal(database, late), createLanes({ total: 4, perHost: 2 }), late);
  const told: Promise<RunDetails>[] = [];
  runs.changed.on(({ id, endedAt }) => {
    if (endedAt !== null) told.push(runs.show(id));
  });
  const { id } = await toTheEnd(async () => done);
  const [atTheEnd] = await Promise.all(told);
  expect(atTheEnd).toEqual({ ...(await runs.show(id)), cancellable: atTheEnd?.cancellable });
});

describe('after a crash', () => {
  /** A run that a dead process left in the middle of its first step. */
  async function anOrphan(kind: RunSpec['kind'] = 'update'): Promise<RunId> {
    const id = newRunId();
    await journal.open(id, spec({ kind }));
    await journal.setState(id, 'running');
    await journal.beginStep(id, { seq: 1, name: 'swap', title: 'Swap', undo: { put: 'back' } });
    await journal.log(id, { seq: 1, at: 1, level: 'info', text: 'before the crash' });
    return id;
  }

  it('what was left is marked as interrupted', async () => {
    const id = await anOrphan();
    expect(await runs.adopt()).toMatchObject([{ id, state: 'interrupted' }]);
    expect(await journal.run(id)).toMatchObject({ state: 'interrupted' });
    expect(await runs.interrupted()).toMatchObject([
      {
        run: { id },
        plan: { what: 'akismet' },
        steps: [{ name: 'swap', state: 'running', undo: { put: 'back' } }],
      },
    ]);
  });

  it('what is finished by recovering goes on in the same journal', async () => {
    const id = await anOrphan();
    await runs.adopt();
    const recovered = await runs.recover(
      {
        update: async (orphan, context) => {
          await context.step('undo', { title: 'Undo' }, async () =>
            context.log('info', `undoing ${orphan.steps[0]?.name ?? ''}`),
          );
          return { state: 'rolled-back', summary: 'Taken back after a crash.' };
        },
      },
      () => 'example.org',
    );
    expect(recovered).toMatchObject([{ id, state: 'rolled-back', summary: 'Taken back after a crash.' }]);
    expect(await runs.show(id)).toMatchObject({
      steps: [
        { seq: 1, name: 'swap' },
        { seq: 2, name: 'undo', state: 'done' },
      ],
      log: [{ text: 'before the crash' }, { seq: 2, text: 'undoing swap' }],
    });
    expect(await runs.interrupted()).toEqual([]);
  });

  it('what cannot be recovered yet stays interrupted, says why, and is tried again', async () => {
    const id = await anOrphan();
    await runs.adopt();
    const gone = new Problem({
      code: 'unreachable',
      message: 'The host does not answer.',
      attempted: 'Connect',
      answered: 'ETIMEDOUT',
      todo: '',
    });
    const [first] = await runs.recover({ update: () => Promise.reject(gone) }, () => null);
    expect(first).toMatchObject({
      id,
      state: 'interrupted',
      problem: {
        code: 'still-interrupted',
        answered: 'ETIMEDOUT',
        todo: expect.stringMatching(/./) as string,
      },
    });
    expect(await journal.run(id)).toMatchObject({ state: 'interrupted' });
    const [second] = await runs.recover({ update: async () => done }, () => null);
    expect(second).toMatchObject({ id, state: 'done', problem: null });
    expect(await journal.run(id)).toMatchObject({ state: 'done', problem: null });
  });

  it('what never changes a site is simply over', async () => {
    const id = await anOrphan('check');
    await runs.adopt();
    expect(await runs.recover({}, () => null)).toMatchObject([{ id, state: 'cancelled' }]);
  });

  it('what runs now is not taken for left over', async () => {
    const door = aDoor();
    const { id } = await runs.start(spec(), null, waitingAt(door));
    expect(await runs.adopt()).toEqual([]);
    expect(await runs.interrupted()).toEqual([]);
    door.resolve();
    expect(await runs.ended(id)).toMatchObject({ state: 'done' });
  });
});
