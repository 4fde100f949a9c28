import { z } from 'zod';
import { ConnectionSettings, SshHop } from '../../sites/index.ts';
import { CopyId, ProblemShape } from '../../words/index.ts';

/** Where a copy lies. Secrets are kept by the keychain. */
export const PlaceSettings = z.discriminatedUnion('kind', [
  /** On this computer: another disk, a network drive. */
  z.object({ kind: z.literal('folder'), folder: z.string().min(1).max(4096) }),
  z.object({
    kind: z.literal('ssh'),
    connection: z.object({
      kind: z.literal('ssh'),
      ...SshHop.shape,
      jump: z.array(SshHop).max(8).default([]),
      configHost: z.string().nullable().default(null),
    }),
    /** Absolute, or from the account's own folder on. */
    folder: z
      .string()
      .min(1)
      .max(4096)
      .refine((folder) => !folder.includes('\0')),
  }),
  z.object({
    kind: z.literal('s3'),
    endpoint: z.url({ protocol: /^https?$/ }),
    region: z.string().min(1).max(100).default('us-east-1'),
    bucket: z
      .string()
      .trim()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/i),
    /** What the names of all objects begin with. */
    prefix: z
      .string()
      .max(500)
      .transform((prefix) => prefix.split('/').filter(Boolean).join('/'))
      .default(''),
    accessKeyId: z.string().trim().min(1).max(200),
  }),
]);
export type PlaceSettings = z.infer<typeof PlaceSettings>;
export type SshPlaceSettings = Extract<PlaceSettings, { kind: 'ssh' }>;
export type S3PlaceSettings = Extract<PlaceSettings, { kind: 's3' }>;

/** The connection of a place on an SSH host, as sites have theirs. */
export const connectionOf = (place: SshPlaceSettings): ConnectionSettings =>
  ConnectionSettings.parse(place.connection);

/** Secrets as typed by the user; they go to the keychain and are never sent back. */
export const PlaceSecrets = z.object({
  /** Per hop: 0 is the place's own server, 1… the jump hosts in order. */
  passwords: z.array(z.object({ hop: z.number().int().min(0), password: z.string() })).default([]),
  passphrases: z.array(z.object({ hop: z.number().int().min(0), passphrase: z.string() })).default([]),
  /** Of S3-compatible storage. */
  secretAccessKey: z.string().nullable().default(null),
});
export type PlaceSecrets = z.infer<typeof PlaceSecrets>;

/** What the user gives for a new copy. */
export const CopyDraft = z.object({
  name: z.string().trim().min(1).max(120),
  place: PlaceSettings,
  /** Brought up to date by itself after each backup. */
  automatic: z.boolean().default(true),
});
export type CopyDraft = z.infer<typeof CopyDraft>;

/** A second copy of the store, and what was last seen of it. */
export const Copy = CopyDraft.extend({
  id: CopyId,
  addedAt: z.number(),
  /** When everything that the store held then was there; null: never yet. */
  updatedAt: z.number().nullable().default(null),
  /** When it was last found whole. */
  verified: z
    .object({ at: z.number(), depth: z.enum(['quick', 'deep']) })
    .nullable()
    .default(null),
  /** Why the last update or verify did not end well; null: it did. */
  problem: ProblemShape.nullable().default(null),
});
export type Copy = z.infer<typeof Copy>;

/** A copy as the screens show it. */
export const CopyState = Copy.extend({
  /** Where it is, in words. */
  where: z.string(),
  /** Backups that are not there yet, as far as is known here. */
  behind: z.number(),
  /** Whether it was not brought up to date since the recovery phrase was confirmed: only the one before opens it, if any does. */
  oldPhrase: z.boolean(),
  /** Backups and bytes that were there after the last update. */
  backups: z.number(),
  bytes: z.number(),
});
export type CopyState = z.infer<typeof CopyState>;

/** Where a place is, for people. */
export function whereIs(place: PlaceSettings): string {
  switch (place.kind) {
    case 'folder':
      return place.folder;
    case 'ssh': {
      const { user, host, port } = place.connection;
      return `${user}@${host}${port === 22 ? '' : `:${port}`}:${place.folder}`;
    }
    case 's3':
      return `${new URL(place.endpoint).host}/${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`;
  }
}
