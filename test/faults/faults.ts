/** What can go wrong around an update: how it strikes, and how the world becomes well again. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endProcess, type CommandLine } from '../rig/index.ts';
import type { HostKind } from './kinds.ts';
import type { Place } from './place.ts';

export const FAULTS = [
  'app killed',
  'app killed for good',
  'network cut',
  'network stalls',
  'session killed',
  'disk full there',
  'disk full here',
  'permission lost',
  'PHP dead',
  'database dead',
  'clock jumps',
  'laptop asleep',
  'host rebooted',
  'host reaps',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** What happens to a host with a shell alone: where nothing runs on it, nothing is reaped or started again. */
const WITH_A_SHELL: readonly FaultName[] = ['laptop asleep', 'host rebooted', 'host reaps'];

/** The faults that can strike on a kind of host. */
export function faultsOf(over: HostKind): readonly FaultName[] {
  return over === 'shell' ? FAULTS : FAULTS.filter((fault) => !WITH_A_SHELL.includes(fault));
}

/** A fault in one cell. */
export interface Scene {
  readonly place: Place;
  /** The update under way. */
  readonly app: CommandLine;
  /** Seconds of silence after which the watchdog fires. */
  readonly lease: number;
  /** A number from 0 to 1, the cell's own. */
  readonly chance: number;
}

export interface Fault {
  /** At the point; what stands at the gate waits until it has struck. */
  strike(scene: Scene): Promise<void> | void;
  /** What happens then, until the app has ended and the world is well again. */
  then(scene: Scene): Promise<void>;
  /** Whether the app does not come back until the site has been judged without it. */
  readonly forGood?: true;
  /** Why it cannot strike here; null: it can. */
  impossible?(place: Place): string | null;
}

const rooted = (): string | null =>
  process.getuid?.() === 0 ? null : 'it needs an account of its own, which only root can make';

/** Strikes, and is mended as soon as the app has ended. */
function untilTheAppEnds(
  strike: (place: Place) => void,
  mend: (place: Place) => void,
  impossible?: (place: Place) => string | null,
): Fault {
  return {
    strike: ({ place }) => strike(place),
    async then({ place, app }) {
      await app.ended;
      mend(place);
    },
    ...(impossible === undefined ? {} : { impossible }),
  };
}

