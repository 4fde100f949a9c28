import type { RunResult } from '../runs/index.ts';
import type { Problem } from '../words/index.ts';
import type { JournaledPart } from './run-plan.ts';

/** A component that made the site worse, and why. */
export interface TakenBack {
  readonly part: JournaledPart;
  readonly reasons: readonly string[];
}

/**
 * How an update ended, in a sentence for the history.
 * @param stopped what ended it before its end; null: nothing did
 */
export function outcomeOf(
  parts: readonly JournaledPart[],
  takenBack: readonly TakenBack[],
  stopped: Problem | null,
): RunResult {
  const kept = parts
    .filter((part) => part.outcome === 'kept')
    .map((part) => `${part.name} ${part.from} → ${part.to}`);
  const done = kept.length === 0 ? '' : `Updated: ${kept.join(', ')}.`;
  if (takenBack.length > 0) {
    const back = takenBack.map(
      ({ part, reasons }) =>
        `${part.name} ${part.to} made the site worse and was taken back to ${part.from}: ${reasons.join(' ')}`,
    );
    // What stood on a new core that did not stay.
    const left = parts.filter((part) => part.outcome === 'waiting').map((part) => `${part.name} ${part.to}`);
    const rest =
      left.length === 0 || stopped !== null ? '' : `Not begun, because it needs that: ${left.join(', ')}.`;
    return {
      state: 'rolled-back',
      summary: [...back, rest, done].filter((words) => words !== '').join(' '),
      worsened: takenBack.map(({ part: { kind, slug, to } }) => ({ kind, slug, version: to })),
    };
  }
  if (stopped === null) return { state: 'done', summary: done };
  if (stopped.code === 'cancelled')
    return { state: 'cancelled', summary: `Cancelled; the site is as it was. ${done}`.trim() };
  if (parts.some((part) => part.outcome === 'undone'))
    return {
      state: 'rolled-back',
      summary: `${stopped.message} The site was brought back to what it was. ${done}`.trim(),
      problem: stopped,
    };
  return { state: 'failed', summary: `${stopped.message} ${done}`.trim(), problem: stopped };
}

/** The site could not be brought into order now: it is recovered as after a crash, as soon as it can be reached. */
export function unsettledOutcome(stopped: Problem): RunResult {
  return {
    state: 'interrupted',
    summary: `${stopped.message} The update could not be finished or undone; “Recover” does that as soon as the site can be reached.`,
    problem: stopped,
  };
}
