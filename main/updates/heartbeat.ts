import { setTimeout as wait } from 'node:timers/promises';
import { lines, run, sh, type Connection } from '../connections/index.ts';
import { joinRemote, wordsOf } from '../words/index.ts';
import { aliveFile } from './alive-file.ts';
import type { Hands } from './hands.ts';
import type { SiteLock } from './site-lock.ts';
import { watchFolder } from './watch-folder.ts';

/** How often in the time of a lease a run says that it lives. */
const TIMES = 4.5;
/** Signs of life in a row at which the watchdog itself gave none, until it counts as dead. */
const TOO_STILL = 3;
/** How often one that has died is started again. */
const RESTARTS = 2;

/** What a run says of itself while it holds a site. */
export interface Heartbeat {
  /** From now on a watchdog is told as well, and started again when it has died. */
  watch(shell: string): void;
  stop(): void;
}

export interface HeartbeatOptions {
  readonly lock: SiteLock;
  /** Seconds of silence after which a run counts as dead. */
  readonly lease: number;
  readonly trouble: (words: string) => void;
}

/**
 * Says, on the site, that a run lives: to other computers and to its watchdog. Goes over a connection of its own: a server may allow
 * one command at a time, and a dump takes longer than a lease.
 */
export function startHeartbeat(hands: Hands, { lock, lease, trouble }: HeartbeatOptions): Heartbeat {
  const watch = watchFolder(lock.runFolder);
  const [leaseFile, program] = [joinRemote(watch, 'lease'), joinRemote(watch, 'program')];
  const signs = [joinRemote(watch, 'beat'), joinRemote(watch, 'state')];
  const [alive, owner] = [aliveFile(lock.privateFolder), joinRemote(lock.privateFolder, 'lock', 'owner')];
  // A run that was cancelled still takes back what it did, and lives as long as that takes.
  const ended = new AbortController();
  const { signal } = ended;
  const own = hands.until(signal);
  const every = (lease * 1000) / TIMES;
  let shell: string | null = null;
  let count = 0;
  let seen = '';
  let still = 0;
  let restarts = 0;
  const told = new Set<string>();
  const say = (about: string, words: string) => {
    if (!told.has(about)) trouble(words);
    told.add(about);
  };

  const restart = async (connection: Connection, by: string) => {
    restarts += 1;
    still = 0;
    const started = await run(connection, lines(lock.fence, sh`${by} ${program} arm`), {
      attempted: 'Start the watchdog again',
      signal,
      timeLimit: 60_000,
    });
    if (started.stdout.includes('watching yes'))
      trouble('The watchdog on the server had died, and was started again.');
  };
  const tell = async (connection: Connection) => {
    count += 1;
    const watched = shell;
    const forWatchdog =
      watched === null
        ? sh``
        : sh`printf '%s\n' ${count} > ${leaseFile}.part && mv -f -- ${leaseFile}.part ${leaseFile} || exit 1
cat -- ${signs} 2>/dev/null; :`;
    const { code, stdout, stderr } = await run(
      connection,
      lines(
        sh`[ "$(cat -- ${owner} 2>/dev/null)" = ${lock.runId} ] || { echo 'the site is not held by this run any more' >&2; exit 1; }
printf '%s %s %s\n' ${count} "$(date +%s 2>/dev/null || echo -)" ${lease} > ${alive}.part && mv -f -- ${alive}.part ${alive} || exit 1`,
        forWatchdog,
      ),
      { attempted: 'Say that all is well', signal, timeLimit: every * 2 },
    );
    if (code !== 0) {
      say('refused', `The server could not be told that all is well: ${stderr.trim()}`);
      return;
    }
    if (watched === null) return;
    const now = stdout.toString('utf8');
    still = now === seen ? still + 1 : 0;
    seen = now;
    if (!now.includes('armed')) say('fired', 'The watchdog on the server has begun to bring the site back.');
    else if (still >= TOO_STILL && restarts < RESTARTS) await restart(connection, watched);
    else if (still >= TOO_STILL) say('dead', 'The watchdog on the server does not run any more.');
  };
  const beat = async (connection: Connection) => {
    while (!signal.aborted) {
      const began = performance.now();
      await tell(connection);
      await wait(Math.max(0, every - (performance.now() - began)), undefined, { signal });
    }
  };
  const live = async () => {
    // A server that lets nobody in twice is told over the run's own connection, whenever that is free.
    for (let apart = true; !signal.aborted; apart = !apart) {
      try {
        if (apart) await own.apart(beat);
        else await own.on(tell);
      } catch (error) {
        if (signal.aborted) return;
        if (!apart) say('silent', `The server could not be told that all is well: ${wordsOf(error)}`);
        await wait(every / 4, undefined, { signal }).catch(() => {});
      }
    }
  };
  void live();
  return {
    watch(by) {
      shell = by;
    },
    stop: () => ended.abort(),
  };
}
