import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { feed, TakesNoMore } from '../../../main/connections/index.ts';

it('waiting for a command to take more leaves nothing behind, however often', async () => {
  const slow = new Writable({ highWaterMark: 1, write: (_bytes, _encoding, done) => setImmediate(done) });
  for (let time = 0; time < 50; time += 1) await feed(slow, 'some');
  for (const event of ['drain', 'close', 'error']) expect(slow.listenerCount(event)).toBe(0);
});

it('a command that ended is not waited for: while it is, and from then on', async () => {
  const stuck = new Writable({ highWaterMark: 1, write: () => {} });
  const waiting = feed(stuck, 'some');
  stuck.destroy(new Error('broken pipe'));
  await expect(waiting).rejects.toThrow(TakesNoMore);
  await expect(feed(stuck, 'more')).rejects.toThrow(TakesNoMore);
});

it('nor is one whose stream was only ended, as ssh2 does with the channel of a command that is gone', async () => {
  const channel = new Writable({ write: (_bytes, _encoding, done) => done(), emitClose: false });
  channel.destroy = () => channel;
  channel.end();
  await expect(feed(channel, 'some')).rejects.toThrow(TakesNoMore);
});
