import { z } from 'zod';

export const ComponentKind = z.enum(['core', 'plugin', 'must-use', 'drop-in', 'theme', 'language']);
export type ComponentKind = z.infer<typeof ComponentKind>;

/** What a component or a release needs from the site; null: not said. */
export const Requirements = z.object({
  core: z.string().nullable().default(null),
  php: z.string().nullable().default(null),
  database: z.string().nullable().default(null),
});
export type Requirements = z.infer<typeof Requirements>;

/** What has a version on a site. */
export const Component = z.object({
  kind: ComponentKind,
  /** Unique within its kind on the site, e.g. `akismet`; for core the platform's name. */
  slug: z.string().min(1),
  name: z.string(),
  /** Empty where the component does not say. */
  version: z.string(),
  /** `network`: for every site of a multisite. null: the notion does not apply or could not be read. */
  active: z.enum(['yes', 'no', 'network']).nullable(),
  /** Its main file, relative to the folder of its kind (`akismet/akismet.php`); for themes `style.css`'s. */
  file: z.string().nullable().default(null),
  /** Its folder or single file, relative to the root of the site. */
  path: z.string().nullable().default(null),
  /** The slug of the parent theme. */
  parent: z.string().nullable().default(null),
  /** WordPress's `Update URI`: who may answer for it; null: the platform's directory. */
  updateUri: z.string().nullable().default(null),
  author: z.string().default(''),
  homepage: z.string().nullable().default(null),
  requires: Requirements.prefault({}),
  /** Slugs of components that this one needs. */
  needs: z.array(z.string()).default([]),
});
export type Component = z.infer<typeof Component>;

/** A site's components as last seen, and what runs them. */
export const Inventory = z.object({
  platform: z.string(),
  readAt: z.number(),
  /** When a quick look last found the same state; ≥ readAt. */
  confirmedAt: z.number(),
  components: z.array(Component),
  php: z.string().nullable(),
  database: z
    .object({ kind: z.enum(['mysql', 'mariadb', 'postgresql', 'sqlite']), version: z.string() })
    .nullable(),
  multisite: z.boolean().default(false),
  locale: z.string().nullable().default(null),
  /** What could not be read and why, in words. The rest stands all the same. */
  gaps: z.array(z.string()).default([]),
  /** Changes when the files that the inventory is read from change; opaque. */
  fingerprint: z.string().default(''),
});
export type Inventory = z.infer<typeof Inventory>;

const DATABASES = { mysql: 'MySQL', mariadb: 'MariaDB', postgresql: 'PostgreSQL', sqlite: 'SQLite' };

/** A database as people call it, without what its packager added: `MariaDB 10.11.6`. */
export function databaseInWords({ kind, version }: NonNullable<Inventory['database']>): string {
  return `${DATABASES[kind]} ${version.split('-')[0]}`;
}
