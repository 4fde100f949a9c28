import {
  asProblem,
  createSignal,
  isAbort,
  newRunId,
  Problem,
  type Clock,
  type Json,
  type Progress,
  type RunId,
  type Signal,
  type SiteId,
} from '../words/index.ts';
import type { Journal, Orphan, RunSpec } from './journal.ts';
import type { Lanes } from './lanes.ts';
import { timeLeft, type Pace } from './time-left.ts';
import type { LogLine, PageSeen, Run, RunDetails, RunKind, Worsened } from './run.ts';

/**
 * How work ended. Thrown errors end a run as `failed`, an abort as `cancelled`. `interrupted`: it could not
 * even be undone now (the host is gone, say); `recover` tries again.
 */
export interface RunResult {
  readonly state: 'done' | 'failed' | 'rolled-back' | 'cancelled' | 'interrupted';
  readonly summary: string;
  readonly problem?: Problem | undefined;
  /** Releases that made the site worse and were taken back. */
  readonly worsened?: readonly Worsened[] | undefined;
}

export interface StepOptions {
  readonly title: string;
  /** Journaled before the step acts. */
  readonly undo?: Json;
}

/** What a run's work is given. */
export interface RunContext {
  readonly runId: RunId;
  /** Aborted when the user cancels. Work that has to be undone listens to it between its steps. */
  readonly signal: AbortSignal;
  /** Journals the step, then acts. `act` may say what it saw as it goes; the last word stays as the step's detail. */
  step<T>(name: string, options: StepOptions, act: (step: StepHandle) => Promise<T>): Promise<T>;
  readonly progress: (progress: Progress | null) => void;
  readonly log: (level: LogLine['level'], text: string) => void;
  /** Says of steps, by name, that what they did was taken back. */
  undone(names: readonly string[]): Promise<void>;
  /** Replaces what another process would need to finish or undo this run. */
  setPlan(plan: Json): Promise<void>;
}

export interface StepHandle {
  /** What the step ends as when it does not throw; `done` unless said otherwise. */
  end(state: 'done' | 'failed'): void;
  detail(text: string): void;
  /** The pages that were looked at; the last word stays. */
  seen(pages: readonly PageSeen[]): void;
  /** Journals, before acting further, what undoes the step from here on. */
  setUndo(undo: Json): Promise<void>;
}

export type Work = (context: RunContext) => Promise<RunResult>;

/** Finishes or undoes a run that another process left. */
export type Recoverer = (orphan: Orphan, context: RunContext) => Promise<RunResult>;

/** Runs: started, followed, cancelled, recovered. */
export interface Runs {
  /** Journals the run and lets it wait for its turn. Resolves as soon as it is journaled. */
  start(spec: RunSpec, host: string | null, work: Work): Promise<Run>;
  /** Resolves with the run when it ended, however it did. */
  ended(id: RunId): Promise<Run>;
  /** @throws Problem `no-such-run`, `not-running`. */
  cancel(id: RunId): Promise<void>;
  show(id: RunId): Promise<RunDetails>;
  list(filter: { siteId?: SiteId | undefined; limit: number }): Promise<Run[]>;
  /** Log lines after `after`, then new ones as they come, until the run ends. */
  follow(id: RunId, after: number, signal: AbortSignal | undefined): AsyncGenerator<LogLine, void, void>;
  /** The runs of this process that wait or run now. */
  live(): readonly Run[];
  /** Marks what a dead process left as interrupted; to be called once, before anything starts. */
  adopt(): Promise<readonly Run[]>;
  interrupted(): Promise<readonly Orphan[]>;
  /** Finishes or undoes every interrupted run (of one site, where one is named). One that fails stays interrupted and says why. */
  recover(
    recoverers: Partial<Record<RunKind, Recoverer>>,
    hostOf: (siteId: SiteId) => string | null,
    only?: SiteId,
  ): Promise<Run[]>;
  /** Ends an interrupted run that is not to be recovered any more, because another one has seen to what it left. */
  conclude(id: RunId, end: Pick<RunResult, 'state' | 'summary'>): Promise<void>;
  readonly changed: Signal<Run>;
  /** Cancels what runs and waits until it has stopped. */
  close(): Promise<void>;
}

interface Live {
  run: Run;
  readonly abort: AbortController;
  readonly lines: Signal<LogLine>;
  ended: Promise<Run>;
  lineSeq: number;
  pace: Pace | null;
  /** It goes on with what was cut off: however that fails, it can be tried again. */
  readonly recovers: boolean;
}

