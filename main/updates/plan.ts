import { z } from 'zod';
import { ComponentKind } from '../platforms/index.ts';
import { Update } from '../checks/index.ts';
import { ProblemShape } from '../words/index.ts';

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
  /** What stands in the way; with any of these nothing is started. */
  blockers: z.array(ProblemShape),
  /** Worth knowing, nothing more. */
  warnings: z.array(z.string()),
});
export type UpdatePlan = z.infer<typeof UpdatePlan>;

/** What can be taken back, and what would be lost with the database. */
export const RollbackPreview = z.object({
  title: z.string(),
  components: z.array(
    z.object({ kind: ComponentKind, slug: z.string(), name: z.string(), from: z.string(), to: z.string() }),
  ),
  /** `kept`: the old tree still lies on the site, it takes a second. `store`: from the backup. */
  means: z.enum(['kept', 'store']),
  database: z.object({
    /** Whether a dump from before the update exists. */
    available: z.boolean(),
    takenAt: z.number().nullable(),
    /** Tables whose row counts differ now; what restoring would lose. null: could not be counted. */
    changed: z.array(z.object({ table: z.string(), before: z.number(), now: z.number() })).nullable(),
  }),
});
export type RollbackPreview = z.infer<typeof RollbackPreview>;

/** One look at a page from outside. */
export const Probe = z.object({
  url: z.string(),
  status: z.number().nullable(),
  finalUrl: z.string(),
  title: z.string(),
  words: z.number(),
  bytes: z.number(),
  millis: z.number(),
  /** A fatal message found in the page, or why nothing answered. */
  fault: z.string().nullable(),
});
export type Probe = z.infer<typeof Probe>;

export const Verdict = z.object({
  verdict: z.enum(['same', 'better', 'worse']),
  reasons: z.array(z.string()),
});
export type Verdict = z.infer<typeof Verdict>;
