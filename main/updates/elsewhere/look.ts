import { entryAt, type DumpMoves, type Snapshot } from '../../backups/index.ts';
import { databaseInWords, type Reading } from '../../platforms/index.ts';
import { compareVersions } from '../../policies/index.ts';
import type { Site } from '../../sites/index.ts';
import {
  asProblem,
  isAbort,
  Problem,
  type BackupId,
  type OnProgress,
  type RemotePath,
} from '../../words/index.ts';
import { handsFor, type Hands } from '../hands.ts';
import { below, dumpedFiles } from '../leave-out.ts';
import { look as lookAt } from '../look.ts';
import { findPrivateFolder } from '../private-folder.ts';
import { fileChanges } from '../restore-plan.ts';
import type { RollbackServices } from '../services.ts';
import type { ElsewherePlan } from './plan.ts';
import { lookAtDatabase } from './look-database.ts';
import { belowOf, realPlaceOf } from './same-place.ts';

export interface ElsewhereServices extends RollbackServices {
  /** All sites that are known. */
  readonly allSites: () => readonly Site[];
}

export interface ElsewhereLook {
  readonly plan: ElsewherePlan;
  readonly stays: (path: string) => boolean;
  /** The same in names: those, and all below them. */
  readonly staying: readonly string[];
  /** How the dump is rewritten; null: only files. */
  readonly moves: DumpMoves | null;
  readonly php: string;
  readonly privateFolder: RemotePath | null;
}

/** Looks at what restoring a backup to another site would do. Reads only; why it cannot be done is among the plan's blockers. */
export async function lookElsewhere(
  services: ElsewhereServices,
  hands: Hands,
  backupId: BackupId,
  progress: OnProgress,
): Promise<ElsewhereLook> {
  const { site, signal, platform } = hands;
  const snapshot = await services.store.open(backupId);
  const { backup } = snapshot;
  const source = services.allSites().find(({ id }) => id === backup.siteId) ?? null;
  const blockers: Problem[] = [];
  const warnings: string[] = [];
  const tried = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (isAbort(error)) throw error;
      blockers.push(asProblem(error));
      return null;
    }
  };
  await tried(() => Promise.resolve(refuseUnfit(snapshot, source, site, platform.module !== null)));

  const sourceHands = source === null ? null : handsFor(services, source, signal);
  const [here, there] = await Promise.all([
    realPlaceOf(hands),
    sourceHands === null ? null : realPlaceOf(sourceHands),
  ]);
  // What of other sites lies in the folder is theirs.
  const others = services
    .allSites()
    .filter(({ id }) => id !== site.id && id !== source?.id)
    .flatMap((one) => belowOf([one, null], [site, here]) ?? []);
  if (source !== null) {
    const down = belowOf([source, there], [site, here]);
    if (down === '') blockers.push(sameRoot(source));
    if (down !== null) others.push(down);
    others.push(belowOf([site, here], [source, there]) ?? '');
  }
  const reading = platform.module === null ? null : await tried(() => hands.reading());
  const mine = [...platform.recipe.elsewhere.stays, ...dumpedFiles(site, reading?.facts.database ?? null)];
  const staying = [...mine, ...others].filter((path) => path !== '');
  const stays = below(staying);

  const database =
    reading === null || snapshot.database === null || platform.module === null || blockers.length > 0
      ? null
      : await tried(() =>
          lookAtDatabase(hands, {
            elsewhere: platform.module?.elsewhere ?? null,
            snapshot,
            reading,
            source,
            sourceHands,
            warnings,
            progress,
          }),
        );
  const changes =
    blockers.length > 0
      ? null
      : await tried(() => fileChanges(services, hands, { backupId, paths: [], stays }));
  const bytes =
    changes?.changed.reduce((sum, [, entry]) => sum + (entry.kind === 'file' ? entry.size : 0), 0) ?? 0;
  const privateFolder =
    blockers.length > 0 || site.connection.kind === 'sftp'
      ? null
      : await tried(() => roomFor(services, hands, bytes + (database?.size ?? 0)));
  if (site.connection.kind === 'sftp' && blockers.length === 0)
    warnings.push(
      'Over SFTP the site cannot be held meanwhile: visitors may see some files of before and some of after, until all are in place.',
    );
  await addWarnings(services, { snapshot, source, reading, mine, changes: changes?.there ?? null, warnings });
  const url = site.url;
  return {
    plan: {
      backupId,
      from: { name: backup.siteName, takenAt: backup.takenAt },
      to: { siteId: site.id, name: site.name, url, root: site.root },
      files: {
        written: changes?.changed.filter(([, entry]) => entry.kind !== 'folder').length ?? 0,
        bytes,
        deleted: changes?.extra.length ?? 0,
        unchanged: changes?.unchanged ?? 0,
        stays: await stayingNames(snapshot, staying, changes?.there ?? null),
      },
      database: database?.plan ?? null,
      warnings,
      blockers: blockers.map((blocker) => blocker.toJSON()),
    },
    stays,
    staying,
    moves: database?.moves ?? null,
    php: reading?.facts.php ?? site.settings.php ?? 'php',
    privateFolder,
  };
}

