import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { drained } from '../../../main/connections/index.ts';

it('waiting for a command to take more leaves nothing behind, however often; one that ended is not waited for', async () => {
  const slow = new Writable({ highWaterMark: 1, write: (_bytes, _encoding, done) => setImmediate(done) });
  for (let time = 0; time < 50; time += 1) {
    expect(slow.write('some')).toBe(false);
    await drained(slow);
  }
  for (const event of ['drain', 'close', 'error']) expect(slow.listenerCount(event)).toBe(0);

  const stuck = new Writable({ highWaterMark: 1, write: () => {} });
  stuck.write('some');
  const waiting = drained(stuck);
  stuck.destroy(new Error('broken pipe'));
  await waiting;
  await drained(stuck);
});
