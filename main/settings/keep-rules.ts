import { z } from 'zod';

const count = (usual: number) => z.number().int().min(0).max(10_000).default(usual);

/** How many backups of a site are kept. Each rule keeps some, none takes away what another keeps. */
export const KeepRules = z.object({
  /** The newest so many. */
  last: count(5),
  /** All that are younger than so many times 24 hours. */
  everythingDays: count(3),
  /** The newest of each of the latest so many days that have a backup; so with weeks and months. */
  daily: count(14),
  weekly: count(8),
  monthly: count(12),
  /**
   * The newest so many are kept whatever the rest says. Apart from `last`, and never 0, so that no setting of the
   * other rules leaves a site without. (Not “fill up to so many”: then a rule that keeps more could cost another.)
   */
  atLeast: z.number().int().min(1).max(10_000).default(3),
});
export type KeepRules = z.infer<typeof KeepRules>;
