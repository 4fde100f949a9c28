/** Durable pieces of work: the journal, the queue, recovery. */
export { LogLine, PageLook, PageSeen, Run, RunDetails, RunKind, RunState, Step, StepState } from './run.ts';
export { openJournal, type Journal, type JournaledStep, type Orphan, type RunSpec } from './journal.ts';
export { storyOf, storyText, type Chapter } from './story.ts';
export { createLanes, type Lanes, type Limits } from './lanes.ts';
export {
  createRuns,
  type Recoverer,
  type RunContext,
  type RunResult,
  type Runs,
  type StepHandle,
  type Work,
} from './engine.ts';
