import { z } from 'zod';
import { BackupHours, KeepRules } from '../settings/index.ts';
import { RemotePath, SiteId } from '../words/index.ts';

/** How the user proves to a server who they are. What is secret stays in the keychain or a key file. */
export const Authentication = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('agent') }),
  /** `file` is a private key on this computer; its passphrase, if any, is a secret. */
  z.object({ kind: z.literal('key'), file: z.string().min(1) }),
  z.object({ kind: z.literal('password') }),
]);
export type Authentication = z.infer<typeof Authentication>;

/** One SSH server on the way: the site's own, or a jump host before it. */
export const SshHop = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65535).default(22),
  user: z.string().min(1).max(128),
  authentication: Authentication,
});
export type SshHop = z.infer<typeof SshHop>;

const LoggedIn = SshHop.extend({
  /** Jump hosts in the order in which they are passed. */
  jump: z.array(SshHop).max(8).default([]),
  /** The `Host` of ~/.ssh/config that this came from, for the user's eyes. */
  configHost: z.string().nullable().default(null),
});

/** How a site is reached. `sftp` is an account that gives files and no shell. The HTTP-only kind joins this union with its issue. */
export const ConnectionSettings = z.discriminatedUnion('kind', [
  LoggedIn.extend({ kind: z.literal('ssh') }),
  LoggedIn.extend({ kind: z.literal('sftp') }),
  z.object({ kind: z.literal('local') }),
]);
export type ConnectionSettings = z.infer<typeof ConnectionSettings>;

export const Tag = z.string().trim().min(1).max(40);

/** What the user may decide for one site; each wins over the platform's rule and the fleet's policy. */
export const SiteSettings = z.object({
  /** The PHP binary on the server; null: found by looking. */
  php: z.string().nullable().default(null),
  /** Pages that are probed besides the platform's own, as paths or URLs of the same origin. */
  probePaths: z.array(z.string().max(2000)).max(20).default([]),
  /** From when on it counts as worse, and is taken back. */
  judging: z
    .object({
      /** A page that answers this many times slower than before; null: as the preferences say. */
      slowerTimes: z.number().min(2).max(100).nullable().default(null),
      /** Percent of a page's words that are gone. */
      wordsLost: z.number().min(5).max(100).default(60),
      /** Percent of its picture that is gone, where a browser is at hand; 100: never for that alone. */
      pictureDiffers: z.number().min(5).max(100).default(85),
      /** Whether pictures are taken. */
      pictures: z.boolean().default(true),
    })
    .prefault({}),
  /** Whether a site whose folder is a version-control checkout may be updated. */
  allowVersionControl: z.boolean().default(false),
  backups: z
    .object({
      /** Backed up by itself every so many hours, or never; null: as the preferences say. */
      every: z
        .union([z.literal('never'), BackupHours])
        .nullable()
        .default(null),
      /** null: the rules of the preferences. */
      keep: KeepRules.nullable().default(null),
      /** What is not backed up, as in a `.gitignore`; later rules win. */
      leaveOut: z
        .array(
          z
            .string()
            .trim()
            .min(1)
            .max(500)
            .regex(/^[^\n\r\0]*$/),
        )
        .max(200)
        .default([]),
      /** What the platform leaves out and this site does not. */
      take: z.array(z.string().min(1)).max(200).default([]),
      /** Files of more megabytes than this are not backed up; null: of any size. */
      largerThanMb: z.number().min(1).max(1_000_000).nullable().default(null),
    })
    .prefault({}),
});
export type SiteSettings = z.infer<typeof SiteSettings>;

/** One installation of a platform at a root path, reached by a connection, seen by visitors at a URL. */
export const Site = z.object({
  id: SiteId,
  name: z.string().trim().min(1).max(120),
  url: z.url({ protocol: /^https?$/ }),
  platform: z.string().regex(/^[a-z][a-z0-9-]*$/),
  root: RemotePath,
  connection: ConnectionSettings,
  tags: z.array(Tag).max(50).default([]),
  notes: z.string().max(10_000).default(''),
  settings: SiteSettings.prefault({}),
  /** Where the site's private folder was put (outside the web root where it can be); null: not yet. */
  privateFolder: RemotePath.nullable().default(null),
  addedAt: z.number(),
});
export type Site = z.infer<typeof Site>;

/** What the user gives for a new site. */
export const SiteDraft = Site.omit({ id: true, addedAt: true, privateFolder: true });
export type SiteDraft = z.infer<typeof SiteDraft>;

/** What may be changed later. */
export const SiteEdit = SiteDraft.partial();
export type SiteEdit = z.infer<typeof SiteEdit>;
