import { z } from 'zod';
import { BackupId, SiteId } from '../words/index.ts';
import { LeaveOut } from './pull/leave-out.ts';

/** The user's word that a backup stays. */
export const Pin = z.object({ at: z.number(), note: z.string().trim().max(200) });
export type Pin = z.infer<typeof Pin>;

/** What a restore drill proved. */
export const Proof = z.object({
  at: z.number(),
  files: z.number().int(),
  bytes: z.number(),
  database: z
    .object({
      kind: z.enum(['mysql', 'postgresql', 'sqlite']),
      /** `loaded`: a real server took it and counted its rows; `read`: the dump was read through to its end. */
      how: z.enum(['loaded', 'read']),
      /** The server, e.g. `MariaDB 10.11.6`; empty: none. */
      server: z.string(),
      tables: z.number().int(),
      rows: z.number().int(),
    })
    .nullable(),
  /** What was not proved, and why; each a sentence. */
  unproved: z.array(z.string()),
});
export type Proof = z.infer<typeof Proof>;

/** One snapshot of a site's files and database in the store. */
export const Backup = z.object({
  id: BackupId,
  siteId: SiteId,
  siteName: z.string(),
  takenAt: z.number(),
  /** Why it was taken. */
  reason: z.enum([
    'asked',
    'before-update',
    'before-rollback',
    'before-restore',
    'before-repair',
    'scheduled',
  ]),
  files: z.number().int(),
  bytes: z.number().int(),
  /** Bytes that this backup added to the store. */
  addedBytes: z.number().int(),
  database: z.enum(['mysql', 'mariadb', 'postgresql', 'sqlite']).nullable(),
  /** Files that changed while they were read, relative to the root. */
  moved: z.array(z.string()),
  /** Files that the account may not read: not in this backup. */
  unreadable: z.array(z.string()).default([]),
  /** What was left out by the site's rules, and how much the rules (not the paths) dropped; null: not recorded. */
  leftOut: LeaveOut.extend({ files: z.number(), bytes: z.number() }).nullable().default(null),
  /** When a verify last read all of it and found it whole; null: never. */
  verifiedAt: z.number().nullable(),
  /** Pinned: not removed until it is unpinned. */
  pin: Pin.nullable(),
  /** The last restore drill, if all of it was well; null: none yet, or it failed. */
  proof: Proof.nullable(),
});
export type Backup = z.infer<typeof Backup>;

/** One line of a folder in a backup. */
export const BackupEntry = z.object({
  name: z.string(),
  kind: z.enum(['file', 'folder', 'link']),
  size: z.number(),
  modifiedAt: z.number(),
  mode: z.number().int(),
  /** Where a link points. */
  target: z.string().nullable(),
});
export type BackupEntry = z.infer<typeof BackupEntry>;
