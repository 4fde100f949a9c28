import type { PageSeen, RunDetails, StepState } from '../../../main/api/index.ts';

export type ShownStep = {
  readonly key: string;
  readonly title: string;
  readonly state: StepState | 'to-come';
  readonly detail: string;
  readonly seen: readonly PageSeen[];
  readonly startedAt: number | null;
  readonly endedAt: number | null;
};

/** The steps that were taken, in their order, and after them those that are still expected. */
export function shownSteps(run: Pick<RunDetails, 'steps' | 'expected' | 'endedAt' | 'state'>): ShownStep[] {
  const taken = run.steps.map((step) => ({ ...step, key: `${step.seq}` }));
  if (run.state === 'interrupted') {
    return taken.map((step) => (step.state === 'running' ? { ...step, state: 'failed' } : step));
  }
  if (run.endedAt !== null) return taken;
  const names = new Map<string, number>();
  for (const { name } of run.steps) names.set(name, (names.get(name) ?? 0) + 1);
  const ahead = run.expected.filter(({ name }) => {
    const seen = names.get(name) ?? 0;
    if (seen > 0) names.set(name, seen - 1);
    return seen === 0;
  });
  return [
    ...taken,
    ...ahead.map(({ name, title }, at) => ({
      key: `ahead-${at}-${name}`,
      title,
      state: 'to-come' as const,
      detail: '',
      seen: [],
      startedAt: null,
      endedAt: null,
    })),
  ];
}
