import { z } from 'zod';
import { ComponentKind } from '../../platforms/index.ts';
import { ProblemShape } from '../../words/index.ts';

/** A file of a component that is not as its release has it. */
export const RepairFile = z.object({
  /** Relative to the root of the site. */
  path: z.string(),
  /** `extra`: the release does not hold it. It is the user's own, and stays unless the user says otherwise. */
  state: z.enum(['changed', 'missing', 'extra']),
  /** An extra file where only the release's belong: nobody puts his own there, and who breaks in does. */
  suspicious: z.boolean(),
});
export type RepairFile = z.infer<typeof RepairFile>;

/** A component, compared with the release of the very version that is installed. */
export const RepairComponent = z.object({
  kind: ComponentKind,
  slug: z.string(),
  name: z.string(),
  version: z.string(),
  /**
   * `unsure`: its release is known, and may be that of another product by the same name: repaired only when it is named.
   * `unknown`: nobody says what its files have to be, so they are not touched.
   */
  state: z.enum(['known', 'unsure', 'unknown']),
  /** Why it is not known, or unsure; empty where it is known. */
  why: z.string(),
  /** Files that are as the release has them. */
  whole: z.number().int(),
  files: z.array(RepairFile),
  /** Bytes that travel where all of it goes back. */
  bytes: z.number(),
});
export type RepairComponent = z.infer<typeof RepairComponent>;

/** What a repair would do, found out without writing anything. */
export const RepairPlan = z.object({
  components: z.array(RepairComponent),
  /** Whether a script on the server brings the site back when this computer goes silent in the middle. */
  watchdog: z.boolean(),
  /** What stands in the way; with any of these nothing is started. */
  blockers: z.array(ProblemShape),
  /** Worth knowing, nothing more. */
  warnings: z.array(z.string()),
});
export type RepairPlan = z.infer<typeof RepairPlan>;

/** What of one component is to be repaired. Paths are relative to the root of the site. */
export const RepairChoice = z.object({
  kind: ComponentKind,
  slug: z.string(),
  /** Which changed and missing files go back; null: all of them. */
  files: z.array(z.string()).max(100_000).nullable().default(null),
  /** Which extra files go. */
  remove: z.array(z.string()).max(100_000).default([]),
});
export type RepairChoice = z.infer<typeof RepairChoice>;
