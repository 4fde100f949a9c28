import {
  takeBackup,
  type Backup,
  type DatabaseScripts,
  type DumpSource,
  type Store,
} from '../backups/index.ts';
import type { Reach } from '../connections/index.ts';
import type { Platforms } from '../platforms/index.ts';
import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem, wordsOf, type Clock } from '../words/index.ts';
import { handsFor } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';

export interface BackUpServices {
  readonly reach: Reach;
  readonly apart: Reach;
  readonly platforms: Platforms;
  readonly store: Store;
  readonly databaseScripts: DatabaseScripts;
  readonly clock: Clock;
}

export interface BackUpOptions {
  /** What is about to be changed, relative to the root: backed up whatever the site's rules leave out. */
  readonly touches?: ((path: string) => boolean) | undefined;
  /** Asks for a sweep: what looks unchanged is compared by its contents; told how many files had changed all the same. */
  readonly onSwept?: ((hidden: number) => void) | undefined;
  /** Whether the files will do where the database cannot be read, because nothing else is touched. */
  readonly filesAlone?: boolean;
  /** How the database is dumped where no commands are run; null: it is not. */
  readonly source?: DumpSource | null;
}

/**
 * Takes a backup of a site's files and database inside a run, and reads all of it back.
 * @throws Problem `database-refused` when the site has a database that cannot be dumped: half a backup is none.
 */
export async function backUpSite(
  services: BackUpServices,
  site: Site,
  reason: Backup['reason'],
  context: RunContext,
  { touches, onSwept, filesAlone = false, source = null }: BackUpOptions = {},
): Promise<Backup> {
  const platform = services.platforms.get(site.platform);
  const hands = handsFor(services, site, context.signal);
  const { access, kind, problem, php } = await hands.knownDatabase().catch((error: unknown) => {
    if (!filesAlone || context.signal.aborted) throw error;
    return { access: null, kind: null, problem: wordsOf(error), php: 'php' };
  });
  if (problem !== null && filesAlone)
    context.log('warning', `The database is not in the backup, because it cannot be read: ${problem}`);
  else if (problem !== null) {
    throw new Problem({
      code: 'database-refused',
      message: 'The site’s database cannot be read, so there is no whole backup.',
      attempted: `Back up ${site.name}`,
      answered: problem,
      todo: 'Mend the database access in the site’s configuration, then back up again.',
    });
  }
  if (site.connection.kind === 'sftp' && platform.recipe.database !== null && source === null)
    context.log('warning', 'The database is not in the backup: this connection gives files only.');
  const backup = await hands.on((connection) =>
    takeBackup(services.store, connection, {
      site,
      reason,
      leaveOut: leaveOutOf(site, platform.recipe.backup.leaveOut, access),
      ...(touches === undefined ? {} : { touches }),
      database: access === null || kind === null ? null : { access, kind, php },
      source,
      scripts: services.databaseScripts,
      onSwept,
      signal: context.signal,
      progress: context.progress,
      log: context.log,
    }),
  );
  const report = await services.store.verify([backup.id], context.signal, context.progress, 'new');
  if (report.damage.length > 0) {
    throw new Problem({
      code: 'backup-damaged',
      message: 'The backup could not be read back whole.',
      attempted: 'Verify the backup',
      answered: report.damage.slice(0, 5).join('; '),
      todo: 'Look after the disk of this computer, then try again. Nothing on the site was changed.',
    });
  }
  return { ...backup, verifiedAt: services.clock() };
}
