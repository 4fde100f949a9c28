import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { joinRemote, Problem } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { UpdateScripts } from './remote.ts';
import type { JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { watchFolder } from './watch-folder.ts';
import {
  setUndoScript,
  undoSet,
  watchdogProgram,
  watchdogTerms,
  writeText,
  type UndoOf,
} from './watchdog-script.ts';

/** Seconds of silence after which a watchdog fires. */
const LEASE = 45;

/** The lease that the environment sets (`GROUNDSKEEPER_LEASE`, seconds), or the usual one. */
export function leaseOf(environment: NodeJS.ProcessEnv): number {
  return z.coerce.number().int().min(2).max(3600).catch(LEASE).parse(environment['GROUNDSKEEPER_LEASE']);
}

/** How a watchdog was started, as it said itself. */
const Armed = z.object({
  /** What lets it survive the end of the connection. */
  detached: z.enum(['setsid', 'nohup', 'shell']),
  /** What starts it again after a reboot of the server. */
  reboot: z.enum(['cron', 'none']),
  watching: z.literal('yes'),
});
export type Armed = z.infer<typeof Armed>;

/** Whether it lives on when the connection that started it has ended. */
const Outliving = z.object({ outlives: z.literal('yes') });

/** What brings a site back when its run falls silent: a script that lies there and, where anything lives on there, runs by itself. */
export interface Watchdog {
  /** null: nothing lives on there, so somebody has to run it: this computer or another one. */
  readonly armed: Armed | null;
  /**
   * Says, before a swap, what brings the site back from then on.
   * @param by the hands that say it; those of the run unless it was cancelled
   */
  setUndo(undo: UndoOf, by?: Hands): Promise<void>;
}

export interface WatchdogOptions {
  readonly scripts: UpdateScripts;
  readonly lock: SiteLock;
  /** SHA-256 of what lets the run's own looks past the maintenance page. */
  readonly digest: string;
  /** When the run took the site, in milliseconds. */
  readonly begunAt: number;
  /** Has PHP forget the code that it compiled; null: it looks again by itself. */
  readonly forget: Script | null;
  /** All that it is going to change. */
  readonly parts: readonly JournaledPart[];
  /** Seconds of silence after which it fires. */
  readonly lease: number;
  readonly heartbeat: Heartbeat;
}

/** A watchdog that was started; the heartbeat does not tell it anything yet. */
export interface Started extends Pick<Watchdog, 'setUndo'> {
  /** Shows about a second later. Rejects with Problem `no-watchdog` where it ended with the connection that started it. */
  readonly livesOn: Promise<Armed>;
  /** Has the heartbeat tell it that the run lives, and start it again should it die. */
  watch(): void;
}

/**
 * Leaves a watchdog on the site.
 * @param over from when on nobody asks any more whether it lives on
 * @throws Problem `no-watchdog` when it does not start there
 */
export async function startWatchdog(
  hands: Hands,
  options: WatchdogOptions,
  over: AbortSignal = hands.signal,
): Promise<Started> {
  const { shell } = watchdogTerms(options.lease);
  const program = joinRemote(watchFolder(options.lock.runFolder), 'program');
  // Over a connection of its own, which ends: there are hosts that end with it what it left behind.
  const said = await lay(hands, options, (work) => hands.apart(work), sh`${shell} ${program} arm`);
  const { data: armed } = Armed.safeParse(wordsIn(said));
  if (armed === undefined)
    throw noWatchdog('A script that watches over the update on the server does not stay alive there.', said);
  const look = async () => {
    const given = hands.until(AbortSignal.any([hands.signal, over]));
    const looked = await given.on((connection) =>
      runOk(connection, sh`${shell} ${program} alive`, {
        attempted: 'Look whether the watchdog lives on',
        signal: given.signal,
        timeLimit: 60_000,
      }),
    );
    if (Outliving.safeParse(wordsIn(looked)).success) return armed;
    throw noWatchdog(
      'The server ends what a connection leaves behind, so nothing there can watch over the update.',
      Buffer.concat([said, looked]),
    );
  };
  const livesOn = look();
  // Whoever waits for it is told; until then nobody does.
  livesOn.catch(() => {});
  return { livesOn, watch: () => options.heartbeat.watch(shell), setUndo: undoSetter(hands, options) };
}

/**
 * Leaves a watchdog on the site, waits until it is known to live on, and has the heartbeat tell it from then on that the run lives.
 * @throws Problem `no-watchdog` when it does not run there
 */
export async function armWatchdog(hands: Hands, options: WatchdogOptions): Promise<Watchdog> {
  const started = await startWatchdog(hands, options);
  const armed = await started.livesOn;
  started.watch();
  return { armed, setUndo: undoSetter(hands, options) };
}

/** Leaves on the site what a watchdog would do, where none lives on: a computer that comes, this one or another, can do it. */
export async function layUndo(hands: Hands, options: WatchdogOptions): Promise<Watchdog> {
  await lay(hands, options, (work) => hands.on(work), sh``);
  return { armed: null, setUndo: undoSetter(hands, options) };
}

function lay(hands: Hands, options: WatchdogOptions, over: Hands['on'], after: Script): Promise<Buffer> {
  const watch = watchFolder(options.lock.runFolder);
  const program = watchdogProgram(options.scripts, options.lock, watchdogTerms(options.lease));
  return set(options, { part: null, index: 0, parts: options.parts }, hands, {
    over,
    before: lines(
      sh`umask 077; mkdir -p -- ${watch} && chmod 700 -- ${watch} || exit 1`,
      writeText(joinRemote(watch, 'lease'), 'armed'),
      writeText(joinRemote(watch, 'program'), program.text),
    ),
    after,
  });
}

function undoSetter(hands: Hands, options: WatchdogOptions): Watchdog['setUndo'] {
  return async (undo, by = hands) => {
    await set(options, undo, by, { over: (work) => by.on(work), before: sh``, after: sh`` });
  };
}

async function set(
  options: WatchdogOptions,
  undo: UndoOf,
  by: Hands,
  { over, before, after }: { over: Hands['on']; before: Script; after: Script },
): Promise<Buffer> {
  const name = randomBytes(8).toString('hex');
  const script = setUndoScript(watchFolder(options.lock.runFolder), name, await undoSet(by, options, undo));
  return over((connection) =>
    runOk(connection, lines(options.lock.fence, before, script, after), {
      attempted: 'Tell the watchdog on the server how to bring the site back',
      signal: by.signal,
      timeLimit: 60_000,
    }),
  );
}

/** Ends the watchdog of a run that still holds the site, if it has one, and takes the turn from it. */
export async function disarmWatchdog(hands: Hands, lock: SiteLock): Promise<void> {
  const watch = watchFolder(lock.runFolder);
  const program = joinRemote(watch, 'program');
  // In one command: between two this computer may go, and the line for the reboot would stay without anybody who takes it away.
  const forget = sh`[ ! -f ${program} ] || /bin/sh ${program} forget; rm -rf -- ${watch}/set.*`;
  await hands.on((connection) => lock.takeTurnFromWatchdog(connection, hands.signal, forget));
}

/** Reads `key value` lines. */
function wordsIn(output: Buffer): Record<string, string> {
  return Object.fromEntries(
    output
      .toString('utf8')
      .split('\n')
      .map((line) => {
        const [key = '', value = ''] = line.split(' ');
        return [key, value];
      }),
  );
}

function noWatchdog(message: string, said: Buffer): Problem {
  return new Problem({
    code: 'no-watchdog',
    message,
    attempted: 'Leave a watchdog on the server',
    answered: said.toString('utf8').trim(),
    todo: 'Stay connected until the update has ended: if this computer goes silent, nobody else brings the site back.',
  });
}
