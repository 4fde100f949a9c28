import { z } from 'zod';
import { Backup, BackupChange, Comparison, countRows, type Store } from '../backups/index.ts';
import type { Site } from '../sites/index.ts';
import { asProblem, type ProblemShape, ProblemShape as Shape } from '../words/index.ts';
import { examineSite, Finding } from './examine.ts';
import { handsFor } from './hands.ts';
import { compareLive } from './live.ts';
import type { RollbackServices } from './services.ts';
import { rowChanges } from './row-changes.ts';

/** So many changed paths are named. */
const NAMED = 100;

/** What restoring a backup would change on the site. */
export const RestorePreview = z.object({
  counts: Comparison.shape.counts,
  /** The first of them. */
  changes: z.array(BackupChange),
  /** Tables that have another number of rows now; null: they could not be counted, or the backup has no database. */
  rows: z.array(z.object({ table: z.string(), before: z.number(), now: z.number() })).nullable(),
});
export type RestorePreview = z.infer<typeof RestorePreview>;

/** How a site is, and whether there is reason to bring a backup of it back. */
export const Assessment = z.object({
  findings: z.array(Finding),
  /** Pages are sick, or it cannot be read. */
  sick: z.boolean(),
  /** The newest backup of a site that was not known to be broken, read back whole; null: there is none. */
  backup: Backup.nullable(),
  /** Newer ones that are damaged. */
  passedOver: z.array(z.object({ takenAt: z.number(), why: z.string() })),
  /** What restoring it would change; null: it could not be compared, and `problem` says why. */
  preview: RestorePreview.nullable(),
  problem: Shape.nullable(),
  /** Whether there is anything to restore. It is never done unasked. */
  differs: z.boolean(),
});
export type Assessment = z.infer<typeof Assessment>;

/**
 * Backups in the order in which one would restore them: newest first, but those that were taken because something was wrong with the
 * site come after all others.
 */
export function inOrderOfTrust(backups: readonly Backup[]): Backup[] {
  const sound = ({ reason }: Backup) => ['asked', 'scheduled', 'before-update'].includes(reason);
  return backups.toSorted((a, b) => Number(sound(b)) - Number(sound(a)) || b.takenAt - a.takenAt);
}

/** Looks how a site is, finds its newest good backup, and says what restoring that would change. Writes nothing on the site. */
export async function assessSite(
  services: RollbackServices,
  site: Site,
  signal: AbortSignal,
): Promise<Assessment> {
  const [findings, { backup, passedOver }] = await Promise.all([
    examineSite(services, site, signal),
    newestGood(services.store, site, signal),
  ]);
  const sick = findings.some(
    ({ about, level }) => level === 'wrong' && (about === 'health' || about === 'connection'),
  );
  const told = { findings, sick, backup, passedOver };
  if (backup === null) return { ...told, preview: null, problem: null, differs: false };
  try {
    const preview = await previewRestore(services, site, backup, signal);
    const files = Object.values(preview.counts).some((count) => count > 0);
    return { ...told, preview, problem: null, differs: files || (preview.rows ?? []).length > 0 };
  } catch (error) {
    signal.throwIfAborted();
    // What cannot be compared may well be what has to be restored.
    const problem: ProblemShape = asProblem(error).toJSON();
    return { ...told, preview: null, problem, differs: true };
  }
}

/** What restoring a whole backup to its site would change there. Reads only. */
export async function previewRestore(
  services: RollbackServices,
  site: Site,
  { id: backupId }: Pick<Backup, 'id'>,
  signal: AbortSignal,
): Promise<RestorePreview> {
  const { counts, changes } = await compareLive(services, site, { backupId, path: '', limit: NAMED }, signal);
  const { database } = await services.store.open(backupId);
  const hands = handsFor(services, site, signal);
  const now = await hands
    .on(async (connection) => {
      const work = await hands.database(connection);
      return work === null ? null : countRows(work);
    })
    .catch(() => null);
  signal.throwIfAborted();
  return {
    counts,
    changes,
    rows: database === null || now === null ? null : rowChanges(database.tables, now),
  };
}

async function newestGood(
  store: Store,
  site: Site,
  signal: AbortSignal,
): Promise<Pick<Assessment, 'backup' | 'passedOver'>> {
  const passedOver: Assessment['passedOver'] = [];
  for (const backup of inOrderOfTrust(await store.list(site.id))) {
    const { damage } = await store.verify([backup.id], signal, () => {}, 'new');
    if (damage.length === 0) return { backup, passedOver };
    passedOver.push({ takenAt: backup.takenAt, why: damage.slice(0, 3).join('; ') });
  }
  return { backup: null, passedOver };
}
