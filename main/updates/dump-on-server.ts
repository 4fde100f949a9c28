import { countRows, dumpToFile } from '../backups/index.ts';
import { lines, runOk, sh } from '../connections/index.ts';
import { joinRemote } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';

/** Dumps the database into the run's folder on the site. null: it has none that can be reached. */
export async function dumpOnServer(
  hands: Hands,
  lock: SiteLock,
  number: number,
): Promise<JournaledPart['dump']> {
  const folder = joinRemote(lock.runFolder, 'dump');
  const file = joinRemote(folder, String(number));
  return hands.on(async (connection) => {
    const work = await hands.database(connection, lock.fence);
    if (work === null) return null;
    await runOk(connection, lines(lock.fence, sh`umask 077; mkdir -p -- ${folder}`), {
      attempted: 'Make a folder for the dump',
      signal: hands.signal,
      timeLimit: 20_000,
    });
    const tables = (await countRows(work)).map((table) => table.name);
    await dumpToFile(work, file);
    // Whoever did not get as far as writing it may have called that well; from here on all rests on it.
    await runOk(connection, sh`[ -s ${file} ] || { echo 'nothing was written' >&2; exit 1; }`, {
      attempted: 'Look at the dump of the database',
      signal: hands.signal,
      timeLimit: 20_000,
    });
    return { file, tables };
  });
}
