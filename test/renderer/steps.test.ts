import { describe, expect, it } from 'vitest';
import { shownSteps } from '../../renderer/screens/runs/steps.ts';

const step = (seq: number, name: string, state: 'done' | 'running' | 'failed') => ({
  seq,
  name,
  title: name,
  state,
  startedAt: 0,
  endedAt: state === 'running' ? null : 1,
  detail: '',
  seen: [],
});
const expected = ['preflight', 'backup', 'swap', 'judge'].map((name) => ({ name, title: name }));

describe('the steps of a run', () => {
  it('show what was done and, after it, what is still to come', () => {
    const steps = shownSteps({
      steps: [step(0, 'preflight', 'done'), step(1, 'backup', 'running')],
      expected,
      endedAt: null,
      state: 'running',
    });
    expect(steps.map(({ title, state }) => `${title} ${state}`)).toEqual([
      'preflight done',
      'backup running',
      'swap to-come',
      'judge to-come',
    ]);
  });

  it('promise nothing more once the run has ended', () => {
    const steps = shownSteps({
      steps: [step(0, 'preflight', 'failed')],
      expected,
      endedAt: 5,
      state: 'failed',
    });
    expect(steps).toHaveLength(1);
  });

  it('show where a run was cut off, and promise nothing', () => {
    const steps = shownSteps({
      steps: [step(0, 'preflight', 'done'), step(1, 'swap', 'running')],
      expected,
      endedAt: null,
      state: 'interrupted',
    });
    expect(steps.map(({ title, state }) => `${title} ${state}`)).toEqual(['preflight done', 'swap failed']);
  });

  it('keep a step that was not expected, and each of those that come more than once', () => {
    const twice = [...expected, { name: 'swap', title: 'swap' }];
    const steps = shownSteps({
      steps: [step(0, 'lock', 'done'), step(1, 'swap', 'running')],
      expected: twice,
      endedAt: null,
      state: 'running',
    });
    expect(steps.map(({ title, state }) => `${title} ${state}`)).toEqual([
      'lock done',
      'swap running',
      'preflight to-come',
      'backup to-come',
      'judge to-come',
      'swap to-come',
    ]);
    expect(new Set(steps.map(({ key }) => key)).size).toBe(steps.length);
  });
});
