import { z } from 'zod';
import { Rewritten } from '../../backups/index.ts';
import { BackupId, ProblemShape, RemotePath, SiteId } from '../../words/index.ts';

/** What restoring a backup to another site would do, found out without changing anything. */
export const ElsewherePlan = z.object({
  backupId: BackupId,
  from: z.object({ name: z.string(), takenAt: z.number() }),
  to: z.object({ siteId: SiteId, name: z.string(), url: z.string(), root: RemotePath }),
  files: z.object({
    written: z.number().int(),
    bytes: z.number(),
    deleted: z.number().int(),
    unchanged: z.number().int(),
    /** Files of the backup or the site that stay as the site has them, or does not. */
    stays: z.array(z.string()),
  }),
  /** null: only files. */
  database: z
    .object({
      prefix: z.object({ from: z.string(), to: z.string() }),
      moves: z.array(z.object({ kind: z.enum(['url', 'path']), from: z.string(), to: z.string() })),
      rewritten: Rewritten,
      /** Tables of the site that the backup does not have: they go. */
      dropped: z.array(z.string()),
    })
    .nullable(),
  warnings: z.array(z.string()),
  /** Why it cannot be done; the first is what a run would fail with. */
  blockers: z.array(ProblemShape),
});
export type ElsewherePlan = z.infer<typeof ElsewherePlan>;

/** What the journal holds of such a restore: enough to take it back. */
export const ElsewhereJournal = z.object({
  to: z.literal('elsewhere'),
  backupId: BackupId,
  /** The site as it was, verified; null: nothing of it was changed yet. */
  before: BackupId.nullable(),
  php: z.string(),
  /** What is neither written nor deleted, relative to the root. */
  stays: z.array(z.string()),
  /** Whether the database goes too. */
  database: z.boolean(),
  outcome: z.enum(['waiting', 'kept', 'undone']),
});
export type ElsewhereJournal = z.infer<typeof ElsewhereJournal>;

export const ELSEWHERE_STEPS = [
  { name: 'preflight', title: 'Look whether it can be done' },
  { name: 'backup', title: 'Back up the site as it is' },
  { name: 'baseline', title: 'Look at the site as it is' },
  { name: 'restore', title: 'Put the other site’s content in place' },
  { name: 'judge', title: 'Look whether the site is well' },
  { name: 'settle', title: 'Tidy up' },
];

/** Why a value that names the old place was left alone, in words. */
export const LEFT_BECAUSE = {
  'broken-serialized': 'serialized PHP that is broken',
  'own-serialized': 'serialized by a class in a way of its own',
  binary: 'binary',
  kept: 'never changed',
} as const;
