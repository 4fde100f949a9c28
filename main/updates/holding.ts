import { createHash, randomBytes } from 'node:crypto';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { Clock, RemotePath } from '../words/index.ts';
import { armAhead, startGuard, type Guard, type Guarded } from './guard.ts';
import type { Hands } from './hands.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { UpdateScripts } from './remote.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { takeSite } from './take-site.ts';
import { goOnline, keepOffline, leaveSite, undoPart } from './undo.ts';
import { holdUpdaters } from './updater-locks.ts';
import { disarmWatchdog, type Started } from './watchdog.ts';
import { whileHeld, type Hold } from './while-held.ts';

/** A site that a rollback or restore holds. */
export interface Held {
  readonly lock: SiteLock;
  /** Ends with the run's cancel. */
  readonly hands: Hands;
  readonly patient: Hands;
  /**
   * Puts up the maintenance page, which stays up until visitors are let in at the end.
   * @param digest SHA-256 of what lets our own looks pass; absent: nothing does
   */
  close(digest?: string): Promise<void>;
  /** Begins, beside what comes before it, what takes its time of `guard`. */
  expectGuard(): void;
  /**
   * From here on the site is brought back as it is now when the run falls silent or fails, until `keep`. Where that cannot be (the
   * database cannot be dumped), it is said in the step.
   */
  guard(guarded: Guarded): Promise<void>;
  /** What was done stays. */
  keep(): Promise<void>;
  /** Brings the site back as it was when `guard` was called. */
  takeBack(): Promise<void>;
  /** Set where the site could not be brought into order: it is kept closed and held, and recovered as after a crash. */
  unsettled: boolean;
  /** Has a folder removed from the site at the end. */
  remove(folder: RemotePath): void;
}

interface Holding {
  readonly site: Site;
  readonly privateFolder: RemotePath;
  readonly hands: Hands;
  readonly context: RunContext;
  readonly php: string;
}

/** Does a rollback's or restore's work while holding the site over a shell; how it ends is said at `whileHeld`. */
export async function holdingSite(
  services: { readonly scripts: UpdateScripts; readonly lease: number; readonly clock: Clock },
  { privateFolder, hands, context, php }: Holding,
  work: (held: Held) => Promise<RunResult>,
): Promise<RunResult> {
  const lock = siteLock(services.scripts, privateFolder, context.runId);
  const removed: RemotePath[] = [lock.runFolder];
  let offline = false;
  let renewing: NodeJS.Timeout | null = null;
  const guarding: { guard: Guard | null; coming: Promise<Started> | null } = { guard: null, coming: null };
  const anyDigest = createHash('sha256').update(randomBytes(24)).digest('hex');
  const trouble = (words: string) => context.log('warning', words);
  let heartbeat: Heartbeat | null = null;
  const over = new AbortController();
  const arming = () => {
    if (heartbeat === null) throw new TypeError('the site is not held');
    return { services, lock, heartbeat, digest: anyDigest, over: over.signal };
  };
  const held: Held = {
    lock,
    hands,
    patient: hands.patient(),
    async close(digest = anyDigest) {
      offline = true;
      renewing ??= await keepOffline(hands, lock, digest, php, trouble);
    },
    expectGuard() {
      guarding.coming = armAhead(hands, arming());
    },
    async guard(guarded) {
      const options = { ...arming(), context, php, offlineAt: offline ? services.clock() : null };
      guarding.coming ??= armAhead(hands, options);
      guarding.guard = await startGuard(hands, options, guarded, guarding.coming);
    },
    async keep() {
      await guarding.guard?.end('kept');
      guarding.guard = null;
    },
    async takeBack() {
      const { guard } = guarding;
      if (guard === null) return;
      await context.step('take back', { title: 'Bring the site back as it was' }, async () => {
        await undoPart(held.patient, services.scripts, guard.part, lock, true);
        await context.undone(['undo', 'restore']);
        await guard.end('undone');
      });
      guarding.guard = null;
    },
    unsettled: false,
    remove: (folder) => void removed.push(folder),
  };
  let released = () => {};
  const hold: Hold = {
    async take() {
      await takeSite(hands, lock);
      heartbeat = startHeartbeat(hands, { lock, lease: services.lease, trouble });
    },
    async begin() {
      released = await holdUpdaters(hands, lock, trouble);
    },
    keep: () => held.keep(),
    takeBack: () => held.takeBack(),
    get unsettled() {
      return held.unsettled;
    },
    workEnded() {
      released();
      if (renewing !== null) clearInterval(renewing);
    },
    async withdraw() {},
    end: () => heartbeat?.stop(),
    async settle() {
      // Looking whether it lives on ends before it is ended; by now that tells nobody anything.
      over.abort();
      await guarding.coming?.then(({ livesOn }) => livesOn).catch(() => {});
      await disarmWatchdog(held.patient, lock);
      if (offline) await goOnline(held.patient, lock, php);
      await leaveSite(held.patient, lock, removed);
    },
  };
  return whileHeld(hold, context, () => work(held));
}
