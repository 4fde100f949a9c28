import {
  countRows,
  databaseIn,
  isAllOrNothing,
  onlyTables,
  putTables,
  type Backup,
} from '../backups/index.ts';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { counted, Problem, wordsOf, type BackupId } from '../words/index.ts';
import { handsFor, type Hands } from './hands.ts';
import { holdingSite, type Held } from './holding.ts';
import { findPrivateFolder } from './private-folder.ts';
import type { RollbackServices } from './services.ts';

/**
 * Puts single tables of a backup back into the site that it was taken from, with their triggers; nothing else of the database
 * changes. The site is backed up first, without which nothing is done; when the restore fails, the tables are put back from that where
 * the database cannot take back by itself what was begun.
 */
export async function restoreTables(
  services: RollbackServices,
  given: Site,
  { backupId, tables }: { readonly backupId: BackupId; readonly tables: readonly string[] },
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  // What is not in the backup is said before anything is done.
  const { snapshot, database } = await dumpOf(services, backupId);
  const looking = onlyTables(snapshot, database, tables);
  await looking.next();
  await looking.return();
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, given, context.signal),
  );
  const site = services.setPrivateFolder(given.id, privateFolder);
  const { php } = await hands.knownDatabase();
  return holdingSite(services, { site, privateFolder, hands, context, php }, async (held) => {
    const before = await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      const backup = await services.backUp(site, 'before-restore', context);
      step.detail(`${backup.files} files and the database.`);
      return backup;
    });
    const told = await context.step(
      'restore',
      { title: 'Put the tables in place', undo: { online: true } },
      async (step) => {
        await held.close();
        const was = await rowsIn(held.patient);
        try {
          const odd = await putBack(services, held.patient, held, backupId, tables, [
            ...was.keys(),
            ...tables,
          ]);
          for (const words of odd) context.log('warning', words);
        } catch (error) {
          if (isAllOrNothing(database.kind)) {
            context.log('error', `${wordsOf(error)} Tables are put back whole or not at all.`);
            throw error;
          }
          context.log('error', `${wordsOf(error)} The tables are put back as they were.`);
          await undo(services, held, before, tables).catch((failed: unknown) =>
            context.log('error', `That failed too; backup ${before.id} holds them. ${wordsOf(failed)}`),
          );
          throw error;
        }
        const now = await rowsIn(held.patient);
        const lines = tables.map((table) => `${table} ${was.get(table) ?? 0} → ${now.get(table) ?? 0} rows`);
        step.detail(`${lines.join(', ')}.`);
        return lines;
      },
    );
    return { state: 'done', summary: `${counted(tables.length, 'table')} restored: ${told.join(', ')}.` };
  });
}

async function dumpOf(services: RollbackServices, backupId: BackupId) {
  const snapshot = await services.store.open(backupId);
  return { snapshot, database: databaseIn(snapshot) };
}

/** What was there before comes back; what was only half made goes. */
async function undo(
  services: RollbackServices,
  held: Held,
  before: Backup,
  tables: readonly string[],
): Promise<void> {
  const { database } = await dumpOf(services, before.id);
  const known = database.tables.map(({ name }) => name);
  const again = tables.filter((table) => known.includes(table));
  await putBack(services, held.patient, held, before.id, again, known);
}

async function putBack(
  services: RollbackServices,
  hands: Hands,
  held: Held,
  backupId: BackupId,
  tables: readonly string[],
  kept: readonly string[],
): Promise<string[]> {
  const dump = await dumpOf(services, backupId);
  return hands.on(async (connection) => {
    await held.lock.takeTurn(connection, hands.signal);
    const work = await hands.database(connection, held.lock.fence);
    if (work?.access.kind !== dump.database.kind)
      throw new Problem({
        code: 'other-database',
        message: 'The site’s database cannot be reached, or is of another kind than the backup’s.',
        todo: 'Mend the access in its configuration, then restore again.',
      });
    return putTables(work, dump, tables, kept);
  });
}

async function rowsIn(hands: Hands): Promise<ReadonlyMap<string, number>> {
  return hands.on(async (connection) => {
    const work = await hands.database(connection);
    return new Map(work === null ? [] : (await countRows(work)).map(({ name, rows }) => [name, rows]));
  });
}