export function createRuns(journal: Journal, lanes: Lanes, clock: Clock): Runs {
  const live = new Map<RunId, Live>();
  const changed = createSignal<Run>();

  const update = (entry: Live, change: Partial<Run>) => {
    entry.run = { ...entry.run, ...change };
    changed.emit(entry.run);
  };

  const contextOf = (entry: Live, firstSeq: number): RunContext => {
    const { id } = entry.run;
    let seq = firstSeq;
    const context: RunContext = {
      runId: id,
      signal: entry.abort.signal,
      async step(name, options, act) {
        seq += 1;
        const mine = seq;
        await journal.beginStep(id, { seq: mine, name, title: options.title, undo: options.undo ?? null });
        update(entry, {});
        let detail = '';
        let seen: readonly PageSeen[] = [];
        let ending: 'done' | 'failed' = 'done';
        try {
          const result = await act({
            end: (state) => {
              ending = state;
            },
            detail: (text) => {
              detail = text;
            },
            seen: (pages) => {
              seen = pages;
            },
            setUndo: (undo) => journal.setUndo(id, mine, undo),
          });
          await journal.endStep(id, mine, { state: ending, detail, seen });
          return result;
        } catch (error) {
          const said = isAbort(error) ? 'Cancelled.' : asProblem(error).message;
          await journal.endStep(id, mine, { state: 'failed', detail: said, seen });
          throw error;
        } finally {
          update(entry, { progress: null });
        }
      },
      progress(progress) {
        const found = progress === null ? null : timeLeft(entry.pace, progress, performance.now());
        entry.pace = found?.pace ?? null;
        const left = found?.left ?? null;
        update(entry, { progress: progress === null || left === null ? progress : { ...progress, left } });
      },
      log(level, text) {
        entry.lineSeq += 1;
        const line: LogLine = { seq: entry.lineSeq, at: clock(), level, text };
        void journal.log(id, line);
        entry.lines.emit(line);
      },
      async undone(names) {
        await journal.setUndone(id, names);
        update(entry, {});
      },
      setPlan: (plan) => journal.setPlan(id, plan),
    };
    return context;
  };

  const perform = async (
    entry: Live,
    place: { siteId: SiteId | null; host: string | null },
    firstSeq: number,
    work: Work,
  ): Promise<Run> => {
    const { id } = entry.run;
    const end = async ({ state, summary, problem: cause, worsened = [] }: RunResult) => {
      const problem = cause?.toJSON() ?? null;
      const endedAt = await journal.setState(id, state, { summary, problem, worsened });
      update(entry, {
        state,
        summary,
        problem,
        worsened: [...worsened],
        endedAt,
        progress: null,
        cancellable: false,
      });
    };
    try {
      const result = await lanes.enter(place, entry.abort.signal, async () => {
        update(entry, { state: 'running', startedAt: await journal.setState(id, 'running') });
        // Cancelled in the last moment: then it never acts.
        entry.abort.signal.throwIfAborted();
        return work(contextOf(entry, firstSeq));
      });
      await end(result);
    } catch (error) {
      const problem = asProblem(error);
      if (entry.recovers)
        await end({
          state: 'interrupted',
          summary: entry.run.summary,
          problem: entry.run.problem === null ? undefined : new Problem(entry.run.problem),
        });
      else if (entry.abort.signal.aborted && isAbort(error))
        await end({ state: 'cancelled', summary: 'Cancelled.' });
      else await end({ state: 'failed', summary: problem.message, problem });
    } finally {
      live.delete(id);
    }
    return entry.run;
  };

  const begin = (
    run: Run,
    host: string | null,
    firstSeq: number,
    lineSeq: number,
    recovers: boolean,
    work: Work,
  ): Live => {
    const entry: Live = {
      run: { ...run, cancellable: true },
      abort: new AbortController(),
      lines: createSignal<LogLine>(),
      ended: Promise.resolve(run),
      lineSeq,
      pace: null,
      recovers,
    };
    live.set(run.id, entry);
    changed.emit(entry.run);
    entry.ended = perform(entry, { siteId: run.siteId, host }, firstSeq, work);
    return entry;
  };

  const stored = async (id: RunId): Promise<Run> => {
    const run = live.get(id)?.run ?? (await journal.run(id));
    if (!run)
      throw new Problem({
        code: 'no-such-run',
        message: `There is no run ${id}.`,
        todo: '`runs list` shows all of them.',
      });
    return run;
  };

  return {
    changed,
    async start(spec, host, work) {
      const run = await journal.open(newRunId(), spec);
      return begin(run, host, 0, 0, false, work).run;
    },
    ended: async (id) => live.get(id)?.ended ?? stored(id),
    async cancel(id) {
      const entry = live.get(id);
      if (!entry) {
        await stored(id);
        throw new Problem({ code: 'not-running', message: 'This run is over already.' });
      }
      entry.abort.abort(new Problem({ code: 'cancelled', message: 'Cancelled.' }));
    },
    async show(id) {
      const run = await stored(id);
      const steps = await journal.steps(id);
      return {
        ...run,
        steps: steps.map(({ undo: _undo, ...step }) => step),
        log: await journal.logLines(id, 0),
      };
    },
    async list(filter) {
      const runs = await journal.list(filter);
      return runs.map((run) => live.get(run.id)?.run ?? run);
    },
    async *follow(id, after, signal) {
      await stored(id);
      const entry = live.get(id);
      const waiting: LogLine[] = [];
      let wake = () => {};
      const off = entry?.lines.on((line) => {
        waiting.push(line);
        wake();
      });
      let over = entry === undefined;
      const end = () => {
        over = true;
        wake();
      };
      // It is over as well where its end could not be written.
      void entry?.ended.then(end, end);
      const stop = () => wake();
      signal?.addEventListener('abort', stop);
      try {
        let last = after;
        for (const line of await journal.logLines(id, after)) {
          last = line.seq;
          yield line;
        }
        while (signal?.aborted !== true) {
          const line = waiting.shift();
          if (line) {
            if (line.seq > last) yield line;
          } else if (over) {
            return;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        off?.();
        signal?.removeEventListener('abort', stop);
      }
    },
    live: () => [...live.values()].map((entry) => entry.run),
    async adopt() {
      const orphans = (await journal.unfinished()).filter(({ run }) => !live.has(run.id));
      for (const { run } of orphans) {
        if (run.state !== 'interrupted') await journal.setState(run.id, 'interrupted');
      }
      return orphans.map(({ run }) => ({ ...run, state: 'interrupted' }));
    },
    interrupted: async () => (await journal.unfinished()).filter(({ run }) => !live.has(run.id)),
    async recover(recoverers, hostOf, only) {
      const orphans = (await journal.unfinished()).filter(
        ({ run }) => !live.has(run.id) && (only === undefined || run.siteId === only),
      );
      const entries: Live[] = [];
      for (const orphan of orphans) {
        const { run } = orphan;
        const recoverer = recoverers[run.kind] ?? leftAsItWas;
        const lines = await journal.logLines(run.id, 0);
        const host = run.siteId === null ? null : hostOf(run.siteId);
        entries.push(
          begin(run, host, orphan.steps.at(-1)?.seq ?? 0, lines.at(-1)?.seq ?? 0, true, async (context) => {
            try {
              return await recoverer(orphan, context);
            } catch (error) {
              // It could not be finished now (the host does not answer, say): the next recover tries again.
              const problem = stillInterrupted(asProblem(error));
              return { state: 'interrupted', summary: problem.message, problem };
            }
          }),
        );
      }
      return Promise.all(entries.map((entry) => entry.ended));
    },
    async conclude(id, { state, summary }) {
      const orphan = (await journal.unfinished()).find(({ run }) => run.id === id && !live.has(id));
      if (orphan === undefined) return;
      const endedAt = await journal.setState(id, state, { summary, problem: null, worsened: [] });
      changed.emit({ ...orphan.run, state, summary, problem: null, endedAt });
    },
    async close() {
      const entries = [...live.values()];
      for (const entry of entries)
        entry.abort.abort(new Problem({ code: 'cancelled', message: 'Groundskeeper is closing.' }));
      await Promise.allSettled(entries.map((entry) => entry.ended));
    },
  };
}

function stillInterrupted(cause: Problem): Problem {
  return new Problem(
    {
      ...cause.toJSON(),
      code: 'still-interrupted',
      message: `Could not be finished yet: ${cause.message}`,
      todo: cause.todo || 'Try again with “Recover” once the site can be reached.',
    },
    cause,
  );
}

async function leftAsItWas(): Promise<RunResult> {
  return {
    state: 'cancelled',
    summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
  };
}
