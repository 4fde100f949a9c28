import { describe, expect, it } from 'vitest';
import { createSchedule, type Duty } from '../../../main/schedule/index.ts';
import { aClock } from '../samples.ts';

const failures: string[] = [];
const scheduleOf = (...duties: readonly Duty[]) =>
  createSchedule({ clock: aClock(), duties, onFailure: (_error, duty) => failures.push(duty) });

describe('the schedule', () => {
  it('begins no duty anew while it is at work, and lets the others go on', async () => {
    const gate = Promise.withResolvers<undefined>();
    const seen: string[] = [];
    const slow: Duty = { name: 'slow', look: async () => void (seen.push('slow'), await gate.promise) };
    const quick: Duty = { name: 'quick', look: async () => void seen.push('quick') };
    const schedule = scheduleOf(slow, quick);
    const first = schedule.look();
    await new Promise((resolve) => setImmediate(resolve));
    await schedule.look();
    expect(seen).toEqual(['slow', 'quick', 'quick']);
    gate.resolve(undefined);
    await first;
    await schedule.look();
    expect(seen).toEqual(['slow', 'quick', 'quick', 'slow', 'quick']);
    schedule.close();
  });

  it('says what failed, and looks at it again', async () => {
    let looks = 0;
    const schedule = scheduleOf({
      name: 'fails',
      look: async () => {
        looks += 1;
        throw new Error('no');
      },
    });
    await schedule.look();
    await schedule.look();
    expect([looks, failures]).toEqual([2, ['fails', 'fails']]);
    schedule.close();
  });

  it('begins nothing once it is closed, and tells who is at work', async () => {
    const began = Promise.withResolvers<AbortSignal>();
    const gate = Promise.withResolvers<undefined>();
    let looks = 0;
    const schedule = scheduleOf({
      name: 'one',
      look: async (_now, signal) => {
        looks += 1;
        began.resolve(signal);
        await gate.promise;
      },
    });
    const looking = schedule.look();
    const signal = await began.promise;
    expect(signal.aborted).toBe(false);
    schedule.close();
    expect(signal.aborted).toBe(true);
    gate.resolve(undefined);
    await looking;
    await schedule.look();
    expect(looks).toBe(1);
  });
});
