import type { LeaveOut } from '../backups/index.ts';
import type { DatabaseAccess } from '../platforms/index.ts';
import type { Site } from '../sites/index.ts';

/**
 * What of a site is not backed up: by its platform, by its own rules, and the changing file of an SQLite database, which is
 * dumped instead.
 * @param usual what the platform leaves out
 */
export function leaveOutOf(site: Site, usual: readonly string[], database: DatabaseAccess | null): LeaveOut {
  const { leaveOut, take, largerThanMb } = site.settings.backups;
  const paths = usual.filter((path) => !take.includes(path));
  paths.push(...dumpedFiles(site, database));
  return { paths, rules: [...leaveOut], largerThan: largerThanMb === null ? null : largerThanMb * 1_000_000 };
}

/** The files of a site that are backed up as a dump. */
export function dumpedFiles(site: Site, database: DatabaseAccess | null): string[] {
  if (database?.kind !== 'sqlite' || !database.file.startsWith(`${site.root}/`)) return [];
  const file = database.file.slice(site.root.length + 1);
  return [file, `${file}-wal`, `${file}-shm`, `${file}-journal`];
}

/** Whether a path is one of some, or below one of them. */
export function below(places: readonly string[]): (path: string) => boolean {
  return (path) => places.some((place) => path === place || path.startsWith(`${place}/`));
}
