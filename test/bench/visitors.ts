import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import fs from 'node:fs';
import { z } from 'zod';
import type { Site } from '../../main/sites/index.ts';
import { runCommand } from '../rig/commands.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  packageOf,
  type WordPressSite,
} from '../rig/index.ts';
import { wordPressTree, type WordPressTree } from '../rig/wordpress-trees.ts';
import { zipFolder } from '../rig/zip.ts';
import type { Benchmark, Contender } from './harness.ts';

/** Milliseconds from one question to the next. */
const EVERY = 5;
const { photoGallery } = goodPlugins;
const Seen = z.object({ asked: z.number(), failed: z.number(), bad: z.number(), how: z.array(z.string()) });

/**
 * What visitors ask for: the beginning of WordPress, where it looks whether it is in maintenance, the plugin's main file and a few of its
 * parts and of WordPress's own files. Lighter than a theme's page, so that it can be asked for every 5 ms on two cores.
 */
const PAGE = `<?php
define('SHORTINIT', true);
require __DIR__ . '/wp-load.php';
require_once __DIR__ . '/wp-includes/formatting.php';
require __DIR__ . '/wp-admin/includes/class-wp-upgrader.php';
require __DIR__ . '/wp-content/plugins/photo-gallery/photo-gallery.php';
foreach (array(0, 39, 500, 999) as $part) require __DIR__ . '/wp-content/plugins/photo-gallery/lib/' . ($part % 40) . "/part-$part.php";
echo 'well';
`;

/** How long visitors see something wrong while a plugin of a thousand files is updated: by WordPress itself, and by us. */
export const visitorsOfPlugin: Benchmark = {
  name: 'visitors-plugin',
  what: `milliseconds (as seconds) in which visitors, asking every ${EVERY} ms, saw an error or the maintenance page: a plugin of 1,000 files`,
  aims: { Groundskeeper: 0.1 },
  prepare: () =>
    prepare({
      from: '6.4',
      theirs: async (wp, folder) => {
        const zip = path.join(folder, 'photo-gallery.zip');
        fs.writeFileSync(zip, await packageOf(photoGallery.new));
        return () => upgradePlugin(wp, zip);
      },
      choice: { kind: 'plugin', slug: 'photo-gallery' },
      isDone: (wp) => wp.versionOf(photoGallery.new) === photoGallery.new.version,
    }),
};

/** The same for WordPress itself. */
export function visitorsOfCore(from: string, to: string): Benchmark {
  return {
    name: `visitors-core-${to}`,
    what: `milliseconds (as seconds) in which visitors, asking every ${EVERY} ms, saw an error or the maintenance page: WordPress ${from} to ${to}`,
    aims: { Groundskeeper: 0.2 },
    prepare: () =>
      prepare({
        from,
        tree: (folder) => treeLike(to, from, folder),
        theirs: async (wp, folder) => {
          const { zipWithoutContent, version } = await treeLike(to, from, folder);
          return () => upgradeCore(wp, zipWithoutContent, version);
        },
        choice: { kind: 'core', slug: 'wordpress' },
        isDone: (wp) => coreOf(wp).startsWith(to),
      }),
  };
}

/** Most of our trees of WordPress have no stylesheets and scripts: where the one before has them, the new one gets the same. */
async function treeLike(to: string, from: string, folder: string): Promise<WordPressTree> {
  const [{ version, folder: bare }, old] = await Promise.all([wordPressTree(to), wordPressTree(from)]);
  const tree = path.join(folder, version);
  const zip = path.join(folder, `wordpress-${version}.zip`);
  const zipWithoutContent = path.join(folder, `wordpress-${version}-no-content.zip`);
  if (!fs.existsSync(tree)) {
    runCommand('cp', ['-a', bare, tree]);
    for (const place of ['wp-includes', 'wp-admin'])
      for (const name of ['css', 'js', 'blocks'].filter((one) =>
        fs.existsSync(path.join(old.folder, place, one)),
      ))
        runCommand('rsync', [
          ...['-a', '--ignore-existing', '--include=*/', '--include=*.css', '--include=*.js', '--exclude=*'],
          ...[path.join(old.folder, place, name), path.join(tree, place)],
        ]);
    await zipFolder(tree, zip, 'wordpress');
    await zipFolder(tree, zipWithoutContent, 'wordpress', (file) => file.startsWith('wp-content/'));
    // The site's account reads it, too.
    fs.chmodSync(zipWithoutContent, 0o644);
  }
  return { version, folder: tree, zip, zipWithoutContent };
}

interface Plan {
  readonly from: string;
  /** The WordPress that waits; none: the plugin does. */
  readonly tree?: (folder: string) => Promise<WordPressTree>;
  readonly theirs: (wp: WordPressSite, folder: string) => Promise<() => Promise<void>>;
  readonly choice: { readonly kind: 'plugin' | 'core'; readonly slug: string };
  readonly isDone: (wp: WordPressSite) => boolean;
}

