import { z } from 'zod';
import { BackupId, RemotePath } from '../../words/index.ts';

/** The journal's plan of a restore over SFTP: enough to take it back. */
export const SftpRestoreJournal = z.object({
  restored: z.literal('over sftp'),
  /** Where the site is held; null: it cannot be. */
  privateFolder: RemotePath.nullable(),
  /** The site as it was; null: it could not be backed up, or nothing of it was changed yet. */
  before: BackupId.nullable(),
  backupId: BackupId,
  /** Relative to the root; empty: everything. */
  paths: z.array(z.string()),
  database: z.boolean(),
  outcome: z.enum(['waiting', 'kept', 'undone']),
});
export type SftpRestoreJournal = z.infer<typeof SftpRestoreJournal>;
