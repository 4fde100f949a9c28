import { databaseBytes } from '../backups/index.ts';
import type { Connection } from '../connections/index.ts';
import { asProblem } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { Looked, Planning } from './operations.ts';
import { outlives } from './outlive.ts';
import type { PrepareOptions } from './part.ts';
import { prepare } from './prepare.ts';
import { knownOf } from './prepare-options.ts';
import { findPrivateFolder } from './private-folder.ts';
import type { UpdateServices } from './services.ts';
import { updaterAtWork } from './updater-locks.ts';

/** Planning where commands are run. */
export function planningByShell(services: UpdateServices, hands: Hands): Planning {
  return {
    look: (wish) => look(services, hands, wish),
    undoesByItself: () => outlives(hands, services.scripts),
  };
}

async function look(
  services: UpdateServices,
  hands: Hands,
  wish: Pick<PrepareOptions, 'choices' | 'runId' | 'progress'>,
): Promise<Looked> {
  const { site, signal } = hands;
  const known = await knownOf(services, hands, wish);
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, site, signal),
  );
  const prepared = await hands.on((connection) =>
    prepare(connection, services, {
      ...{ ...known, privateFolder },
      dumpBytes: (on) => dumpBytes(hands, on),
    }),
  );
  // A database that does not answer has its own words in the plan.
  const busy = await updaterAtWork(hands).catch((error: unknown) => {
    signal.throwIfAborted();
    prepared.plan.warnings.push(
      `Whether WordPress is updating itself could not be asked: ${asProblem(error).message}`,
    );
    return null;
  });
  if (busy !== null) prepared.plan.blockers.push(busy.toJSON());
  return { ...prepared, place: { privateFolder, php: known.reading.facts.php } };
}

/** What MySQL and MariaDB hold in tables, a dump says in somewhat more bytes; a database that cannot be asked has its own words in the plan. */
async function dumpBytes(hands: Hands, connection: Connection): Promise<number> {
  try {
    const work = await hands.database(connection);
    return work === null ? 0 : 1.3 * (await databaseBytes(work));
  } catch {
    hands.signal.throwIfAborted();
    return 0;
  }
}
