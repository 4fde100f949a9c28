import { leftOutBy, previewOf, readManifest, type LeaveOutPreview } from '../backups/index.ts';
import type { Site } from '../sites/index.ts';
import type { BackUpServices } from './back-up.ts';
import { handsFor } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';

/**
 * Lists a site's files, all of them, and adds up what its rules would leave out. Changes nothing.
 * @param site with the rules that are tried
 */
export async function previewLeaveOut(
  services: Pick<BackUpServices, 'reach' | 'platforms' | 'databaseScripts' | 'clock'>,
  site: Site,
  signal: AbortSignal,
): Promise<LeaveOutPreview> {
  const hands = handsFor(services, site, signal);
  const entries = await hands.on((connection) =>
    readManifest(connection, { root: site.root, leaveOut: [], scripts: hands.scripts.files, signal }),
  );
  return previewOf(entries, leftOutBy(leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null)));
}
