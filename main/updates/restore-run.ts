import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { wordsOf, type BackupId } from '../words/index.ts';
import { ElsewhereJournal } from './elsewhere/plan.ts';
import { recoverElsewhere } from './elsewhere/recover.ts';
import { goOnline as goOnlineOverSftp } from './files-only/maintenance.ts';
import { recoverRestoreOverSftp } from './files-only/recover-restore.ts';
import { restoreOverSftp } from './files-only/restore.ts';
import { SftpRestoreJournal } from './files-only/restore-journal.ts';
import { removeNoted } from './files-only/runner-step.ts';
import { recoverRollbackOverSftp } from './files-only/recover-rollback.ts';
import { GuardJournal } from './guard.ts';
import { handsFor } from './hands.ts';
import { holdingSite } from './holding.ts';
import { findPrivateFolder } from './private-folder.ts';
import { leaveReported, recoverGuarded } from './recover-guarded.ts';
import { restoreDatabase } from './restore-database.ts';
import { restoredBy } from './restore-plan.ts';
import { restorePaths } from './restore-site.ts';
import type { RollbackServices } from './services.ts';
import { RunPlan } from './run-plan.ts';
import { siteLock } from './site-lock.ts';
import { goOnline, leaveSite } from './undo.ts';
import { disarmWatchdog } from './watchdog.ts';

export interface RestoreChoice {
  readonly backupId: BackupId;
  /** Relative to the root; empty: everything. */
  readonly paths: readonly string[];
  readonly database: boolean;
}

/** Restores paths, and perhaps the database, of a backup to the site it was taken from. A backup of the site as it is comes first. */
export async function restoreSite(
  services: RollbackServices,
  given: Site,
  choice: RestoreChoice,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  if (given.connection.kind === 'sftp') return restoreOverSftp(services, given, hands, choice, context);
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, given, context.signal),
  );
  const site = services.setPrivateFolder(given.id, privateFolder);
  const php = choice.database ? (await hands.knownDatabase()).php : (site.settings.php ?? 'php');
  const ended = await holdingSite(services, { site, privateFolder, hands, context, php }, async (held) => {
    const touches = await restoredBy(services, choice);
    await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      // A site that is broken may be exactly why it is restored: what can be saved of it is, the rest is said.
      try {
        const backup = await services.backUp(site, 'before-restore', context, { touches });
        step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
      } catch (error) {
        if (context.signal.aborted) throw error;
        context.log('warning', `The site could not be backed up as it is: ${wordsOf(error)}`);
        step.detail('Not possible; the log says why.');
      }
    });
    const { written, deleted, unchanged } = await context.step(
      'restore',
      { title: 'Put the files in place', undo: { online: true } },
      async (step) => {
        if (choice.database) await held.close();
        await held.guard({ name: 'the restored files', items: [], database: choice.database });
        const found = await restorePaths(services, hands, held.lock, {
          backupId: choice.backupId,
          paths: choice.paths,
          progress: context.progress,
        });
        if (choice.database) await restoreDatabase(services.store, held.patient, held.lock, choice.backupId);
        step.detail(
          `${found.written} written and compared where they lie now, ${found.deleted} deleted, ${found.unchanged} were the same.`,
        );
        return found;
      },
    );
    return {
      state: 'done',
      summary: `Restored: ${written} files written, ${deleted} deleted${choice.database ? ', and the database' : ''}; ${unchanged} were the same.`,
    };
  });
  if (hands.platform.module !== null) await services.afterRun(site);
  return ended;
}

const NOTHING: RunResult = {
  state: 'cancelled',
  summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
};

/** A rollback or restore that a dead process left: the site is reopened; doing it again finishes it, since both only move towards their goal. */
export async function recoverOther(
  services: RollbackServices,
  site: Site | null,
  orphan: Orphan,
  context: RunContext,
): Promise<RunResult> {
  const { data: elsewhere } = ElsewhereJournal.safeParse(orphan.plan);
  if (elsewhere !== undefined && site !== null)
    return recoverElsewhere(services, site, orphan, elsewhere, context);
  const { data: guarded } = GuardJournal.safeParse(orphan.plan);
  if (guarded !== undefined && site !== null) return recoverGuarded(services, site, orphan, guarded, context);
  if (site?.connection.kind === 'sftp') return recoverOtherOverSftp(services, site, orphan, context);
  if (site === null || site.privateFolder === null) return NOTHING;
  const hands = handsFor(services, site, context.signal).patient();
  const lock = siteLock(services.scripts, site.privateFolder, orphan.run.id);
  const began = orphan.steps.some((step) => step.name === 'undo' || step.name === 'restore');
  await context.step('settle', { title: 'Tidy up' }, async () => {
    if (!(await hands.on((connection) => lock.isOurs(connection, hands.signal)))) {
      await leaveReported(hands, lock);
      return;
    }
    // One that was left there before there was anything to undo.
    await disarmWatchdog(hands, lock);
    if (began) await goOnline(hands, lock, site.settings.php ?? 'php');
    await leaveSite(hands, lock, [lock.runFolder]);
  });
  return began ? cutOff(orphan) : NOTHING;
}

/** Our own files go, and visitors are let in; a rollback is taken back, where it was neither finished nor taken back. */
async function recoverOtherOverSftp(
  services: RollbackServices,
  site: Site,
  orphan: Orphan,
  context: RunContext,
): Promise<RunResult> {
  const { data: plan } = RunPlan.safeParse(orphan.plan);
  if (plan !== undefined) return recoverRollbackOverSftp(services, site, orphan, plan, context);
  const { data: restoring } = SftpRestoreJournal.safeParse(orphan.plan);
  if (restoring !== undefined) return recoverRestoreOverSftp(services, site, orphan, restoring, context);
  const began = orphan.steps.some((step) => ['restore', 'database'].includes(step.name));
  const hands = handsFor(services, site, context.signal).patient();
  await removeNoted(hands, orphan);
  if (orphan.steps.some((step) => step.name === 'database')) await goOnlineOverSftp(hands);
  return began ? cutOff(orphan) : NOTHING;
}

function cutOff({ run }: Orphan): RunResult {
  return {
    state: 'failed',
    summary: `“${run.title}” was cut off part of the way. Start it again to finish it; the backup from before is there.`,
  };
}
