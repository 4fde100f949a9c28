import { z } from 'zod';
import { ComponentKind } from '../platforms/index.ts';
import { Update } from '../checks/index.ts';
import type { PageSeen } from '../runs/index.ts';
import { ProblemShape } from '../words/index.ts';
import { SchemaChange } from './schema-change.ts';

/** Which component the user picks, and perhaps which version of it. */
export const Choice = z.object({
  kind: ComponentKind,
  slug: z.string(),
  version: z.string().nullable().default(null),
});
export type Choice = z.infer<typeof Choice>;

/** What an update would do, found out without writing anything: the dry run, and what the screen confirms. */
export const UpdatePlan = z.object({
  updates: z.array(
    z.object({
      update: Update,
      /** Whether the database is changed, or may be: then visitors see a maintenance page meanwhile. */
      migrates: z.enum(['no', 'perhaps', 'yes']),
      files: z
        .object({ added: z.number(), changed: z.number(), deleted: z.number(), kept: z.number() })
        .nullable(),
      bytesToUpload: z.number().nullable(),
      /** Files on the site that differ from the installed release: they would be overwritten. */
      localChanges: z.array(z.string()),
    }),
  ),
  /** What brings the site back when this computer goes silent in the middle. */
  watchdog: z.object({
    /** Whether a script on the server does: false where nothing outlives a connection to it. */
    runs: z.boolean(),
    /** Whether the user has to agree first: the database is changed, and nothing on the server would undo that by itself. */
    needsConsent: z.boolean(),
  }),
  /** Whether visitors get nothing of the site now: the user has to agree first, since nothing can judge the update then. */
  down: z.boolean(),
  /** What stands in the way; with any of these nothing is started. */
  blockers: z.array(ProblemShape),
  /** Worth knowing, nothing more. */
  warnings: z.array(z.string()),
});
export type UpdatePlan = z.infer<typeof UpdatePlan>;

/** What stands in the way of a rollback; `canBeForced`: a person who was told of it may have it done all the same. */
export const RollbackObstacle = z.object({ problem: ProblemShape, canBeForced: z.boolean() });
export type RollbackObstacle = z.infer<typeof RollbackObstacle>;

/** What can be taken back, and what would be lost with the database. */
export const RollbackPreview = z.object({
  title: z.string(),
  components: z.array(
    z.object({
      ...{ kind: ComponentKind, slug: z.string(), name: z.string(), from: z.string(), to: z.string() },
      /** To a point in time: every version that it had since, the oldest first, as the backups know. Empty: one update is taken back. */
      versions: z.array(z.string()),
    }),
  ),
  /** `kept`: the old tree still lies on the site, it takes a second. `store`: from the backup. */
  means: z.enum(['kept', 'store']),
  obstacles: z.array(RollbackObstacle),
  database: z.object({
    /** Whether a dump from before the update exists. */
    available: z.boolean(),
    takenAt: z.number().nullable(),
    /** Tables whose row counts differ now; what restoring would lose. null: could not be counted. */
    changed: z.array(z.object({ table: z.string(), before: z.number(), now: z.number() })).nullable(),
    /** Of which moment these counts are, in milliseconds: of the newest backup, where the database cannot be asked without writing. null: of now. */
    countedAt: z.number().nullable(),
    /** What the update changed of the schema: the old version would meet it where the database is kept. */
    schema: z.array(SchemaChange),
  }),
});
export type RollbackPreview = z.infer<typeof RollbackPreview>;

/** From when on a site counts as worse. */
export interface JudgeRules {
  /** A page this many times slower than before. */
  readonly slowerTimes: number;
  /** The share of a page's words that is gone, 0 to 1. */
  readonly wordsLost: number;
  /** The share of a picture that differs, beyond what differs anyway, 0 to 1. */
  readonly pictureDiffers: number;
}

/** What has become of a site. */
export interface Verdict {
  readonly verdict: 'same' | 'better' | 'worse';
  /** Why it is worse. */
  readonly reasons: readonly string[];
  /** What else was seen. */
  readonly notes: readonly string[];
  readonly pages: readonly PageSeen[];
}
