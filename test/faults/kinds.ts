/** What is updated in a cell: its component, its versions, and how a visitor can tell them apart. */
import fs from 'node:fs';
import path from 'node:path';
import { badPlugins, goodPlugins } from '../rig/plugins.ts';
import { meadow } from '../rig/themes.ts';
import { wordPressTree, type WordPressTree } from '../rig/wordpress-trees.ts';
import { zipFolder } from '../rig/zip.ts';

export const KINDS = [
  'plugin',
  'theme',
  'core',
  'migrating plugin',
  'migrating core',
  'breaking plugin',
  'breaking migrating plugin',
] as const;
export type KindName = (typeof KINDS)[number];

/** Which of a fleet's releases are out. */
export type Season = 'ordinary' | 'new core';

export interface Kind {
  readonly name: KindName;
  readonly slug: string;
  readonly season: Season;
  /** Whether the release makes the site worse, so that only the old one may be there at the end. */
  readonly breaks: boolean;
  /** What a page says in the old version and in the new one. */
  readonly page: string;
  readonly old: string;
  readonly new: string;
}

const VERSIONS = { old: '6.4.90', small: '6.4.91', migrating: '6.4.92' } as const;

const KIND: Readonly<Record<KindName, Omit<Kind, 'name'>>> = {
  plugin: {
    ...{ slug: 'opening-hours', season: 'ordinary', breaks: false, page: '/' },
    ...{ old: '(1.2.0)', new: '(1.3.0)' },
  },
  theme: {
    ...{ slug: 'meadow', season: 'ordinary', breaks: false, page: '/' },
    ...{ old: 'Meadow 1.4', new: 'Meadow 1.5' },
  },
  core: {
    ...{ slug: 'wordpress', season: 'ordinary', breaks: false, page: '/?feed=rss2' },
    ...{ old: `?v=${VERSIONS.old}<`, new: `?v=${VERSIONS.small}<` },
  },
  'migrating plugin': {
    ...{ slug: 'event-tickets', season: 'ordinary', breaks: false, page: '/' },
    ...{ old: '1 Summer concert<', new: '1 Summer concert 25<' },
  },
  'migrating core': {
    ...{ slug: 'wordpress', season: 'new core', breaks: false, page: '/?feed=rss2' },
    ...{ old: `?v=${VERSIONS.old}<`, new: `?v=${VERSIONS.migrating}<` },
  },
  'breaking plugin': {
    ...{ slug: 'contact-cards', season: 'ordinary', breaks: true, page: '/' },
    ...{ old: 'Hollyhock', new: '' },
  },
  'breaking migrating plugin': {
    ...{ slug: 'shop-orders', season: 'ordinary', breaks: true, page: '/' },
    ...{ old: 'Orders: 200', new: '' },
  },
};

export function kindOf(name: KindName): Kind {
  return { name, ...KIND[name] };
}

/** What a host gives: a shell, or files over SFTP alone. */
export const HOSTS = ['shell', 'sftp'] as const;
export type HostKind = (typeof HOSTS)[number];

/** The steps of a kind's update, in their order. */
export function stepsOf(name: KindName, over: HostKind): string[] {
  const migrates = name.includes('migrating');
  const { breaks } = kindOf(name);
  return [
    'preflight',
    ...(over === 'sftp' ? ['runner'] : []),
    ...['backup', 'stage', 'baseline'],
    ...(over === 'sftp' ? [] : ['watchdog']),
    ...(migrates ? ['offline', 'dump'] : []),
    'swap',
    ...(name === 'migrating core' ? ['migrate'] : []),
    'judge',
    ...(breaks ? ['undo'] : []),
    ...(migrates ? ['online'] : []),
    'settle',
  ];
}

/** The components of a cell's site, for each of which an update waits. */
export const RELEASES = [
  goodPlugins.openingHours,
  goodPlugins.eventTickets,
  badPlugins.diesOnLoad,
  badPlugins.migratesThenDies,
  meadow,
];

/** Three WordPresses: installed, a small update, and one that changes the database. Small, so that a cell is quick. */
export interface Cores {
  readonly old: WordPressTree;
  readonly small: WordPressTree;
  readonly migrating: WordPressTree;
}

/** What a page is made without. */
const NOT_NEEDED = /^(wp-includes\/(js|css|images)|wp-admin\/(js|css|images)|wp-content)(\/|$)/;

/** Makes the three from one that there is. @param folder where they are put */
export async function aFewCores(folder: string): Promise<Cores> {
  const { folder: source } = await wordPressTree('6.4');
  const make = async (version: string, change: (tree: string) => void): Promise<WordPressTree> => {
    const tree = path.join(folder, version);
    fs.cpSync(source, tree, {
      recursive: true,
      filter: (file) => !NOT_NEEDED.test(path.relative(source, file)),
    });
    edit(tree, 'wp-includes/version.php', (text) =>
      text.replace(/(\$wp_version\s*=\s*')[^']+'/, `$1${version}'`),
    );
    change(tree);
    const zip = path.join(folder, `wordpress-${version}.zip`);
    const zipWithoutContent = path.join(folder, `wordpress-${version}-no-content.zip`);
    await zipFolder(tree, zip, 'wordpress');
    fs.copyFileSync(zip, zipWithoutContent);
    return { version, folder: tree, zip, zipWithoutContent };
  };
  const differ = (tree: string) => {
    edit(tree, 'wp-login.php', (text) => `${text}\n// Newer.\n`);
    edit(tree, 'wp-admin/about.php', (text) => `${text}\n// Newer.\n`);
    edit(tree, 'wp-includes/functions.php', (text) => `${text}\n// Newer.\n`);
    fs.writeFileSync(path.join(tree, 'wp-includes', 'added.php'), '<?php // New here.\n');
    fs.rmSync(path.join(tree, 'wp-admin', 'freedoms.php'));
    fs.rmSync(path.join(tree, 'wp-links-opml.php'));
  };
  return {
    old: await make(VERSIONS.old, () => {}),
    small: await make(VERSIONS.small, differ),
    migrating: await make(VERSIONS.migrating, (tree) => {
      differ(tree);
      edit(tree, 'wp-includes/version.php', (text) =>
        text.replace(/(\$wp_db_version\s*=\s*)(\d+)/, (_all, start: string, version: string) =>
          start.concat(String(Number(version) + 1)),
        ),
      );
      edit(tree, 'wp-admin/includes/upgrade.php', (text) =>
        text.replace(
          /function upgrade_all\(\)\s*\{/,
          `$& global $wpdb; $wpdb->query("CREATE TABLE IF NOT EXISTS {$wpdb->prefix}newer (id bigint NOT NULL, PRIMARY KEY (id))"); $wpdb->query("INSERT IGNORE INTO {$wpdb->prefix}newer VALUES (1), (2)"); $wpdb->query("ALTER TABLE {$wpdb->prefix}links ADD COLUMN newer int NOT NULL DEFAULT 1");`,
        ),
      );
    }),
  };
}

function edit(tree: string, name: string, change: (text: string) => string): void {
  const file = path.join(tree, name);
  const before = fs.readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${name} of ${tree} could not be changed`);
  fs.writeFileSync(file, after);
}
