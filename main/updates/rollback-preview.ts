import { countRows, type Store } from '../backups/index.ts';
import { run, sh } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem, type RunId } from '../words/index.ts';
import { handsFor, type Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import type { RollbackPreview } from './plan.ts';
import { inodesOf } from './remote.ts';
import type { JournaledPart } from './run-plan.ts';
import type { UpdateServices } from './update.ts';

export interface RollbackServices extends UpdateServices {
  readonly store: Store;
}

export interface RollbackChoice {
  /** Which update; null: the latest. */
  readonly runId: RunId | null;
  /** Slugs; null: all of its components. */
  readonly components: readonly string[] | null;
  readonly database: 'keep' | 'restore';
}

/** The update that a choice means. @throws Problem `nothing-to-roll-back` */
export async function updateToUndo(
  services: RollbackServices,
  site: Site,
  choice: Pick<RollbackChoice, 'runId' | 'components'>,
): Promise<{ record: KeptRecord; parts: JournaledPart[] }> {
  const record =
    choice.runId === null ? (await services.kept.of(site.id))[0] : await services.kept.get(choice.runId);
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
  choice: Pick<RollbackChoice, 'runId' | 'components'>,
  signal: AbortSignal,
): Promise<RollbackPreview> {
  const { record, parts } = await updateToUndo(services, site, choice);
  const hands = handsFor(services, site, signal);
  const means = (await areKept(hands, parts)) ? 'kept' : 'store';
  const snapshot = await services.store.open(record.tree.backupId).catch(() => null);
  const before = snapshot?.database?.tables ?? null;
  const now = await hands
    .on(async (connection) => {
      const work = await hands.database(connection);
      return work === null ? null : countRows(work);
    })
    .catch(() => null);
  return {
    title: titleOf(parts),
    components: parts.map(({ kind, slug, name, from, to }) => ({ kind, slug, name, from: to, to: from })),
    means,
    database: {
      available: before !== null,
      takenAt: snapshot?.backup.takenAt ?? null,
      changed: before === null || now === null ? null : differences(before, now),
    },
  };
}

/** Whether every old tree is still there and nothing has been installed over it since. */
export async function areKept(hands: Hands, parts: readonly JournaledPart[]): Promise<boolean> {
  const items = parts.flatMap((part) => part.items);
  const folders = items.filter(
    (item) => item.kind === 'folder' && item.inode !== null && item.staged !== null,
  );
  const files = items.filter((item) => item.kind === 'file' && item.inode !== null);
  return hands.on(async (connection) => {
    const inodes = await inodesOf(
      connection,
      folders.map((item) => item.old),
      hands.signal,
    );
    if (folders.some((item, index) => item.inode !== inodes[index])) return false;
    if (files.length === 0) return true;
    const there = await run(
      connection,
      sh`for one in ${files.map((item) => item.old)}; do [ -f "$one" ] || exit 1; done`,
      { attempted: 'Look for the old files', signal: hands.signal, timeLimit: 30_000 },
    );
    return there.code === 0;
  });
}

/** What is brought back, in words. */
export function titleOf(parts: readonly JournaledPart[]): string {
  return parts.map((part) => `${part.name} ${part.to} → ${part.from}`).join(', ');
}

function differences(
  before: readonly { name: string; rows: number }[],
  now: readonly { name: string; rows: number }[],
): { table: string; before: number; now: number }[] {
  const names = [...new Set([...before, ...now].map((table) => table.name))].sort();
  return names.flatMap((table) => {
    const was = before.find((one) => one.name === table)?.rows ?? 0;
    const is = now.find((one) => one.name === table)?.rows ?? 0;
    return was === is ? [] : [{ table, before: was, now: is }];
  });
}
