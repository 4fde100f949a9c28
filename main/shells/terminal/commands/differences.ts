import { createTwoFilesPatch } from 'diff';
import type { BackupChange, Comparison } from '../../../api/index.ts';
import { counted, type BackupId } from '../../../words/index.ts';
import type { Command } from '../context.ts';
import { printable } from '../output.ts';

/** Most bytes of a file, and most lines apart, of which the lines that differ are shown. */
const MOST_BYTES = 1_048_576;
const MOST_LINES = 5000;

/** Shows what differs between two backups, or a backup and the site; of one text file, the lines as well. */
export async function showDifferences(
  { client, out }: Command,
  asked: { before?: BackupId; after: BackupId | 'live'; path: string },
): Promise<void> {
  const comparison = await client.backups.compare(asked);
  const [only] = comparison.changes;
  const patch =
    only?.path === asked.path && only.change === 'changed' ? await patchOf(client, comparison, only) : null;
  if (patch !== null && !out.json) {
    out.raw(Buffer.from(patch.split('\n').map(printable).join('\n')));
    return;
  }
  out.result(patch === null ? comparison : { ...comparison, patch }, {
    columns: ['change', 'before', 'after', 'path'],
    rows: comparison.changes.map(({ change, before, after, path }) => [
      change,
      side(before, change),
      side(after, change),
      path,
    ]),
  });
  for (const line of summaryOf(comparison)) out.say(line);
}

/** A file, or where a link points. */
export function whatIs(kind: string, target: string | null): string {
  return target === null ? kind : `link to ${target}`;
}

function side(entry: BackupChange['before'], change: BackupChange['change']): string {
  if (entry === null) return '';
  if (change === 'mode') return entry.mode.toString(8).padStart(4, '0');
  return entry.kind === 'file' ? String(entry.size) : whatIs(entry.kind, entry.target);
}

function summaryOf({ counts, database, truncated, changes }: Comparison): string[] {
  const named = [
    [counts.added, 'added'],
    [counts.changed, 'changed'],
    [counts.deleted, 'deleted'],
    [counts.mode, 'with another mode'],
    [counts.target, 'pointing elsewhere'],
    [counts.unread, 'not readable in one of both'],
  ] as const;
  const parts = named.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const rows = database.tables.map(
    ({ name, before, after }) => `  ${name}: ${before ?? 'not there'} → ${after ?? 'not there'} rows`,
  );
  return [
    parts.length === 0 ? 'No file differs.' : `${parts.join(', ')}.`,
    ...(truncated ? [`Only the first ${counted(changes.length, 'change')} are listed.`] : []),
    ...(database.change === 'none' ? [] : [`Database: ${database.change}.`, ...rows]),
  ];
}

/** The lines that differ, as `diff -u` writes them; null where that says nothing: too large, or not text. */
async function patchOf(
  client: Command['client'],
  { before, after }: Comparison,
  change: BackupChange,
): Promise<string | null> {
  const { path } = change;
  if (change.before?.kind !== 'file' || change.after?.kind !== 'file') return null;
  const read = async (id: BackupId | 'live') => {
    if (id !== 'live') return client.backups.file({ backupId: id, path, limit: MOST_BYTES });
    const of = (await client.backups.list({})).find((backup) => backup.id === before);
    return of === undefined ? null : client.backups.liveFile({ siteId: of.siteId, path, limit: MOST_BYTES });
  };
  const [old, now] = await Promise.all([read(before), read(after)]);
  if (!old?.text || !now?.text || old.truncated || now.truncated) return null;
  const [oldText, nowText] = [old, now].map(({ base64 }) => Buffer.from(base64, 'base64').toString('utf8'));
  const patch = createTwoFilesPatch(path, path, oldText ?? '', nowText ?? '', before, after, {
    maxEditLength: MOST_LINES,
  });
  return patch ?? null;
}
