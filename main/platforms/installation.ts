import { z } from 'zod';
import { RemotePath } from '../words/index.ts';

/** An installation that was found by looking on a server: what a new site would be. */
export const Installation = z.object({
  root: RemotePath,
  platform: z.string(),
  /** The platform's name for people. */
  platformName: z.string(),
  version: z.string().nullable(),
  /** As the installation itself says; null where it could not be read. */
  url: z.string().nullable(),
  title: z.string().nullable(),
});
export type Installation = z.infer<typeof Installation>;
