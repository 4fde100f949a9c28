import { databaseIn, onlyTables, writeNewFile, type Snapshot } from '../../backups/index.ts';
import type { Run } from '../../runs/index.ts';
import { restoreTables } from '../../updates/index.ts';
import { bytesInWords, counted, Problem } from '../../words/index.ts';
import type { Services } from '../services.ts';
import { localPath } from '../local-path.ts';

type To = { kind: 'site' } | { kind: 'folder'; folder: string } | { kind: 'file'; file: string };

/** Begins to restore single tables: to the site, or as SQL into a file on this computer that is not there yet. */
export async function restoreTablesRun(
  services: Services,
  snapshot: Snapshot,
  given: readonly string[],
  to: To,
): Promise<Run> {
  const { backup } = snapshot;
  const database = databaseIn(snapshot);
  const tables = [...new Set(given)];
  const title = tables.length === 1 ? `the table ${tables[0] ?? ''}` : `${tables.length} tables`;
  if (to.kind === 'folder')
    throw new Problem({
      code: 'usage',
      message: 'Single tables are written into a file, not into a folder.',
      todo: 'Name the file, e.g. posts.sql.',
    });
  if (to.kind === 'file') {
    const file = localPath(to.file);
    return services.runs.start(
      {
        kind: 'restore',
        site: { id: backup.siteId, name: backup.siteName },
        title: `Restore ${title} to ${file}`,
        expected: [{ name: 'restore', title: 'Write the tables' }],
        plan: { to: 'file' },
      },
      null,
      (context) =>
        context.step('restore', { title: 'Write the tables' }, async () => {
          const size = await writeNewFile(file, onlyTables(snapshot, database, tables), context.signal);
          return {
            state: 'done',
            summary: `${counted(tables.length, 'table')} written to ${file}, ${bytesInWords(size)}.`,
          };
        }),
    );
  }
  const site = services.sites.get(backup.siteId);
  return services.runs.start(
    {
      kind: 'restore',
      site: { id: site.id, name: site.name },
      title: `Restore ${title}`,
      expected: [
        { name: 'backup', title: 'Back up the site as it is' },
        { name: 'restore', title: 'Put the tables in place' },
        { name: 'settle', title: 'Tidy up' },
      ],
      plan: { to: 'site', backupId: backup.id, tables },
    },
    services.hostOf(site),
    (context) => restoreTables(services.updates, site, { backupId: backup.id, tables }, context),
  );
}
