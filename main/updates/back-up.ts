import { takeBackup, type Backup, type DatabaseScripts, type Store } from '../backups/index.ts';
import type { Reach } from '../connections/index.ts';
import type { Platforms } from '../platforms/index.ts';
import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem, type Clock } from '../words/index.ts';
import { handsFor } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';

export interface BackUpServices {
  readonly reach: Reach;
  readonly platforms: Platforms;
  readonly store: Store;
  readonly databaseScripts: DatabaseScripts;
  readonly clock: Clock;
}

/**
 * Takes a backup of a site's files and database inside a run, and reads all of it back.
 * @param touches what is about to be changed, relative to the root: backed up whatever the site's rules leave out
 * @param onSwept asks for a sweep: what looks unchanged is compared by its contents; told how many files had changed all the same
 * @throws Problem `database-refused` when the site has a database that cannot be dumped: half a backup is none.
 */
export async function backUpSite(
  services: BackUpServices,
  site: Site,
  reason: Backup['reason'],
  context: RunContext,
  touches?: (path: string) => boolean,
  onSwept?: (hidden: number) => void,
): Promise<Backup> {
  const platform = services.platforms.get(site.platform);
  const hands = handsFor(services, site, context.signal);
  const { access, kind, problem, php } = await hands.knownDatabase();
  if (problem !== null) {
    throw new Problem({
      code: 'database-refused',
      message: 'The site’s database cannot be read, so there is no whole backup.',
      attempted: `Back up ${site.name}`,
      answered: problem,
      todo: 'Mend the database access in the site’s configuration, then back up again.',
    });
  }
  if (site.connection.kind === 'sftp' && platform.recipe.database !== null)
    context.log('warning', 'The database is not in the backup: this connection gives files only.');
  const backup = await hands.on((connection) =>
    takeBackup(services.store, connection, {
      site,
      reason,
      leaveOut: leaveOutOf(site, platform.recipe.backup.leaveOut, access),
      ...(touches === undefined ? {} : { touches }),
      database: access === null || kind === null ? null : { access, kind, php },
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
