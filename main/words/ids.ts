import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Ids are `kind_` and 12 characters that can be told apart when read aloud. They are safe as file names. */
const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{6,32}$`));

export const SiteId = id('site').brand<'SiteId'>();
export type SiteId = z.infer<typeof SiteId>;
export const RunId = id('run').brand<'RunId'>();
export type RunId = z.infer<typeof RunId>;
export const BackupId = id('backup').brand<'BackupId'>();
export type BackupId = z.infer<typeof BackupId>;
export const CopyId = id('copy').brand<'CopyId'>();
export type CopyId = z.infer<typeof CopyId>;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function random(prefix: string): string {
  return `${prefix}_${Array.from(randomBytes(12), (byte) => ALPHABET[byte & 31]).join('')}`;
}

export const newSiteId = (): SiteId => SiteId.parse(random('site'));
export const newRunId = (): RunId => RunId.parse(random('run'));
export const newBackupId = (): BackupId => BackupId.parse(random('backup'));
export const newCopyId = (): CopyId => CopyId.parse(random('copy'));

/** A SHA-256 in lower-case hex. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof Sha256>;
