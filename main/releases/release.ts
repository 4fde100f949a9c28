import { z } from 'zod';
import { Sha256 } from '../words/index.ts';

/** A version announced by a source, carried by a package. */
export const Release = z.object({
  /** e.g. `wordpress.org`. */
  source: z.string(),
  kind: z.enum(['core', 'plugin', 'theme', 'language']),
  slug: z.string(),
  version: z.string(),
  /** Where the zip is. */
  packageUrl: z.string().nullable(),
  sha256: Sha256.nullable().default(null),
  requires: z.object({
    core: z.string().nullable().default(null),
    php: z.string().nullable().default(null),
    database: z.string().nullable().default(null),
  }),
  testedUpTo: z.string().nullable().default(null),
  changelogUrl: z.string().nullable().default(null),
  security: z.boolean().default(false),
});
export type Release = z.infer<typeof Release>;
