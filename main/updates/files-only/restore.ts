import type { Backup } from '../../backups/index.ts';
import type { RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem, wordsOf, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { contentsOf, restorePathsOverSftp, toldApart } from '../restore-over-sftp.ts';
import { restoredBy } from '../restore-plan.ts';
import type { RollbackServices } from '../services.ts';
import { whileHeld, type Hold } from '../while-held.ts';
import { filesLock } from './lock.ts';
import { anyDigest, goOnline, keepOffline } from './maintenance.ts';
import { isProblem, withFiles } from './over-sftp.ts';
import { tryPrivateFolder } from './private-folder.ts';
import { restoreDatabaseOverSftp } from './restore-database.ts';
import type { SftpRestoreJournal } from './restore-journal.ts';

/** What of a backup is restored. */
type Choice = Pick<SftpRestoreJournal, 'backupId' | 'database'> & { readonly paths: readonly string[] };

/**
 * Restores a backup to a site that gives SFTP and nothing else: each file is sent beside its place and renamed into it, the database comes
 * by the site's own PHP while visitors are kept out. What fails, is cancelled or cut off is taken back from the backup that was taken just
 * before; nothing on the site does so by itself.
 * @throws Problem `needs-shell` for a database that no PHP of the site restores
 */
export async function restoreOverSftp(
  services: RollbackServices,
  given: Site,
  hands: Hands,
  choice: Choice,
  context: RunContext,
): Promise<RunResult> {
  if (choice.database && hands.platform.module === null) throw noDatabase();
  const patient = hands.patient();
  let journal: SftpRestoreJournal = {
    restored: 'over sftp',
    privateFolder: await placeOf(hands, context),
    before: null,
    ...{ backupId: choice.backupId, paths: [...choice.paths], database: choice.database },
    outcome: 'waiting',
  };
  const note = async (now: Partial<SftpRestoreJournal>) => {
    journal = { ...journal, ...now };
    await context.setPlan(journal);
  };
  await note({});
  const { privateFolder } = journal;
  const lock = privateFolder === null ? null : filesLock(privateFolder, context.runId, services.lease);
  const site = privateFolder === null ? given : services.setPrivateFolder(given.id, privateFolder);
  let begun = false;
  let databaseBegun = false;
  let stopBeating = () => {};
  let stopRenewing = () => {};
  const hold: Hold = {
    async take() {
      await lock?.take(hands);
      stopBeating = lock?.beat(hands) ?? stopBeating;
    },
    async begin() {},
    keep: () => note({ outcome: 'kept' }),
    async takeBack() {
      if (!begun) return;
      await lock?.refuseTaken(patient);
      if (await takeBack(services, patient, journal, databaseBegun, context))
        await note({ outcome: 'undone' });
    },
    unsettled: false,
    workEnded: () => stopRenewing(),
    async withdraw() {},
    end: () => stopBeating(),
    async settle() {
      if (journal.database) await goOnline(patient);
      await lock?.release(patient);
    },
  };
  const ended = await whileHeld(hold, context, async () => {
    const before = await backUp(services, site, choice, context);
    await note({ before: before?.id ?? null });
    const restored = await context.step('restore', { title: 'Put the files in place' }, async (step) => {
      await lock?.refuseTaken(hands);
      if (choice.database) {
        const trouble = (words: string) => context.log('warning', words);
        stopRenewing = await keepOffline(hands, anyDigest(), () => 'always', trouble);
      }
      begun = true;
      const now = before === null ? new Map<string, never>() : await contentsOf(services.store, before.id);
      const found = await restorePathsOverSftp(services.store, hands, choice, now, context.progress);
      step.detail(`${found.written} written, ${found.deleted} deleted, ${found.unchanged} were the same.`);
      return found;
    });
    if (choice.database) {
      databaseBegun = true;
      const step = { name: 'database', title: 'Put the database back' };
      await restoreDatabaseOverSftp(services, hands, choice.backupId, context, step);
    }
    const { written, deleted, unchanged } = restored;
    return {
      state: 'done',
      summary: `Restored: ${written} files written, ${deleted} deleted${choice.database ? ', and the database' : ''}; ${unchanged} were the same.`,
    };
  });
  if (hands.platform.module !== null) await services.afterRun(site);
  return ended;
}

/** A site that is broken may be exactly why it is restored: what can be saved of it is, the rest is said. */
async function backUp(
  services: RollbackServices,
  site: Site,
  choice: Choice,
  context: RunContext,
): Promise<Backup | null> {
  const touches = await restoredBy(services, choice);
  return context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
    try {
      const backup = await services.backUp(site, 'before-restore', context, { touches });
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
      return backup;
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.log('warning', `The site could not be backed up as it is: ${wordsOf(error)}`);
      step.detail('Not possible; the log says why.');
      return null;
    }
  });
}

/** Where the site is held; null: there is no such place, and that is said. */
async function placeOf(hands: Hands, context: RunContext): Promise<RemotePath | null> {
  const { site, signal } = hands;
  try {
    return await withFiles(hands, (files) => tryPrivateFolder(files, site, [site.root], signal));
  } catch (error) {
    if (!isProblem(error, 'no-private-folder')) throw error;
    context.log(
      'warning',
      `Other computers cannot be told that the site is being restored: ${error.message}`,
    );
    return null;
  }
}

/**
 * Puts the site back as the backup from just before has it. May be done again at any point.
 * @param databaseBegun whether the database may be changed by now: then visitors have to be kept out
 * @returns false: there is no such backup, so the files stay as they are
 * @throws Problem `half-restored` where there is no such backup of it
 */
export async function takeBack(
  services: RollbackServices,
  hands: Hands,
  { before, backupId, paths }: SftpRestoreJournal,
  databaseBegun: boolean,
  context: RunContext,
): Promise<boolean> {
  if (before === null) {
    if (databaseBegun) throw halfRestored();
    return false;
  }
  const snapshot = await services.store.open(before);
  await context.step('take back', { title: 'Bring the site back as it was' }, async (step) => {
    const now = await toldApart(services.store, before, backupId);
    const wanted = { backupId: before, paths };
    const found = await restorePathsOverSftp(services.store, hands, wanted, now, context.progress);
    step.detail(`${found.written} written back, ${found.deleted} deleted; from backup ${before}.`);
  });
  if (databaseBegun) {
    if (snapshot.database === null) throw halfRestored();
    const step = { name: 'take database back', title: 'Put the database back as it was' };
    await restoreDatabaseOverSftp(services, hands, before, context, step);
  }
  await context.undone(['restore', 'database']);
  return true;
}

function halfRestored(): Problem {
  return new Problem({
    code: 'half-restored',
    message: 'The database was put back in part only, and there is no backup of it as it was before.',
    attempted: 'Bring the database back as it was',
    todo: 'Visitors are kept out. Recover lets them in again; then restore the same backup, or another one.',
  });
}

function noDatabase(): Problem {
  return new Problem({
    code: 'needs-shell',
    message:
      'A database is restored by commands on the server, and this site is reached over SFTP, which only gives files.',
    attempted: 'Restore the database',
    todo: 'Restore it to a folder on this computer and import it at the host, or ask the host for a shell.',
  });
}
