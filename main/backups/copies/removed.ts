import type { Database } from '../../database/index.ts';
import { BackupId, type Clock } from '../../words/index.ts';

/** Which backups were removed here on purpose: only those may go from a copy without being asked about. */
export interface RemovedBackups {
  add(backup: BackupId): Promise<void>;
  all(): Promise<ReadonlySet<BackupId>>;
}

export function openRemoved(database: Database, clock: Clock): RemovedBackups {
  return {
    async add(backup) {
      await database
        .insertInto('removed_backups')
        .values({ backup_id: backup, removed_at: clock() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async all() {
      const rows = await database.selectFrom('removed_backups').select('backup_id').execute();
      return new Set(rows.map((row) => BackupId.parse(row.backup_id)));
    },
  };
}
