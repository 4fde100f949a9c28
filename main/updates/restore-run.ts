import { createHash, randomBytes } from 'node:crypto';
import { run, sh } from '../connections/index.ts';
import type { Orphan, RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, type BackupId } from '../words/index.ts';
import { createHands } from './hands.ts';
import { findPrivateFolder } from './private-folder.ts';
import { fence, lockSite, unlockSite } from './remote.ts';
import { restorePaths } from './restore-site.ts';
import { restoreDatabase, type RollbackServices } from './rollback.ts';
import { goOffline, goOnline, sweep } from './undo.ts';

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
  const platform = services.platforms.get(given.platform);
  const hands = createHands({
    site: given,
    platform,
    reach: services.reach,
    scripts: services.databaseScripts,
    signal: context.signal,
    now: services.clock(),
  });
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, given, context.signal),
  );
  const site = services.setPrivateFolder(given.id, privateFolder);
  const before = fence(privateFolder, context.runId);
  const runFolder = joinRemote(privateFolder, context.runId);
  const lock = { privateFolder, runId: context.runId };
  await hands.on((connection) => lockSite(connection, { ...lock, signal: context.signal }));
  const patient = hands.patient();
  let offline = false;
  let php = site.settings.php ?? 'php';
  try {
    await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      // A site that is broken may be exactly why it is restored: what can be saved of it is, the rest is said.
      try {
        const backup = await services.backUp(site, 'before-restore', context);
        step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
      } catch (error) {
        if (context.signal.aborted) throw error;
        context.log(
          'warning',
          `The site could not be backed up as it is: ${error instanceof Error ? error.message : String(error)}`,
        );
        step.detail('Not possible; the log says why.');
      }
    });
    const restored = await context.step(
      'restore',
      { title: 'Put the files in place', undo: { online: true } },
      async (step) => {
        if (choice.database) {
          php = (await hands.reading()).facts.php;
          offline = true;
          await goOffline(hands, before, createHash('sha256').update(randomBytes(24)).digest('hex'), php);
        }
        const found = await restorePaths(services, hands, choice.backupId, choice.paths, {
          fence: before,
          runFolder,
          progress: context.progress,
        });
        if (choice.database) await restoreDatabase(services, patient, choice.backupId, before);
        step.detail(`${found.written} written, ${found.deleted} deleted, ${found.unchanged} were the same.`);
        return found;
      },
    );
    return {
      state: 'done',
      summary: `Restored: ${restored.written} files written, ${restored.deleted} deleted${choice.database ? ', and the database' : ''}.`,
    };
  } finally {
    await context.step('settle', { title: 'Tidy up' }, async () => {
      if (offline) await goOnline(patient, before, php);
      await sweep(patient, before, [runFolder]);
      await patient.on((connection) => unlockSite(connection, { ...lock, signal: patient.signal }));
    });
    if (platform.module !== null) await services.afterRun(site);
  }
}

/** A rollback or restore that a dead process left: the site is reopened; doing it again finishes it, since both only move towards their goal. */
export async function recoverOther(
  services: RollbackServices,
  site: Site | null,
  orphan: Orphan,
  context: RunContext,
): Promise<RunResult> {
  const privateFolder = site?.privateFolder ?? null;
  if (site === null || privateFolder === null)
    return {
      state: 'cancelled',
      summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
    };
  const before = fence(privateFolder, orphan.run.id);
  const hands = createHands({
    site,
    platform: services.platforms.get(site.platform),
    reach: services.reach,
    scripts: services.databaseScripts,
    signal: context.signal,
    now: services.clock(),
  }).patient();
  const began = orphan.steps.some((step) => step.name === 'undo' || step.name === 'restore');
  await context.step('settle', { title: 'Tidy up' }, async () => {
    const owned = await hands.on(async (connection) => {
      const owner = await run(
        connection,
        sh`cat -- ${joinRemote(privateFolder, 'lock', 'owner')} 2>/dev/null; exit 0`,
        { attempted: 'Ask the site who owns it', signal: hands.signal, timeLimit: 30_000 },
      );
      return owner.stdout.toString('utf8') === orphan.run.id;
    });
    if (!owned) return;
    if (began) await goOnline(hands, before, site.settings.php ?? 'php');
    await sweep(hands, before, [joinRemote(privateFolder, orphan.run.id)]);
    await hands.on((connection) =>
      unlockSite(connection, { privateFolder, runId: orphan.run.id, signal: hands.signal }),
    );
  });
  return began
    ? {
        state: 'failed',
        summary: `“${orphan.run.title}” was cut off part of the way. Start it again to finish it; the backup from before is there.`,
      }
    : { state: 'cancelled', summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.' };
}
