import { createHash, randomBytes } from 'node:crypto';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { asProblem, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { UpdateScripts } from './remote.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { goOnline, keepOffline, leaveSite } from './undo.ts';

/** A site that a rollback or restore holds. */
export interface Held {
  readonly lock: SiteLock;
  readonly patient: Hands;
  /**
   * Puts up the maintenance page, which stays up until visitors are let in at the end.
   * @param digest SHA-256 of what lets our own looks pass; absent: nothing does
   */
  close(digest?: string): Promise<void>;
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

/**
 * Does a rollback's or restore's work while holding the site; afterwards visitors are let in and the site is
 * let go of, however the work ended. Where that cannot be done now, the run ends as `interrupted`.
 */
export async function holdingSite(
  services: { readonly scripts: UpdateScripts },
  { privateFolder, hands, context, php }: Holding,
  work: (held: Held) => Promise<RunResult>,
): Promise<RunResult> {
  const lock = siteLock(services.scripts, privateFolder, context.runId);
  const removed: RemotePath[] = [lock.runFolder];
  let offline = false;
  let renewing: NodeJS.Timeout | null = null;
  const held: Held = {
    lock,
    patient: hands.patient(),
    async close(digest = createHash('sha256').update(randomBytes(24)).digest('hex')) {
      offline = true;
      renewing ??= await keepOffline(hands, lock, digest, php, (words) => context.log('warning', words));
    },
    unsettled: false,
    remove: (folder) => void removed.push(folder),
  };
  await hands.on((connection) => lock.take(connection, context.signal));
  const ended = await work(held).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if (renewing !== null) clearInterval(renewing);
  if (held.unsettled) {
    if ('error' in ended) throw ended.error;
    return ended.result;
  }
  try {
    await context.step('settle', { title: 'Tidy up' }, async () => {
      if (offline) await goOnline(held.patient, lock, php);
      await leaveSite(held.patient, lock, removed);
    });
  } catch (error) {
    const problem = asProblem(error);
    context.log('error', `${problem.message} ${problem.answered}`);
    return {
      state: 'interrupted',
      summary: `${problem.message} The site could not be tidied up; “Recover” does that as soon as it can be reached.`,
      problem,
    };
  }
  if ('error' in ended) throw ended.error;
  return ended.result;
}
