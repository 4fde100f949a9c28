import type { Snapshot } from '../../backups/index.ts';
import type { Run } from '../../runs/index.ts';
import { ELSEWHERE_STEPS, restoreElsewhere } from '../../updates/index.ts';
import { Problem, type SiteId } from '../../words/index.ts';
import type { Services } from '../services.ts';
import { refuseInterrupted } from './updates.ts';

/** Begins to restore all of a backup to another site than it was taken from. */
export async function restoreElsewhereRun(
  services: Services,
  { backup }: Snapshot,
  siteId: SiteId,
  paths: readonly string[],
): Promise<Run> {
  if (paths.length > 0)
    throw new Problem({
      code: 'usage',
      message: 'To another site a backup is restored as a whole.',
      todo: 'Restore single files to a folder on this computer.',
    });
  const site = services.sites.get(siteId);
  await refuseInterrupted(services, site.id);
  return services.runs.start(
    {
      kind: 'restore',
      site: { id: site.id, name: site.name },
      title: `Restore ${backup.siteName} to ${site.name}`,
      expected: ELSEWHERE_STEPS.map((step) => ({ ...step })),
      plan: { to: 'site', backupId: backup.id },
    },
    services.hostOf(site),
    (context) => restoreElsewhere(services.updates, site, backup.id, context),
  );
}
