import type { Backup } from '../../../backups/index.ts';
import { BackupId, Problem, type SiteId } from '../../../words/index.ts';
import type { Command } from '../context.ts';

/** A backup by its id, or `latest`. */
export async function backupNamed({ client }: Command, word: string): Promise<BackupId> {
  if (word !== 'latest') {
    const id = BackupId.safeParse(word);
    if (id.success) return id.data;
    throw new Problem({
      code: 'no-such-backup',
      message: `There is no backup “${word}”.`,
      todo: '`backups list` shows all of them.',
    });
  }
  const [latest] = await client.backups.list({});
  if (!latest) throw new Problem({ code: 'no-such-backup', message: 'There is no backup yet.' });
  return latest.id;
}

/** The backup of a site that a word means: its id, `latest`, or the newest that was taken by then. A day counts to its end. */
export async function backupOf({ client }: Command, siteId: SiteId, word: string): Promise<Backup> {
  const backups = await client.backups.list({ siteId });
  const at = timeOf(word);
  const found =
    word === 'latest'
      ? backups[0]
      : (backups.find(({ id }) => id === word) ??
        (at === null ? undefined : backups.find(({ takenAt }) => takenAt <= at)));
  if (found !== undefined) return found;
  const oldest = backups.at(-1);
  throw new Problem({
    code: 'no-such-backup',
    message:
      at === null
        ? `“${word}” is neither a backup of this site nor a date.`
        : 'There is no backup of this site from before that.',
    answered: oldest === undefined ? '' : `The oldest is of ${new Date(oldest.takenAt).toISOString()}.`,
    todo: '`backups list SITE` shows all of them. A date is written 2026-11-20 or 2026-11-20T14:00.',
  });
}

/** A date in the computer's own zone, in milliseconds; null: it is none. */
export function timeOf(word: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$/.test(word)) return null;
  const isDay = word.length === 10;
  const at = Date.parse(isDay ? `${word}T23:59:59.999` : word.replace(' ', 'T'));
  return Number.isNaN(at) ? null : at;
}
