import type { AppEvent } from '../../../main/api/index.ts';
import type { LogLine, Run, RunDetails, RunKind } from '../../../main/runs/index.ts';
import { type SiteId, newRunId } from '../../../main/words/index.ts';
import { SEEN, SEEN_WORSE } from './seen.ts';
import { STEPS, type SampleStep } from './steps.ts';

export type Ending = 'done' | 'failed' | 'rolled-back';

const GETS_WORSE = {
  code: 'site-got-worse',
  message: 'The front page answered 500 after the update; before it was 200.',
  attempted: 'Look at the pages again',
  answered:
    'PHP Fatal error: Uncaught Error: Call to undefined function wc_legacy_price() in …/elementor/core/base.php:114',
  todo: 'Nothing: the old version is back and the site is as it was. Tell the maker of the plugin.',
};

/** Runs that go through their steps by a timer, and tell of each change. */
export class SampleRuns {
  readonly all = new Map<string, RunDetails>();
  readonly #tell: (event: AppEvent) => void;
  readonly #stepMillis: number;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(tell: (event: AppEvent) => void, stepMillis: number) {
    this.#tell = tell;
    this.#stepMillis = stepMillis;
  }

  /** A run that ended in the past. */
  record(
    kind: RunKind,
    site: { id: SiteId; name: string } | null,
    title: string,
    endedAt: number,
    ending: Ending,
  ): RunDetails {
    const run = this.#create(kind, site, title, endedAt - 9_000 * STEPS[kind].length);
    STEPS[kind].forEach((step, at) => this.#finishStep(run, step, at, run.createdAt + at * 9_000));
    this.#end(run, ending, endedAt);
    return run;
  }

  /** A run that starts now. `then` is called once it ended. */
  start(
    kind: RunKind,
    site: { id: SiteId; name: string } | null,
    title: string,
    ending: Ending,
    then: () => void,
  ): RunDetails {
    const run = this.#create(kind, site, title, Date.now());
    let at = 0;
    let tick = 0;
    const ticks = 8;
    const next = () => {
      if (run.state === 'cancelled') return;
      const step = STEPS[kind][at];
      if (step === undefined || (ending !== 'done' && step[0] === 'judge')) {
        if (ending !== 'done' && step !== undefined) this.#undo(run, step);
        this.#end(run, ending, Date.now());
        this.#tell({ kind: 'run', run: brief(run) });
        then();
        return;
      }
      if (tick === 0) {
        run.steps.push({
          seq: at,
          name: step[0],
          title: step[1],
          state: 'running',
          startedAt: Date.now(),
          endedAt: null,
          detail: '',
          seen: [],
        });
        this.#log(run, 'info', step[1]);
      }
      tick += 1;
      run.progress = { what: step[1], done: tick, total: ticks, unit: 'steps' };
      if (step[0] === 'pull' || step[0] === 'backup')
        run.progress = {
          what: step[1],
          done: tick * 26_700_000,
          total: ticks * 26_700_000,
          unit: 'bytes',
          left: (ticks - tick) * 75_000,
        };
      if (tick === ticks) {
        run.steps.pop();
        this.#finishStep(run, step, at, Date.now() - this.#stepMillis);
        at += 1;
        tick = 0;
      }
      run.cancellable = step[0] !== 'swap';
      this.#tell({ kind: 'run', run: brief(run) });
      this.#later(next);
    };
    this.#later(next);
    return run;
  }

  cancel(run: RunDetails): void {
    if (run.endedAt !== null) return;
    run.state = 'cancelled';
    run.endedAt = Date.now();
    run.progress = null;
    run.cancellable = false;
    run.summary = 'Cancelled before anything on the site was changed.';
    for (const step of run.steps)
      if (step.state === 'running') Object.assign(step, { state: 'undone', endedAt: Date.now() });
    this.#tell({ kind: 'run', run: brief(run) });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #later(work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, this.#stepMillis / 8);
    this.#timers.add(timer);
  }

  #create(kind: RunKind, site: { id: SiteId; name: string } | null, title: string, at: number): RunDetails {
    const run: RunDetails = {
      id: newRunId(),
      kind,
      siteId: site?.id ?? null,
      siteName: site?.name ?? null,
      title,
      state: 'running',
      createdAt: at,
      startedAt: at,
      endedAt: null,
      progress: null,
      expected: STEPS[kind].map(([name, words]) => ({ name, title: words })),
      summary: '',
      problem: null,
      worsened: [],
      cancellable: true,
      steps: [],
      log: [],
    };
    this.all.set(run.id, run);
    return run;
  }

  #finishStep(run: RunDetails, [name, title, detail]: SampleStep, seq: number, startedAt: number): void {
    run.steps.push({
      seq,
      name,
      title,
      state: 'done',
      startedAt,
      endedAt: startedAt + this.#stepMillis,
      detail,
      seen: SEEN[name] ?? [],
    });
    this.#log(run, 'info', `${title}: ${detail}`, startedAt);
  }

  #undo(run: RunDetails, [name, title]: SampleStep): void {
    run.steps.push({
      seq: run.steps.length,
      name,
      title,
      state: 'failed',
      startedAt: Date.now(),
      endedAt: Date.now(),
      detail: GETS_WORSE.message,
      seen: SEEN_WORSE,
    });
    this.#log(run, 'error', GETS_WORSE.answered);
    run.steps.push({
      seq: run.steps.length,
      name: 'undo',
      title: 'Put the old version back',
      state: 'done',
      startedAt: Date.now(),
      endedAt: Date.now(),
      detail: 'Exchanged in one instant; pages as before',
      seen: [],
    });
    this.#log(run, 'info', 'Put the old version back');
  }

  #end(run: RunDetails, ending: Ending, at: number): void {
    if (ending === 'rolled-back') run.worsened = [{ kind: 'plugin', slug: 'elementor', version: '3.25.6' }];
    run.state = ending;
    run.endedAt = at;
    run.progress = null;
    run.cancellable = false;
    run.problem = ending === 'done' ? null : GETS_WORSE;
    run.summary =
      ending === 'done'
        ? `${run.title}: done, the site is well.`
        : ending === 'failed'
          ? 'It did not work; the site is as it was.'
          : 'The site got worse, so the old version was put back. Visitors saw the fault for 2 seconds.';
  }

  #log(run: RunDetails, level: LogLine['level'], text: string, at = Date.now()): void {
    run.log.push({ seq: run.log.length + 1, at, level, text });
  }
}

/** A run without its steps and log, as it is listed and told. */
export function brief(details: RunDetails): Run {
  const { steps: _steps, log: _log, ...run } = details;
  return structuredClone(run);
}
