import { countRows, type Snapshot, type StoredDatabase } from '../backups/index.ts';
import type { Orphan } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { asProblem, Problem, type BackupId, type RunId } from '../words/index.ts';
import { recordOfCutOff } from './cut-off.ts';
import { handsFor, type Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import { oldVersionOf, whyNotKept } from './old-version.ts';
import type { RollbackPreview } from './plan.ts';
import { recordTo, versionsSince } from './point-in-time.ts';
import { obstaclesToRollback } from './rollback-obstacles.ts';
import { rowChanges } from './row-changes.ts';
import type { JournaledPart } from './run-plan.ts';
import type { RollbackServices } from './services.ts';

export interface RollbackChoice {
  /** Which update; null: the latest. */
  readonly runId: RunId | null;
  /** In place of one update: everything back to the versions of this backup. */
  readonly to?: BackupId | undefined;
  /** Slugs; null: all of its components. */
  readonly components: readonly string[] | null;
  readonly database: 'keep' | 'restore';
  /** Whether it is done in spite of what a person may judge (see `obstaclesToRollback`), and stays where the site looks worse then. */
  readonly force: boolean;
  /** A run of this site that was cut off and could not be recovered: what it was about is taken back. Only where it is forced. */
  readonly cutOff: Orphan | null;
}

/** The update that a choice means. @throws Problem `nothing-to-roll-back` */
export async function updateToUndo(
  services: RollbackServices,
  site: Site,
  choice: Pick<RollbackChoice, 'runId' | 'components' | 'to'> & Partial<Pick<RollbackChoice, 'cutOff'>>,
  signal: AbortSignal = AbortSignal.timeout(600_000),
): Promise<{ record: KeptRecord; parts: JournaledPart[] }> {
  const { cutOff = null, to, components } = choice;
  if (to !== undefined) {
    const record = await recordTo(services, site, { to, components }, signal);
    return { record, parts: record.tree.parts };
  }
  const record =
    (cutOff === null ? null : recordOfCutOff(cutOff, site.id)) ??
    (choice.runId === null ? (await services.kept.of(site.id))[0] : await services.kept.get(choice.runId));
  const parts =
    record?.tree.parts.filter(
      (part) => choice.components === null || choice.components.includes(part.slug),
    ) ?? [];
  if (!record || record.siteId !== site.id || parts.length === 0) {
    throw new Problem({
      code: 'nothing-to-roll-back',
      message: `There is no update of ${site.name} that can be taken back${choice.components === null ? '' : ' for these components'}.`,
      todo: 'Restore from a backup instead (`backups restore`).',
    });
  }
  return { record, parts };
}

/** What a rollback would do, and what restoring the database would lose. Reads only. */
export async function previewRollback(
  services: RollbackServices,
  site: Site,
  choice: Pick<RollbackChoice, 'runId' | 'components' | 'to'>,
  signal: AbortSignal,
): Promise<RollbackPreview> {
  const { record, parts } = await updateToUndo(services, site, choice, signal);
  const hands = handsFor(services, site, signal);
  const found = await oldVersionOf(services, site, record, parts).then(
    (old) => ({ old, wrong: [] }),
    (error: unknown) => {
      signal.throwIfAborted();
      return { old: null, wrong: [{ problem: asProblem(error).toJSON(), canBeForced: false }] };
    },
  );
  const { old } = found;
  const means =
    old !== null && (await whyNotKept(hands, record, parts, old, 'glance')) === null ? 'kept' : 'store';
  const obstacles = await obstaclesToRollback(services, hands, record, parts, {
    ...{ runId: null, database: 'keep' },
    bytes: means === 'kept' ? 0 : (old?.bytes ?? 0),
  });
  const snapshot = await services.store.open(record.tree.backupId).catch(() => null);
  const before = snapshot?.database?.tables ?? null;
  const counted = await countedNow(services, hands, snapshot);
  const since = choice.to === undefined ? undefined : snapshot?.backup;
  const components = await Promise.all(
    parts.map(async (part) => {
      const { kind, slug, name, from, to } = part;
      const versions = since === undefined ? [] : await versionsSince(services.store, site, part, since);
      return { kind, slug, name, from: to, to: from, versions };
    }),
  );
  return {
    title: titleOf(parts),
    components,
    means,
    obstacles: [...found.wrong, ...obstacles],
    database: {
      available: before !== null,
      takenAt: snapshot?.backup.takenAt ?? null,
      changed: before === null || counted === null ? null : rowChanges(before, counted.tables),
      countedAt: counted?.at ?? null,
      schema: parts.flatMap(({ schema }) => schema ?? []),
    },
  };
}

/**
 * How many rows the site's tables have. Over SFTP only a file of ours in the web root could count them, which a look does not put there:
 * then as the newest backup since then knows.
 */
async function countedNow(
  { store }: RollbackServices,
  hands: Hands,
  then: Snapshot | null,
): Promise<{ tables: StoredDatabase['tables']; at: number | null } | null> {
  const { site } = hands;
  if (site.connection.kind !== 'sftp')
    return hands
      .on(async (connection) => {
        const work = await hands.database(connection);
        return work === null ? null : { tables: await countRows(work), at: null };
      })
      .catch(() => null);
  const since = then?.backup.takenAt ?? 0;
  const newest = (await store.list(site.id)).find(
    ({ takenAt, database }) => takenAt > since && database !== null,
  );
  if (newest === undefined) return null;
  const tables = (await store.open(newest.id).catch(() => null))?.database?.tables;
  return tables === undefined ? null : { tables, at: newest.takenAt };
}

/** What is brought back, in words. */
export function titleOf(parts: readonly JournaledPart[]): string {
  return parts.map((part) => `${part.name} ${part.to} → ${part.from}`).join(', ');
}