async function prepare({ from, tree, theirs, choice, isDone }: Plan) {
  const [host, mariadb, org] = await Promise.all([anSshHost(), aMariaDb(), aWordPressOrg()]);
  const temp = aTempFolder('visitors');
  fs.chmodSync(temp.path, 0o755);
  const database = mariadb.aDatabase();
  const wp = await aWordPressSite({
    on: host,
    version: from,
    database,
    plugins: [photoGallery.old],
    themes: [],
  });
  wp.write('visitor.php', PAGE);
  const first = await wp.page('/visitor.php');
  if (first.text !== 'well') throw new Error(`visitors see nothing good from the beginning: ${wp.phpLog()}`);
  if (tree === undefined) org.offer(photoGallery.new);
  else org.offerTree(await tree(temp.path));
  const app = await anApp(org);
  const site: Site = await app.add(wp, host, 'Visited');
  const pristine = path.join(temp.path, 'pristine');
  runCommand('cp', ['-a', wp.root, pristine]);
  const dump = path.join(temp.path, 'pristine.sql');
  const login = [
    '--no-defaults',
    `--socket=${database.socket}`,
    `--user=${database.user}`,
    `--password=${database.password}`,
  ];
  fs.writeFileSync(dump, runCommand('mariadb-dump', [...login, database.name]));
  const seen = new Map<string, string>();

  const before = async () => {
    runCommand('rsync', ['-a', '--delete', '--checksum', `${pristine}/`, `${wp.root}/`]);
    runCommand('mariadb', [...login, database.name], { input: fs.readFileSync(dump, 'utf8') });
    await app.check(site);
  };
  const watched = (name: string, work: () => Promise<void>) => async () => {
    const visitor = spawn(
      process.execPath,
      [path.join(import.meta.dirname, 'visitor.ts'), `${wp.url}/visitor.php`, String(EVERY)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const lines = createInterface(visitor.stdout)[Symbol.asyncIterator]();
    await lines.next();
    await work();
    // What was compiled from old files is looked at again after two seconds.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    visitor.stdin.end();
    const told = await lines.next();
    if (visitor.exitCode === null) await once(visitor, 'exit');
    if (!isDone(wp)) throw new Error(`${name} did not update it`);
    const { asked, failed, bad, how } = Seen.parse(JSON.parse(String(told.value)));
    seen.set(
      name,
      `${name}: ${failed} of ${asked} questions failed in the last round, ${Math.round(bad)} ms (${how.join(', ')})`,
    );
    return bad;
  };
  const upgrade = await theirs(wp, temp.path);
  const contenders: Contender[] = [
    { name: 'WordPress itself', before, run: watched('WordPress itself', upgrade) },
    {
      name: 'Groundskeeper',
      ours: true,
      before,
      run: watched('Groundskeeper', async () => {
        const run = await app.ended(await app.client.updates.start({ siteId: site.id, choices: [choice] }));
        if (run.state !== 'done')
          throw new Error(`${run.state}: ${run.summary} ${JSON.stringify(run.problem)}`);
      }),
    },
  ];
  return {
    contenders,
    notes: () => [...seen.values()],
    async stop() {
      await app.close();
      await wp.stop();
      await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
      temp.remove();
    },
  };
}

const UPGRADERS = `foreach (array('file', 'plugin', 'misc', 'update', 'class-wp-upgrader') as $name) require_once ABSPATH . "wp-admin/includes/$name.php";
wp_set_current_user(1);`;

/** As the button in WordPress's own list of plugins does it (wp_ajax_update_plugin). */
async function upgradePlugin(wp: WordPressSite, zip: string): Promise<void> {
  const said = await wp.phpMeanwhile(`${UPGRADERS}
$file = 'photo-gallery/photo-gallery.php';
set_site_transient('update_plugins', (object) array('last_checked' => time(), 'checked' => array($file => '1.0.0'), 'response' => array(
  $file => (object) array('slug' => 'photo-gallery', 'plugin' => $file, 'new_version' => '1.1.0', 'package' => ${JSON.stringify(zip)}, 'url' => ''))));
require_once ABSPATH . 'wp-admin/includes/class-wp-ajax-upgrader-skin.php';
$upgrader = new Plugin_Upgrader(new WP_Ajax_Upgrader_Skin());
$result = $upgrader->bulk_upgrade(array($file));
if (!is_array($result) || !is_array($result[$file])) { var_dump($result); exit(1); }`);
  if (said !== '') throw new Error(said);
}

async function upgradeCore(wp: WordPressSite, zip: string, version: string): Promise<void> {
  const said = await wp.phpMeanwhile(`${UPGRADERS}
$packages = (object) array('full' => ${JSON.stringify(zip)}, 'no_content' => ${JSON.stringify(zip)}, 'new_bundled' => false, 'partial' => false, 'rollback' => false);
$offer = (object) array('response' => 'upgrade', 'download' => ${JSON.stringify(zip)}, 'locale' => 'en_US', 'packages' => $packages, 'current' => '${version}',
  'version' => '${version}', 'php_version' => '7.0', 'mysql_version' => '5.0', 'new_bundled' => '', 'partial_version' => '');
require_once ABSPATH . 'wp-admin/includes/class-core-upgrader.php';
require_once ABSPATH . 'wp-admin/includes/class-automatic-upgrader-skin.php';
$upgrader = new Core_Upgrader(new Automatic_Upgrader_Skin());
$result = $upgrader->upgrade($offer);
if ($result !== '${version}') { var_dump($result); exit(1); }`);
  if (said !== '') throw new Error(said);
}

function coreOf(wp: WordPressSite): string {
  const text = fs.readFileSync(path.join(wp.root, 'wp-includes', 'version.php'), 'utf8');
  return /\$wp_version\s*=\s*'([^']+)'/.exec(text)?.[1] ?? '';
}
