import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { placeComponent, type Component } from './component.ts';
import type { Database } from './mariadb.ts';
import { wordPressTree, wordPressTrees, type WordPressTree } from './wordpress-trees.ts';

const SCRIPTS = path.join(import.meta.dirname, 'php');

/** Runs a PHP script in a process of its own; gives what it printed, throws with it when it fails. */
export type RunPhp = (script: string, args: readonly string[]) => Promise<string> | string;

/** What a WordPress site is made from. */
export interface WordPressPlan {
  /** The folder of its files; made when missing. */
  readonly root: string;
  /** `http://HOST:PORT`, where it will be served. */
  readonly url: string;
  readonly title: string;
  readonly tagline?: string;
  /** `6.4.5`, or `6.4` for what there is of that branch. */
  readonly version: string;
  /** A WordPress that was made for a test, instead of a version. */
  readonly tree?: WordPressTree;
  /** A MariaDB database, or SQLite inside wp-content. */
  readonly database: Database | 'sqlite';
  /** All are activated. */
  readonly plugins?: readonly Component[];
  readonly themes?: readonly Component[];
  /** The slug of the theme in use; WordPress's own default unless said otherwise. */
  readonly theme?: string;
  readonly pages?: Readonly<Record<string, string>>;
  readonly posts?: Readonly<Record<string, string>>;
  readonly tablePrefix?: string;
  /** Further lines of wp-config.php. */
  readonly configLines?: string;
}

const PAGES = {
  'About us': 'We have been here for thirty years, and we like it. Come in and say hello.',
  Contact: 'Write to us, call us, or knock at the door in the yard.',
};
const POSTS = {
  'New season': 'The new season has begun, and there is plenty to see.',
  'Closed on Monday': 'We are closed on Monday for the yearly stocktaking.',
  'Thank you': 'Thank you to everybody who came to our open day.',
};

/** Puts the files of a site in place: WordPress, its components, and a wp-config.php. */
export async function placeWordPress(plan: WordPressPlan): Promise<void> {
  const tree = plan.tree ?? (await wordPressTree(plan.version));
  fs.mkdirSync(path.dirname(plan.root), { recursive: true });
  fs.cpSync(tree.folder, plan.root, { recursive: true });
  if (plan.database === 'sqlite') await placeSqlite(plan.root);
  for (const component of [...(plan.plugins ?? []), ...(plan.themes ?? [])])
    placeComponent(plan.root, component);
  fs.mkdirSync(path.join(plan.root, 'wp-content', 'uploads'), { recursive: true });
  fs.writeFileSync(path.join(plan.root, 'wp-config.php'), configuration(plan), { mode: 0o640 });
}

/**
 * Installs a site whose files are in place, then gives it content, theme and plugins.
 * @returns the password of its user `owner`.
 * @throws Error with what PHP said.
 */
export async function installWordPress(plan: WordPressPlan, settings: string, php: RunPhp): Promise<string> {
  const password = crypto.randomBytes(12).toString('base64url');
  const description = {
    root: plan.root,
    url: plan.url,
    title: plan.title,
    password,
    tagline: plan.tagline ?? 'Since 1994',
    theme: plan.theme ?? null,
    plugins: (plan.plugins ?? []).map((plugin) => plugin.entry),
    pages: plan.pages ?? PAGES,
    posts: plan.posts ?? POSTS,
  };
  fs.writeFileSync(settings, JSON.stringify(description));
  for (const [script, expected] of [
    ['install.php', 'installed\n'],
    ['furnish.php', 'furnished\n'],
  ] as const) {
    const said = await php(path.join(SCRIPTS, script), [settings]);
    if (!said.endsWith(expected) || said.includes('not installed'))
      throw new Error(`${script} on ${plan.root}: ${said}`);
  }
  fs.rmSync(settings);
  return password;
}

async function placeSqlite(root: string): Promise<void> {
  const { sqlite } = await wordPressTrees();
  const plugin = path.join(root, 'wp-content', 'plugins', 'sqlite-database-integration');
  fs.cpSync(sqlite, plugin, { recursive: true });
  const dropIn = fs
    .readFileSync(path.join(sqlite, 'db.copy'), 'utf8')
    .replaceAll('{SQLITE_IMPLEMENTATION_FOLDER_PATH}', plugin)
    .replaceAll('{SQLITE_PLUGIN}', 'sqlite-database-integration/load.php');
  fs.writeFileSync(path.join(root, 'wp-content', 'db.php'), dropIn);
}

function configuration(plan: WordPressPlan): string {
  const database =
    plan.database === 'sqlite'
      ? { DB_NAME: 'wordpress', DB_USER: '', DB_PASSWORD: '', DB_HOST: '' }
      : {
          DB_NAME: plan.database.name,
          DB_USER: plan.database.user,
          DB_PASSWORD: plan.database.password,
          DB_HOST: `${plan.database.host}:${plan.database.port}`,
        };
  const salts = ['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'].flatMap((name) => [
    `${name}_KEY`,
    `${name}_SALT`,
  ]);
  const secrets = Object.fromEntries(salts.map((name) => [name, crypto.randomBytes(24).toString('base64')]));
  const constants = { ...database, DB_CHARSET: 'utf8mb4', DB_COLLATE: '', ...secrets, FS_METHOD: 'direct' };
  const lines = Object.entries(constants).map(([name, value]) => `define('${name}', '${value}');`);
  return `<?php
${lines.join('\n')}
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
${plan.configLines ?? ''}
$table_prefix = '${plan.tablePrefix ?? 'wp_'}';
if (!defined('ABSPATH')) { define('ABSPATH', __DIR__ . '/'); }
require_once ABSPATH . 'wp-settings.php';
`;
}
