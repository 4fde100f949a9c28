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
  if (database?.kind === 'sqlite' && database.file.startsWith(`${site.root}/`)) {
    const file = database.file.slice(site.root.length + 1);
    paths.push(file, `${file}-wal`, `${file}-shm`, `${file}-journal`);
  }
  return { paths, rules: [...leaveOut], largerThan: largerThanMb === null ? null : largerThanMb * 1_000_000 };
}

/** Whether a path is one of some, or below one of them. */
export function below(places: readonly string[]): (path: string) => boolean {
  return (path) => places.some((place) => path === place || path.startsWith(`${place}/`));
}
