import { compareBackups, liveSnapshot, type Comparison, type Store } from '../backups/index.ts';
import { runOk, sh } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, Problem, type BackupId } from '../words/index.ts';
import type { BackUpServices } from './back-up.ts';
import { handsFor } from './hands.ts';
import { leaveOutOf } from './leave-out.ts';

type LiveServices = Pick<BackUpServices, 'reach' | 'apart' | 'platforms' | 'databaseScripts' | 'clock'>;

/** What of a site's files differs from a backup of it now. Nothing is changed. @throws Problem `no-hashes`, `no-such-path` */
export async function compareLive(
  services: LiveServices & { readonly store: Store },
  site: Site,
  options: { readonly backupId: BackupId; readonly path: string; readonly limit: number },
  signal: AbortSignal,
): Promise<Comparison> {
  const hands = handsFor(services, site, signal);
  const backup = await services.store.open(options.backupId);
  const live = await hands.on((connection) =>
    liveSnapshot(connection, backup, {
      root: site.root,
      leaveOut: leaveOutOf(site, hands.platform.recipe.backup.leaveOut, null),
      scripts: hands.scripts.files,
      signal,
    }),
  );
  return compareBackups(backup, live, { path: options.path, limit: options.limit, live: true });
}

/** At most so many bytes from the start of a file on the site. @throws Problem `not-a-file`, `remote-failed` */
export async function liveFile(
  services: LiveServices,
  site: Site,
  { path, limit }: { readonly path: string; readonly limit: number },
  signal: AbortSignal,
): Promise<{ bytes: Buffer; size: number }> {
  const hands = handsFor(services, site, signal);
  const file = joinRemote(site.root, path);
  const attempted = `Read ${file}`;
  const output = await hands.on((connection) =>
    runOk(
      connection,
      sh`[ -f ${file} ] && [ ! -L ${file} ] || exit 66
wc -c < ${file} && head -c ${limit} < ${file}`,
      { attempted, signal, timeLimit: 120_000, maxOutput: limit + 1000 },
    ),
  );
  const end = output.indexOf(0x0a);
  const size = Number(output.subarray(0, end).toString('latin1'));
  if (end < 0 || !Number.isSafeInteger(size))
    throw new Problem({ code: 'not-a-file', message: `${path} could not be read.`, attempted });
  return { bytes: output.subarray(end + 1), size };
}
