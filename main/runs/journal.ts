import { z } from 'zod';
import type { Database, Tables } from '../database/index.ts';
import type { RunId, SiteId } from '../words/index.ts';
import { Json, ProblemShape, readJson, type Clock } from '../words/index.ts';
import type { RunKind, RunState } from './run.ts';
import { LogLine, Run, Step, type PageSeen, type StepState, type Worsened } from './run.ts';

/** What a run is, before it starts. */
export interface RunSpec {
  readonly kind: RunKind;
  readonly site: { readonly id: SiteId; readonly name: string } | null;
  readonly title: string;
  readonly expected: readonly { readonly name: string; readonly title: string }[];
  /** Everything another process would need to finish or undo it. */
  readonly plan: Json;
}

/** A step as the journal has it, with what undoes it. */
export interface JournaledStep extends Step {
  readonly undo: Json | null;
}

/** A run that a dead process left, as it stands in the journal. */
export interface Orphan {
  readonly run: Run;
  readonly plan: Json;
  readonly steps: readonly JournaledStep[];
}

/** The durable record of runs and their steps. Each call has reached the disk when its promise resolves. */
export interface Journal {
  open(id: RunId, spec: RunSpec): Promise<Run>;
  /** @returns when, as it is written */
  setState(
    id: RunId,
    state: RunState,
    end?: { summary: string; problem: ProblemShape | null; worsened: readonly Worsened[] },
  ): Promise<number>;
  setPlan(id: RunId, plan: Json): Promise<void>;
  beginStep(id: RunId, step: { seq: number; name: string; title: string; undo: Json | null }): Promise<void>;
  setUndo(id: RunId, seq: number, undo: Json): Promise<void>;
  endStep(
    id: RunId,
    seq: number,
    end: { state: StepState; detail: string; seen: readonly PageSeen[] },
  ): Promise<void>;
  /** Marks steps, by name, as taken back. */
  setUndone(id: RunId, names: readonly string[]): Promise<void>;
  log(id: RunId, line: LogLine): Promise<void>;
  run(id: RunId): Promise<Run | null>;
  plan(id: RunId): Promise<Json>;
  list(filter: { siteId?: SiteId | undefined; kind?: RunKind | undefined; limit: number }): Promise<Run[]>;
  steps(id: RunId): Promise<JournaledStep[]>;
  logLines(id: RunId, after: number): Promise<LogLine[]>;
  unfinished(): Promise<Orphan[]>;
}

export function openJournal(database: Database, clock: Clock): Journal {
  const orphanOf = async (run: Run): Promise<Orphan> => ({
    run,
    plan: await journal.plan(run.id),
    steps: await journal.steps(run.id),
  });
  const journal: Journal = {
    async open(id, spec) {
      await database
        .insertInto('runs')
        .values({
          id,
          kind: spec.kind,
          site_id: spec.site?.id ?? null,
          site_name: spec.site?.name ?? null,
          title: spec.title,
          state: 'waiting',
          created_at: clock(),
          started_at: null,
          ended_at: null,
          plan: JSON.stringify(spec.plan),
          expected: JSON.stringify(spec.expected),
          summary: '',
          problem: null,
          worsened: '[]',
        })
        .execute();
      const run = await journal.run(id);
      if (!run) throw new Error(`run ${id} vanished as it was written`);
      return run;
    },
    async setState(id, state, end) {
      const now = clock();
      const change = database.updateTable('runs').where('id', '=', id);
      if (end) {
        await change
          .set({
            state,
            ended_at: now,
            summary: end.summary,
            problem: end.problem ? JSON.stringify(end.problem) : null,
            worsened: JSON.stringify(end.worsened),
          })
          .execute();
      } else if (state === 'running') {
        await change.set({ state, started_at: now, ended_at: null }).execute();
      } else {
        await change.set({ state }).execute();
      }
      return now;
    },
    async setPlan(id, plan) {
      await database
        .updateTable('runs')
        .set({ plan: JSON.stringify(plan) })
        .where('id', '=', id)
        .execute();
    },
    async beginStep(id, step) {
      await database
        .insertInto('steps')
        .values({
          run_id: id,
          seq: step.seq,
          name: step.name,
          title: step.title,
          state: 'running',
          started_at: clock(),
          ended_at: null,
          detail: '',
          seen: '[]',
          undo: step.undo === null ? null : JSON.stringify(step.undo),
        })
        .execute();
    },
    async setUndo(id, seq, undo) {
      await database
        .updateTable('steps')
        .set({ undo: JSON.stringify(undo) })
        .where('run_id', '=', id)
        .where('seq', '=', seq)
        .execute();
    },
    async endStep(id, seq, { state, detail, seen }) {
      await database
        .updateTable('steps')
        .set({ state, detail, seen: JSON.stringify(seen), ended_at: clock() })
        .where('run_id', '=', id)
        .where('seq', '=', seq)
        .execute();
    },
    async setUndone(id, names) {
      await database
        .updateTable('steps')
        .set({ state: 'undone' })
        .where('run_id', '=', id)
        .where('name', 'in', [...names])
        .execute();
    },
    async log(id, line) {
      await database
        .insertInto('log_lines')
        .values({ run_id: id, ...line })
        .execute();
    },
    async run(id) {
      const row = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? runOf(row) : null;
    },
    async plan(id) {
      const row = await database.selectFrom('runs').select('plan').where('id', '=', id).executeTakeFirst();
      return row ? readJson(Json, row.plan) : null;
    },
    async list({ siteId, kind, limit }) {
      let query = database
        .selectFrom('runs')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit);
      if (siteId !== undefined) query = query.where('site_id', '=', siteId);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      return (await query.execute()).map(runOf);
    },
    async steps(id) {
      const rows = await database
        .selectFrom('steps')
        .selectAll()
        .where('run_id', '=', id)
        .orderBy('seq')
        .execute();
      return rows.map((row) => ({
        ...Step.parse({
          seq: row.seq,
          name: row.name,
          title: row.title,
          state: row.state,
          startedAt: row.started_at,
          endedAt: row.ended_at,
          detail: row.detail,
          seen: readJson(Step.shape.seen, row.seen),
        }),
        undo: row.undo === null ? null : readJson(Json, row.undo),
      }));
    },
    async logLines(id, after) {
      const rows = await database
        .selectFrom('log_lines')
        .select(['seq', 'at', 'level', 'text'])
        .where('run_id', '=', id)
        .where('seq', '>', after)
        .orderBy('seq')
        .execute();
      return z.array(LogLine).parse(rows);
    },
    async unfinished() {
      const rows = await database
        .selectFrom('runs')
        .selectAll()
        .where('state', 'in', ['waiting', 'running', 'interrupted'])
        .orderBy('created_at')
        .execute();
      return Promise.all(rows.map((row) => orphanOf(runOf(row))));
    },
  };
  return journal;
}

const Expected = Run.shape.expected;

function runOf(row: Tables['runs']): Run {
  return Run.parse({
    id: row.id,
    kind: row.kind,
    siteId: row.site_id,
    siteName: row.site_name,
    title: row.title,
    state: row.state,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    progress: null,
    expected: readJson(Expected, row.expected),
    summary: row.summary,
    problem: row.problem === null ? null : readJson(ProblemShape, row.problem),
    worsened: readJson(Run.shape.worsened, row.worsened),
    cancellable: false,
  });
}
