import { z } from 'zod';
import { ComponentKind } from '../platforms/index.ts';
import { SchemaChange } from './schema-change.ts';
import { BackupId, Json, readJson, RemotePath } from '../words/index.ts';

const Item = z.object({
  kind: z.enum(['folder', 'file']),
  live: RemotePath,
  staged: RemotePath.nullable(),
  old: RemotePath,
  discarded: RemotePath,
  inode: z.string().nullable(),
});

/** One component of an update, as another process needs it to finish or undo. */
export const JournaledPart = z.object({
  kind: ComponentKind,
  slug: z.string(),
  name: z.string(),
  from: z.string(),
  to: z.string(),
  migrates: z.enum(['no', 'perhaps', 'yes']),
  items: z.array(Item),
  /** Tables of the dump taken just before, and where it lies on the site; null: none was needed. */
  dump: z.object({ file: RemotePath, tables: z.array(z.string()) }).nullable(),
  /** Over SFTP: the backup that holds the same; the dump on the site is packed then, and for a computer without that backup. */
  storedDump: BackupId.optional(),
  /** When visitors got the maintenance page (milliseconds); WordPress ignores it after ten minutes. */
  offlineAt: z.number().nullable(),
  outcome: z.enum(['waiting', 'kept', 'undone']),
  /** What it changed of the database's schema; null: it could not be looked at. Absent: it does not migrate, or is not through. */
  schema: z.array(SchemaChange).nullable().optional(),
});
export type JournaledPart = z.infer<typeof JournaledPart>;

/** The journal's plan of an update: where things lie on the site, and how far each component is. */
export const RunPlan = z.object({
  root: RemotePath,
  privateFolder: RemotePath.nullable(),
  runFolder: RemotePath.nullable(),
  backupId: BackupId.nullable(),
  php: z.string(),
  choices: z.array(z.object({ kind: ComponentKind, slug: z.string(), version: z.string().nullable() })),
  parts: z.array(JournaledPart),
  /** Over SFTP: names of our own files in the root, noted before they are made. */
  runners: z.array(z.string().regex(/^[\w-][\w.-]*$/)).optional(),
  /** Over SFTP: whether the locks of the platform's own updaters may be held, noted before they are. */
  holdsUpdaters: z.boolean().optional(),
});
export type RunPlan = z.infer<typeof RunPlan>;

/** A tree that was kept on the site after an update, for an instant rollback. */
export const KeptTree = z.object({
  runFolder: RemotePath,
  privateFolder: RemotePath,
  backupId: BackupId,
  parts: z.array(JournaledPart),
});
export type KeptTree = z.infer<typeof KeptTree>;

/** A plan as the journal keeps it. */
export function planJson(plan: RunPlan | KeptTree): Json {
  return readJson(Json, JSON.stringify(plan));
}
