import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paced } from '../../renderer/state/paced.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('acts at once, and once more for whatever was asked meanwhile', () => {
  const work = vi.fn();
  const ask = paced(work, 400);
  ask();
  expect(work).toHaveBeenCalledTimes(1);
  for (let times = 0; times < 1000; times += 1) ask();
  expect(work).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(400);
  expect(work).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(4000);
  expect(work).toHaveBeenCalledTimes(2);
  ask();
  expect(work).toHaveBeenCalledTimes(3);
});
