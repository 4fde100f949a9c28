import { z } from 'zod';
import type { RunContext } from '../runs/index.ts';
import { asProblem, RemotePath, wordsOf, type Clock } from '../words/index.ts';
import { dumpOnServer } from './dump-on-server.ts';
import type { Hands } from './hands.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { SwapItem, UpdateScripts } from './remote.ts';
import { JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { disarmWatchdog, layUndo, startWatchdog, type Started } from './watchdog.ts';

/** The journal's plan of a rollback or restore that can itself be taken back. */
export const GuardJournal = z.object({
  guarded: z.literal(true),
  privateFolder: RemotePath,
  php: z.string(),
  part: JournaledPart,
});
export type GuardJournal = z.infer<typeof GuardJournal>;

/** What a rollback or restore is about to change. */
export interface Guarded {
  /** In words, e.g. `Akismet 5.3 → 5.2`. */
  readonly name: string;
  /** What brings its files back as they are now; those that are put in place one by one say so themselves as they come. */
  readonly items: readonly SwapItem[];
  readonly database: boolean;
}

interface GuardOptions {
  readonly services: { readonly scripts: UpdateScripts; readonly lease: number; readonly clock: Clock };
  readonly lock: SiteLock;
  readonly heartbeat: Heartbeat;
  readonly context: RunContext;
  readonly php: string;
  readonly digest: string;
  /** From when on the watchdog is not needed any more. */
  readonly over: AbortSignal;
  /** When visitors were shown the maintenance page; null: they were not. */
  readonly offlineAt: number | null;
}

type ArmOptions = Omit<GuardOptions, 'context' | 'php' | 'offlineAt'>;

/** Begins to leave a watchdog there, beside other work, and to tell it that the run lives; it has nothing to undo yet. */
export function armAhead(hands: Hands, options: ArmOptions): Promise<Started> {
  const arming = async () => {
    const started = await startWatchdog(hands, optionsOf(options, []), options.over);
    // At once: the work beside it may take longer than it waits.
    started.watch();
    return started;
  };
  const coming = arming();
  // Whoever waits for it is told that it did not come; until then nobody does.
  coming.catch(() => {});
  return coming;
}

function optionsOf({ services, lock, heartbeat, digest }: ArmOptions, parts: readonly JournaledPart[]) {
  const { scripts, lease, clock } = services;
  return { scripts, lock, digest, lease, heartbeat, begunAt: clock(), forget: null, parts };
}

/** Has the site brought back as it is now, should the run fall silent from here on. */
export interface Guard {
  /** What this computer does where the run fails. */
  readonly part: JournaledPart;
  /** What was done stays, or was taken back already: from here on the watchdog lets it be. */
  end(outcome: 'kept' | 'undone'): Promise<void>;
}

/**
 * Gives a watchdog a way back, and journals that. That it does not live on changes nothing here, so that is not waited for, but told.
 * null: the database cannot be dumped, so there is no whole way back.
 */
export async function startGuard(
  hands: Hands,
  { context, php, offlineAt, ...options }: GuardOptions,
  { name, items, database }: Guarded,
  coming: Promise<Started>,
): Promise<Guard | null> {
  const part: JournaledPart = {
    ...{ kind: 'core', slug: 'site', name, from: 'as it was', to: 'rolled back', migrates: 'no' },
    items: [...items],
    dump: null,
    offlineAt,
    outcome: 'waiting',
  };
  const { lock } = options;
  return context.step('watchdog', { title: 'Leave a watchdog on the server' }, async (step) => {
    try {
      if (database) part.dump = await dumpOnServer(hands, lock, 0);
    } catch (error) {
      context.signal.throwIfAborted();
      // One that has nothing to undo would let visitors in to what is half done.
      await coming.catch(() => {});
      await disarmWatchdog(hands.patient(), lock);
      step.end('failed');
      step.detail(`The database cannot be dumped as it is, so nothing brings it back: ${wordsOf(error)}`);
      return null;
    }
    const begun = (started: Started) => {
      started.livesOn.catch((error: unknown) => {
        if (context.signal.aborted || options.over.aborted) return;
        const { message, answered } = asProblem(error);
        context.log('warning', `${message} ${answered}`.trim());
      });
      return started;
    };
    const watchdog = await coming.then(begun, async (error: unknown) => {
      context.signal.throwIfAborted();
      if (asProblem(error).code === 'connection-lost') throw error;
      await disarmWatchdog(hands.patient(), lock);
      step.end('failed');
      step.detail('No watchdog: only a computer can bring the site back. How lies on the server.');
      return layUndo(hands, optionsOf(options, [part]));
    });
    const journal = (now: JournaledPart) =>
      context.setPlan(
        z
          .json()
          .parse({ guarded: true, privateFolder: lock.privateFolder, php, part: now } satisfies GuardJournal),
      );
    await journal(part);
    await watchdog.setUndo({ part, index: 0, parts: [part] });
    return {
      part,
      async end(outcome) {
        await journal({ ...part, outcome });
        await watchdog.setUndo({ part: null, index: 0, parts: [part] }, hands.patient());
      },
    };
  });
}
