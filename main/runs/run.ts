import { z } from 'zod';
import { ProblemShape, Progress, RunId, SiteId } from '../words/index.ts';

export const RunKind = z.enum([
  'check',
  'backup',
  'update',
  'rollback',
  'restore',
  /** Puts files back that are not as their release has them. */
  'repair',
  'verify',
  'prune',
  /** Works on a copy of the store, or with one. */
  'copy',
  /** Moves the store to another folder. */
  'move',
]);
export type RunKind = z.infer<typeof RunKind>;

/**
 * `interrupted`: the app died while it ran; `recover` finishes or undoes it.
 * `rolled-back`: it ended with the site as it was before, because the site got worse or a step failed.
 */
export const RunState = z.enum([
  'waiting',
  'running',
  'done',
  'failed',
  'rolled-back',
  'cancelled',
  'interrupted',
]);
export type RunState = z.infer<typeof RunState>;

export const StepState = z.enum(['running', 'done', 'failed', 'undone', 'skipped']);
export type StepState = z.infer<typeof StepState>;

/** How one page answered. */
export const PageLook = z.object({
  /** null: nothing answered. */
  status: z.number().nullable(),
  title: z.string(),
  words: z.number(),
  millis: z.number(),
  /** A fatal message in the page, or why nothing answered. */
  fault: z.string().nullable(),
  /** What is wrong with the certificate. */
  certificate: z.string().nullable(),
});
export type PageLook = z.infer<typeof PageLook>;

/** A page of the site as a step saw it: before, after, and what was thought of that. */
export const PageSeen = z.object({
  /** Path and query. */
  page: z.string(),
  /** As visitors come, or from the server to itself. */
  way: z.enum(['network', 'loopback']),
  before: PageLook.nullable(),
  after: PageLook.nullable(),
  /** null: it was only looked at. */
  verdict: z.enum(['same', 'better', 'worse']).nullable(),
  /** Sentences without the page's name. */
  words: z.array(z.string()),
  /** Names of its pictures, where a browser was at hand. */
  picture: z
    .object({
      before: z.string(),
      after: z.string().nullable(),
      difference: z.string().nullable(),
      /** The share that differs, 0 to 1, without what differs anyway. */
      differs: z.number().nullable(),
    })
    .nullable(),
});
export type PageSeen = z.infer<typeof PageSeen>;

/** One journaled step. The undo data stays inside `runs`; the screen sees only this. */
export const Step = z.object({
  seq: z.number().int(),
  /** Stable name, e.g. `swap`. */
  name: z.string(),
  /** In words, e.g. `Swap the new version in`. */
  title: z.string(),
  state: StepState,
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  /** What was seen or done, a short text; empty while running. */
  detail: z.string(),
  /** The pages that it looked at. */
  seen: z.array(PageSeen),
});
export type Step = z.infer<typeof Step>;

/** A release that made a site worse and was taken back. */
export const Worsened = z.object({ kind: z.string(), slug: z.string(), version: z.string() });
export type Worsened = z.infer<typeof Worsened>;

export const Run = z.object({
  id: RunId,
  kind: RunKind,
  siteId: SiteId.nullable(),
  siteName: z.string().nullable(),
  /** In words, e.g. `Update Akismet to 5.3`. */
  title: z.string(),
  state: RunState,
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** Live only; null when nothing moves. */
  progress: Progress.nullable(),
  /** All step titles this run expects, so that a screen can show what is still to come. */
  expected: z.array(z.object({ name: z.string(), title: z.string() })),
  /** How it ended, one or two plain sentences; empty until then. */
  summary: z.string(),
  problem: ProblemShape.nullable(),
  worsened: z.array(Worsened),
  /** Whether it may still be cancelled. */
  cancellable: z.boolean(),
});
export type Run = z.infer<typeof Run>;

export const LogLine = z.object({
  seq: z.number().int(),
  at: z.number(),
  level: z.enum(['info', 'warning', 'error']),
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

export const RunDetails = Run.extend({ steps: z.array(Step), log: z.array(LogLine) });
export type RunDetails = z.infer<typeof RunDetails>;