function refuseUnfit(snapshot: Snapshot, source: Site | null, site: Site, hasDatabase: boolean): void {
  const { backup, database } = snapshot;
  const refuse = (code: string, message: string, todo: string) => {
    throw new Problem({ code, message, attempted: `Restore ${backup.siteName} to ${site.name}`, todo });
  };
  if (backup.siteId === site.id)
    refuse(
      'same-site',
      'This backup is of this very site.',
      'Restore it to the site that it was taken from.',
    );
  if (site.connection.kind === 'sftp' && database !== null)
    refuse(
      'needs-shell',
      `The backup holds a database, which is restored by commands on the server, and ${site.name} is reached over SFTP, which only gives files.`,
      'Ask its host for a shell and change its connection to SSH, or restore the backup to a folder on this computer and bring files and database there by hand.',
    );
  if (source !== null && source.platform !== site.platform)
    refuse(
      'other-platform',
      `${site.name} is another kind of site than ${backup.siteName}.`,
      'Choose a site of the same platform.',
    );
  if (!hasDatabase && database !== null)
    refuse(
      'other-platform',
      source?.platform === site.platform
        ? `The backup holds a database, and where this platform writes a site’s own address in it is not known.`
        : `The backup holds a database, and ${site.name} is known as files only.`,
      source?.platform === site.platform
        ? 'Restore it to a folder on this computer, and bring files and database there by hand.'
        : 'Choose a site of the same platform.',
    );
  if (!hasDatabase) return;
  if (database === null)
    refuse('no-dump', 'This backup holds no database.', 'Choose a backup that holds files and database.');
  else if (database.kind === 'postgresql')
    refuse(
      'other-database',
      'Databases of PostgreSQL are not rewritten for another site.',
      'Restore it to a folder on this computer and move it by hand.',
    );
}

/** A place for what is sent, with room for it. @throws Problem `no-private-folder`, `no-space` */
async function roomFor(services: ElsewhereServices, hands: Hands, bytes: number): Promise<RemotePath> {
  const { site, signal } = hands;
  return hands.on(async (connection) => {
    const privateFolder = await findPrivateFolder(connection, services.scripts, site, signal);
    const question = { root: site.root, privateFolder, parents: [], targets: [] };
    const { freeKib } = await lookAt(connection, services.scripts, question, signal);
    if (freeKib !== null && freeKib * 1024 < bytes * 1.1)
      throw new Problem({
        code: 'no-space',
        message: 'There is not enough room on the server.',
        attempted: `Find room for ${Math.ceil(bytes / 1e6)} MB`,
        answered: `${Math.floor(freeKib / 1000)} MB are free`,
        todo: 'Make room there, then try again.',
      });
    return privateFolder;
  });
}

interface Warning {
  readonly snapshot: Snapshot;
  readonly source: Site | null;
  readonly reading: Reading | null;
  readonly mine: readonly string[];
  readonly changes: ReadonlyMap<string, unknown> | null;
  readonly warnings: string[];
}

async function addWarnings(services: ElsewhereServices, given: Warning): Promise<void> {
  const { snapshot, source, reading, mine, changes, warnings } = given;
  const known = source === null ? null : await services.records.inventory(source.id);
  const [had, has] = [known?.php ?? null, reading?.inventory.php ?? null];
  if (had !== null && has !== null && compareVersions(shortVersion(has), shortVersion(had)) < 0)
    warnings.push(`The site’s PHP is ${has}; the backup’s site runs on ${had}.`);
  if (
    known?.database &&
    reading?.inventory.database &&
    known.database.kind !== reading.inventory.database.kind
  )
    warnings.push(
      `The database moves from ${databaseInWords(known.database)} to ${databaseInWords(reading.inventory.database)}.`,
    );
  if (changes === null) return;
  for (const path of mine)
    if (!changes.has(path) && (await isIn(snapshot, path)))
      warnings.push(
        `${path} is in the backup and not on the site; it is not taken along, because it is of the other host.`,
      );
  const { backup } = snapshot;
  if (backup.unreadable.length + backup.moved.length > 0)
    warnings.push(
      `${backup.unreadable.length + backup.moved.length} files could not be read when the backup was taken, and are not in it.`,
    );
}

async function stayingNames(
  snapshot: Snapshot,
  paths: readonly string[],
  there: ReadonlyMap<string, unknown> | null,
): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) if (there?.has(path) === true || (await isIn(snapshot, path))) found.push(path);
  return found;
}

async function isIn(snapshot: Snapshot, path: string): Promise<boolean> {
  return entryAt(snapshot, path).then(
    () => true,
    () => false,
  );
}

function sameRoot(source: Site): Problem {
  return new Problem({
    code: 'same-root',
    message: `Both sites lie in the same folder.`,
    answered: `${source.name}: ${source.root}`,
    todo: 'Restore the backup to the site that it was taken from.',
  });
}

function shortVersion(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
