import { BackupId, Problem } from '../../../words/index.ts';
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
