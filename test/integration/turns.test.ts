import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lines, run, runOk, sh, type Connection } from '../../main/connections/index.ts';
import { siteLock } from '../../main/updates/site-lock.ts';
import { newRunId } from '../../main/words/index.ts';
import { never } from '../main/samples.ts';
import { anSshHost, type SshHost } from '../rig/index.ts';
import { aPool, at, turn, wayTo } from './reach.ts';

let host: SshHost;
let home: string;
const attempt = { attempted: 'A test', signal: never, timeLimit: 60_000 };

beforeAll(async () => {
  host = await anSshHost();
});
afterAll(() => host.stop());
beforeEach(() => {
  home = fs.mkdtempSync(path.join(host.folder, 'turns-'));
  fs.chownSync(home, host.account.uid, host.account.gid);
});

/** Does work with two connections to the host and a lock that is taken. */
async function locked(
  work: (lock: ReturnType<typeof siteLock>, one: Connection, other: Connection) => Promise<void>,
): Promise<void> {
  using pool = aPool([host]);
  using second = aPool([host]);
  const lock = siteLock({ turn }, at(path.join(home, 'private')), newRunId());
  await pool.use(wayTo(host), async (one) => {
    await lock.take(one, never);
    await second.use(wayTo(host), (other) => work(lock, one, other));
  });
}
const alive = (pid: number) => {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('taking the turn', () => {
  it('ends a command that was cancelled here and went on there, with everything it had started', async () => {
    await locked(async (lock, one, other) => {
      const late = path.join(home, 'late');
      const child = path.join(home, 'child');
      const cancelled = new AbortController();
      // Deaf to what a broken connection would send it, as a program in the middle of a disk write is.
      const running = run(
        one,
        lines(
          lock.fence,
          sh`trap '' HUP TERM PIPE
(trap '' HUP TERM PIPE; sleep 60; echo late > ${late}) & echo "$!" > ${child}; wait; echo late > ${late}`,
        ),
        { ...attempt, signal: cancelled.signal },
      ).catch((error: unknown) => error);
      await expect.poll(() => fs.existsSync(child)).toBe(true);
      cancelled.abort();
      await lock.takeTurn(other, never);

      expect(alive(Number(fs.readFileSync(child, 'utf8')))).toBe(false);
      expect(fs.readdirSync(path.join(home, 'private', 'lock')).sort()).toEqual(['alive', 'owner', 'turn']);
      expect(fs.existsSync(late)).toBe(false);
      await running;
    });
  });

  it('refuses a command of the turn before, and lets those of the new one through', async () => {
    await locked(async (lock, one, other) => {
      const before = lock.fence;
      expect(await run(one, lines(before, sh`echo yes`), attempt)).toMatchObject({ code: 0 });
      await lock.takeTurn(other, never);

      const refused = await run(one, lines(before, sh`echo yes`), attempt);
      expect(refused).toMatchObject({
        code: 75,
        stderr: expect.stringContaining('does not own the site') as string,
      });
      expect(refused.stdout.toString()).toBe('');
      expect(await run(one, lines(lock.fence, sh`echo yes`), attempt)).toMatchObject({ code: 0 });
    });
  });

  it('leaves processes alone that only happen to have the number of a hand that is gone', async () => {
    await locked(async (lock, one, other) => {
      const bystander = await one.start(sh`echo $$; exec sleep 30`);
      const pid = await new Promise<number>((resolve) =>
        bystander.stdout.once('data', (data: Buffer) => resolve(Number(data.toString()))),
      );
      const hand = path.join(home, 'private', 'lock', `hand.${pid}`);
      await runOk(one, sh`echo ${`${pid} 12345`} > ${hand}`, attempt);
      await lock.takeTurn(other, never);

      expect(alive(pid)).toBe(true);
      expect(fs.existsSync(hand)).toBe(false);
      bystander.kill();
    });
  });

  it('is refused to a run that does not own the site', async () => {
    await locked(async (lock, one) => {
      const stranger = siteLock({ turn }, lock.privateFolder, newRunId());
      await expect(stranger.takeTurn(one, never)).rejects.toMatchObject({
        answered: expect.stringContaining('does not own the site') as string,
      });
      await expect(stranger.take(one, never)).rejects.toMatchObject({ code: 'site-locked' });
      expect(await stranger.isOurs(one, never)).toBe(false);
      await stranger.release(one, never);
      expect(await lock.isOurs(one, never)).toBe(true);
    });
  });

  it('a hundred commands raced against a new turn: none acts after it', async () => {
    await locked(async (lock, one, other) => {
      const log = path.join(home, 'log');
      const before = lock.fence;
      const racers = Array.from({ length: 100 }, () =>
        run(one, lines(before, sh`echo old >> ${log}`), attempt).catch(() => null),
      );
      await wait(150);
      await lock.takeTurn(other, never);
      await runOk(other, lines(lock.fence, sh`echo turn >> ${log}`), attempt);
      await Promise.all(racers);

      const said = fs.readFileSync(log, 'utf8').trim().split('\n');
      expect(said.at(-1)).toBe('turn');
    });
  });
});
