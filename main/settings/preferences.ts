import { z } from 'zod';

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
  notifications: z
    .object({
      failures: z.boolean().default(true),
      rollbacks: z.boolean().default(true),
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
    notifications: z
      .object({ failures: z.boolean(), rollbacks: z.boolean(), successes: z.boolean() })
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