const FAULT: Readonly<Record<FaultName, Fault>> = {
  'app killed': { strike: kill, then: async ({ app }) => void (await app.ended) },
  'app killed for good': {
    strike: kill,
    async then({ app, place, lease }) {
      await app.ended;
      if (place.over === 'sftp') {
        // Nothing there undoes by itself: another computer does, with what was left.
        await gone(place, [place.gate.folder]);
        await wait(lease * 1000 + 1500);
        await place.takeOver();
        return;
      }
      // The command that was under way comes to its end first: it may be what starts the watchdog.
      await gone(place, ['/watch/program', place.gate.folder]);
    },
    forGood: true,
  },
  'network cut': {
    strike({ place }) {
      place.ssh.cut();
      place.door.is('cut');
    },
    async then({ place, app, lease, chance }) {
      // Half of them blink; the others last until the watchdog has fired.
      if (chance > 0.5) await silence(place, lease);
      place.ssh.mend();
      place.door.is('open');
      await app.ended;
    },
  },
  'network stalls': {
    strike({ place }) {
      place.ssh.stall();
      place.door.is('stalled');
    },
    async then({ place, app, lease }) {
      await silence(place, lease);
      place.ssh.mend();
      place.door.is('open');
      await app.ended;
    },
  },
  'session killed': {
    strike: ({ place }) => void place.host.cutSessions(),
    then: async ({ app }) => void (await app.ended),
  },
  'disk full there': untilTheAppEnds(
    ({ disk }) => disk.fill(),
    ({ disk }) => disk.empty(),
    ({ disk }) => (disk.ownDisk ? null : 'it needs a disk of its own, which may not be mounted here'),
  ),
  'disk full here': untilTheAppEnds(
    ({ diskHere }) => diskHere?.will({ does: 'refuse', with: 'ENOSPC', what: ['space'] }),
    ({ diskHere }) => diskHere?.will({ does: 'nothing' }),
    ({ diskHere }) => (diskHere === null ? 'no disk can fail on this system' : null),
  ),
  'permission lost': untilTheAppEnds(
    (place) => permit(place, false),
    (place) => permit(place, true),
    rooted,
  ),
  'PHP dead': untilTheAppEnds(
    ({ gate, door }) => {
      gate.killPhp(true);
      door.is('dead');
    },
    ({ gate, door }) => {
      gate.killPhp(false);
      door.is('open');
    },
  ),
  'database dead': untilTheAppEnds(
    ({ database }) => database.cut(),
    ({ database }) => database.mend(),
  ),
  'clock jumps': {
    strike({ place, chance }) {
      const clock = chance < 0.5 ? place.clocks.there : place.clocks.here;
      clock.leap(chance * 4 - Math.floor(chance * 4) < 0.5 ? 7200 : -7200);
    },
    then: async ({ app }) => void (await app.ended),
  },
  'laptop asleep': {
    strike: ({ app }) => void app.process.kill('SIGSTOP'),
    async then({ place, app, lease }) {
      await silence(place, lease);
      app.process.kill('SIGCONT');
      await app.ended;
    },
  },
  'host rebooted': {
    async strike({ place }) {
      await place.host.down();
      await reboot(place);
    },
    then: async ({ app }) => void (await app.ended),
    impossible: rooted,
  },
  'host reaps': {
    strike({ place, app }) {
      app.process.kill('SIGKILL');
      for (const { pid } of place.processes()) endProcess(pid);
    },
    then: async ({ app }) => void (await app.ended),
    impossible: rooted,
  },
};

export function faultOf(name: FaultName): Fault {
  return FAULT[name];
}

function kill({ app }: Scene): void {
  app.process.kill('SIGKILL');
}

/** Waits until no process of the account has any of these words in its command line. */
async function gone(place: Place, words: readonly string[]): Promise<void> {
  const there = () => place.processes().some(({ command }) => words.some((word) => command.includes(word)));
  for (const until = Date.now() + 180_000; there(); await wait(100))
    if (Date.now() > until) throw new Error('the host is still at work after three minutes');
}

/** Waits for as long as makes a watchdog fire, and until it has done its work. */
async function silence(place: Place, lease: number): Promise<void> {
  await wait(lease * 1000 + 1500);
  await gone(place, ['/watch/program']);
}

/** Takes from the account the right to change what is below the root, or gives it back. */
function permit({ site, host }: Place, permitted: boolean): void {
  const { uid, gid } = permitted ? host.account : { uid: 0, gid: 0 };
  const folders = ['', 'wp-content', 'wp-content/plugins', 'wp-content/themes'];
  for (const folder of folders) {
    const at = path.join(site.root, folder);
    fs.chownSync(at, uid, gid);
  }
}

/** All processes of the account end, and with them what lay in /tmp; then the host starts again, cron's `@reboot` lines too. */
async function reboot(place: Place): Promise<void> {
  const { host, gate, site } = place;
  for (const { pid } of place.processes()) endProcess(pid);
  for (const name of fs.readdirSync('/tmp')) {
    const file = path.join('/tmp', name);
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    if (found?.uid === host.account.uid) fs.rmSync(file, { recursive: true, force: true });
  }
  await site.restart();
  await host.up();
  const lines = gate.crontab()?.split('\n') ?? [];
  for (const line of lines) {
    const [, command] = /^@reboot (.*)$/.exec(line) ?? [];
    if (command === undefined) continue;
    spawn('/bin/sh', ['-c', command], {
      ...{ uid: host.account.uid, gid: host.account.gid, detached: true, stdio: 'ignore', cwd: '/' },
      env: { HOME: host.account.home, PATH: '/usr/bin:/bin', LOGNAME: host.account.name },
    }).unref();
  }
}
