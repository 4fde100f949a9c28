import { leftOutBy, previewOf, readManifest, type LeaveOutPreview } from '../backups/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem } from '../words/index.ts';
import type { BackUpServices } from './back-up.ts';
import { handsFor } from './hands.ts';
import { dumpedFiles, leaveOutOf } from './leave-out.ts';

/**
 * Lists a site's files, all of them, and adds up what its rules would leave out. The file of an SQLite database, which a
 * backup dumps, counts as neither. Changes nothing.
 * @param site with the rules that are tried
 */
export async function previewLeaveOut(
  services: Pick<BackUpServices, 'reach' | 'apart' | 'platforms' | 'databaseScripts' | 'clock'>,
  site: Site,
  signal: AbortSignal,
): Promise<LeaveOutPreview> {
  const hands = handsFor(services, site, signal);
  const entries = await hands.on((connection) =>
    readManifest(connection, { root: site.root, leaveOut: [], scripts: hands.scripts.files, signal }),
  );
  // Without its database a site's files can still be looked at.
  const database = await hands.knownDatabase().then(
    ({ access }) => access,
    (error: unknown) => {
      signal.throwIfAborted();
      if (!(error instanceof Problem)) throw error;
      return null;
    },
  );
  const dumped = new Set(dumpedFiles(site, database));
  const files = entries.filter(({ path }) => !dumped.has(path));
  return previewOf(files, leftOutBy(leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null)));
}
