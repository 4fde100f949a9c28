import { z } from 'zod';
import { UnknownHostKey } from '../connections/index.ts';
import { Site } from '../sites/index.ts';

/**
 * What a backup knows of its site, so that the site can be looked after again by a computer that has nothing but the store: how it is
 * reached and by which keys its servers were known. Nothing that is secret: passwords, passphrases and private keys are never in it.
 */
export const SiteRecord = z.object({
  site: Site,
  /** Keys of the servers on the way that a person had confirmed. */
  hostKeys: z.array(UnknownHostKey).max(100),
});
export type SiteRecord = z.infer<typeof SiteRecord>;
