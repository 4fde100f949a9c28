import { z } from 'zod';
import { KeepRules } from './keep-rules.ts';

/** Hours between automatic backups of a site: hourly at most, yearly at least. */
export const BackupHours = z.number().int().min(1).max(8760);

const BACKUPS = {
  /** Sites are backed up by themselves every so many hours. */
  automatic: z.boolean(),
  everyHours: BackupHours,
  /** A site whose last backup is older is overdue. */
  overdueDays: z.number().int().min(1).max(365),
  keep: KeepRules,
  /** After each backup of a site, those that the rules do not keep are removed; once a week their space is given back. */
  thin: z.boolean(),
  /** Every pack of the store is read back once in so many days; 0: not by itself. */
  proveWithinDays: z.number().int().min(0).max(365),
  /** A site's backup compares every file by its contents once in so many days; 0: only when asked. */
  sweepEveryDays: z.number().int().min(0).max(365),
  /** The newest backup of each site is restored on this computer once a month, and compared. */
  drillMonthly: z.boolean(),
};

/** What the user prefers for the whole app. Everything has a default, so an empty file is valid. */
export const Preferences = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  language: z.enum(['system', 'en', 'ja']).default('system'),
  checks: z
    .object({
      automatic: z.boolean().default(true),
      /** Hours between automatic checks; at most hourly. */
      everyHours: z.number().min(1).max(168).default(12),
      /** How many sites are asked at once. */
      atOnce: z.number().int().min(1).max(256).default(32),
    })
    .prefault({}),
  updates: z
    .object({
      /** Days that the old tree is kept on the site for an instant rollback. */
      keepOldDays: z.number().int().min(0).max(90).default(7),
      /** A page that answers this many times slower than before counts as worse. */
      slowerTimes: z.number().min(2).max(100).default(5),
    })
    .prefault({}),
  backups: z
    .object({
      automatic: BACKUPS.automatic.default(false),
      everyHours: BACKUPS.everyHours.default(24),
      overdueDays: BACKUPS.overdueDays.default(7),
      keep: BACKUPS.keep.prefault({}),
      thin: BACKUPS.thin.default(true),
      proveWithinDays: BACKUPS.proveWithinDays.default(30),
      sweepEveryDays: BACKUPS.sweepEveryDays.default(30),
      drillMonthly: BACKUPS.drillMonthly.default(false),
    })
    .prefault({}),
  notifications: z
    .object({
      failures: z.boolean().default(true),
      rollbacks: z.boolean().default(true),
      /** Sites whose last backup is too old, once a day for all of them together. */
      overdue: z.boolean().default(true),
      successes: z.boolean().default(false),
    })
    .prefault({}),
  startAtLogin: z.boolean().default(false),
  sources: z
    .object({
      wordpressApi: z.url({ protocol: /^https?$/ }).default('https://api.wordpress.org'),
      wordpressDownloads: z.url({ protocol: /^https?$/ }).default('https://downloads.wordpress.org'),
    })
    .prefault({}),
});
export type Preferences = z.infer<typeof Preferences>;

/** A change to some preferences; groups may be given in part. */
export const PreferencesEdit = z
  .object({
    theme: z.enum(['system', 'light', 'dark']),
    language: z.enum(['system', 'en', 'ja']),
    checks: z
      .object({
        automatic: z.boolean(),
        everyHours: z.number().min(1).max(168),
        atOnce: z.number().int().min(1).max(256),
      })
      .partial(),
    updates: z
      .object({ keepOldDays: z.number().int().min(0).max(90), slowerTimes: z.number().min(2).max(100) })
      .partial(),
    backups: z.object(BACKUPS).partial(),
    notifications: z
      .object({
        failures: z.boolean(),
        rollbacks: z.boolean(),
        overdue: z.boolean(),
        successes: z.boolean(),
      })
      .partial(),
    startAtLogin: z.boolean(),
    sources: z
      .object({
        wordpressApi: z.url({ protocol: /^https?$/ }),
        wordpressDownloads: z.url({ protocol: /^https?$/ }),
      })
      .partial(),
  })
  .partial();
export type PreferencesEdit = z.infer<typeof PreferencesEdit>;
