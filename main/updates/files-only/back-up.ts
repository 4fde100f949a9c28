import type { Backup } from '../../backups/index.ts';
import type { Reading } from '../../platforms/index.ts';
import type { Orphan, RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { asProblem, isAbort } from '../../words/index.ts';
import { backUpSite, type BackUpOptions, type BackUpServices } from '../back-up.ts';
import { handsFor } from '../hands.ts';
import { dumpByPhp, mysqlOf } from './by-php.ts';
import type { Runner } from './runner.ts';
import type { RunnerParts } from './runner-file.ts';
import { removeNoted, withRunner } from './runner-step.ts';

/** How the database of a site is dumped by its own PHP; null: it has none that can be. */
export function sourceOf(runner: Runner, reading: Reading, signal: AbortSignal) {
  const kind = reading.inventory.database?.kind;
  if (kind !== 'mysql' && kind !== 'mariadb') return null;
  return dumpByPhp(runner, mysqlOf(reading), kind, signal);
}

/**
 * Takes a backup of a site that gives SFTP and no shell, with its database by its own PHP. Where that cannot be asked, its files are backed up,
 * and the log says why the database is not.
 */
export async function backUpOverSftp(
  services: BackUpServices & { readonly runner: RunnerParts },
  site: Site,
  reason: Backup['reason'],
  context: RunContext,
  options: BackUpOptions = {},
): Promise<Backup> {
  const hands = handsFor(services, site, context.signal);
  let taken: Backup | null = null;
  try {
    return await withRunner(services.runner, hands, context, async (runner, reading) => {
      const source = sourceOf(runner, reading, context.signal);
      if (source === null)
        context.log('warning', 'The database is not dumped: it is none of MySQL or MariaDB.');
      taken = await backUpSite(services, site, reason, context, { ...options, source });
      return taken;
    });
  } catch (error) {
    const problem = asProblem(error);
    if (isAbort(error) || !WITHOUT.has(problem.code)) throw error;
    context.log(
      'warning',
      `The database is not in the backup: ${problem.message} ${problem.answered}`.trim(),
    );
    return taken ?? backUpSite(services, site, reason, context, options);
  }
}

/** Why PHP there may not be asked at all: then half a backup is better than none. */
const WITHOUT = new Set([
  'runner-insecure',
  'php-not-run',
  'runner-silent',
  'runner-refused',
  'runner-counter',
]);

/** A backup over SFTP that a dead process left: only our own file may lie there. */
export async function recoverBackUp(
  services: BackUpServices,
  site: Site | null,
  orphan: Orphan,
  context: RunContext,
): Promise<RunResult> {
  if (site?.connection.kind === 'sftp')
    await removeNoted(handsFor(services, site, context.signal).patient(), orphan);
  return {
    state: 'cancelled',
    summary: 'Groundskeeper ended while this ran. Nothing on the site was changed.',
  };
}
