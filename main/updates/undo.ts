import { restoreFromFile } from '../backups/index.ts';
import { lines, run, runOk, sh, type Script } from '../connections/index.ts';
import { runRecipeStep, stepScript } from '../platforms/index.ts';
import { Problem, wordsOf, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { undoAllScript, undoScript, type SwapItem, type UpdateScripts } from './remote.ts';
import type { JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { releaseUpdaters } from './updater-locks.ts';

/**
 * Brings one component back: files by renaming, the database from its dump when one was taken. Goes over
 * the filesystem and works when PHP on the site is dead; may be run again at any point.
 */
export async function undoPart(
  hands: Hands,
  scripts: UpdateScripts,
  part: JournaledPart,
  lock: SiteLock,
  withDatabase: boolean,
): Promise<void> {
  const signal = hands.signal;
  await hands.on(async (connection) => {
    // What was cut off may still be at work on the server: two hands at once would undo each other.
    await lock.takeTurn(connection, signal);
    await runOk(connection, lines(lock.fence, undoAllScript(scripts, lock.runFolder, part.items)), {
      attempted: `Bring ${part.name} ${part.from} back`,
      signal,
      timeLimit: 120_000,
    });
    if (!withDatabase || part.dump === null) return;
    const there = await run(connection, sh`[ -s ${part.dump.file} ]`, {
      attempted: 'Look for the dump',
      signal,
      timeLimit: 20_000,
    });
    if (there.code !== 0)
      throw new Problem({
        code: 'dump-gone',
        message: 'The dump of the database that was taken before the update is not there any more.',
        answered: part.dump.file,
        todo: 'Restore the database from the backup that was taken before the update.',
      });
    const work = await hands.database(connection, lock.fence);
    if (work) await restoreFromFile(work, part.dump.file, part.dump.tables);
  });
}

/** Brings items back by renaming. May be run again at any point. */
export async function bringItemsBack(
  hands: Hands,
  scripts: UpdateScripts,
  items: readonly SwapItem[],
  lock: SiteLock,
): Promise<void> {
  await hands.on(async (connection) => {
    await lock.takeTurn(connection, hands.signal);
    await runOk(connection, lines(lock.fence, undoScript(scripts, items)), {
      attempted: 'Bring the old version back',
      signal: hands.signal,
      timeLimit: 120_000,
    });
  });
}

/** Puts up the maintenance page for visitors; `digest` is the SHA-256 of what lets our probes pass. */
async function goOffline(
  hands: Hands,
  over: Hands['on'],
  lock: SiteLock,
  digest: string,
  php: string,
): Promise<void> {
  await over((connection) =>
    runRecipeStep(connection, hands.platform.recipe, 'offline', {
      variables: { root: hands.site.root, digest, now: Math.floor(Date.now() / 1000) },
      php,
      signal: hands.signal,
      before: lock.fence,
    }),
  );
}

/** The maintenance page is renewed this often; WordPress ignores one that is older than ten minutes. */
const RENEW = 4 * 60_000;

/** Puts up the maintenance page and renews it until the timer that it gives is cleared. */
export async function keepOffline(
  hands: Hands,
  lock: SiteLock,
  digest: string,
  php: string,
  trouble: (words: string) => void,
): Promise<NodeJS.Timeout> {
  const close = (over: Hands['on']) => goOffline(hands, over, lock, digest, php);
  await close((work) => hands.on(work));
  return setInterval(
    () =>
      // A server may allow one command at a time on a connection, and that may be a long one.
      void close((work) => hands.apart(work)).catch((error: unknown) =>
        trouble(`The maintenance page could not be renewed: ${wordsOf(error)}`),
      ),
    RENEW,
  );
}

/** Takes the maintenance page away, and lets no command put it up again. */
export async function goOnline(hands: Hands, lock: SiteLock, php: string): Promise<void> {
  await hands.on(async (connection) => {
    await lock.takeTurn(connection, hands.signal);
    await runRecipeStep(connection, hands.platform.recipe, 'online', {
      variables: { root: hands.site.root },
      php,
      signal: hands.signal,
      before: lock.fence,
    });
  });
}

/** Whatever failed before: nothing listens on a site that is let go of. Another updater's page (3) is not ours to take away. */
function listenNoMore({ platform: { recipe }, site: { root } }: Hands): Script {
  const online = stepScript(recipe, 'online', { root });
  if (online === null || recipe.steps.listen === undefined) return sh``;
  return lines(sh`(`, online, sh`) || [ $? = 3 ] || exit 1`);
}

/** Removes what a run laid on the site and does not keep, and lets go of the site. */
export async function leaveSite(hands: Hands, lock: SiteLock, remove: readonly RemotePath[]): Promise<void> {
  let again = false;
  await hands.on(async (connection) => {
    // At a second try the first one may have got through to its end, only its answer was lost.
    if (again && !(await lock.isOurs(connection, hands.signal))) return;
    again = true;
    await lock.takeTurn(connection, hands.signal);
    await releaseUpdaters(hands, connection, lock, lock.fence);
    const last = lines(lock.fence, listenNoMore(hands), sh`rm -rf -- ${remove} || exit 1`);
    await lock.release(connection, hands.signal, last);
  });
}
