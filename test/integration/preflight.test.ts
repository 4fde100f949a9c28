import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Site } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aPlugin,
  aWordPressOrg,
  aWordPressSite,
  connectionTo,
  goodPlugins,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

const { openingHours } = goodPlugins;
const SLUG = openingHours.new.slug;
const PLUGIN = `wp-content/plugins/${SLUG}`;
const QUOTA = '/quota-of-this-host';
/** What a plugin of the shop needs from 2.0 on. */
const cards = {
  old: aPlugin({ slug: 'shop-cards', name: 'Shop Cards', version: '1.0' }),
  new: aPlugin({
    slug: 'shop-cards',
    name: 'Shop Cards',
    version: '2.0',
    headers: { 'Requires Plugins': `${SLUG}, the-shop` },
  }),
};

/** A new version whose main file PHP cannot read. */
const torn = {
  old: aPlugin({ slug: 'torn', name: 'Torn', version: '1.0' }),
  new: aPlugin({ slug: 'torn', name: 'Torn', version: '1.1', code: 'function {' }),
};
/** A new version that brings a file for a PHP that is not here, and does not load it. */
const farSighted = {
  old: aPlugin({ slug: 'far-sighted', name: 'Far Sighted', version: '1.0' }),
  new: aPlugin({
    slug: 'far-sighted',
    name: 'Far Sighted',
    version: '1.1',
    files: { 'php-99/new.php': '<?php\n$a |=> $b;\n' },
  }),
};

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let gk: TestApp;
let wp: WordPressSite;
let site: Site;
let quota: string;

beforeAll(async () => {
  [host, mariadb, org] = await Promise.all([
    // A quota needs a filesystem that is mounted with one: what its program says stands in a file.
    anSshHost({ quota: `cat "$HOME${QUOTA}" 2>/dev/null` }),
    aMariaDb(),
    aWordPressOrg(),
  ]);
  gk = await anApp(org);
  wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: [openingHours.old, cards.old, torn.old, farSighted.old],
  });
  org.offer(openingHours.new);
  for (const plugin of [cards, torn, farSighted]) org.offer(plugin.new);
  site = await gk.add(wp, host);
  await gk.check(site);
  quota = path.join(host.account.home, QUOTA);
});
afterAll(async () => {
  await wp.stop();
  await gk.close();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
});

const asked = async (slug = SLUG, of = site) =>
  gk.client.updates.plan({ siteId: of.id, choices: [{ kind: 'plugin', slug, version: null }] });
const codes = async (slug = SLUG, of = site) => (await asked(slug, of)).blockers.map(({ code }) => code);
const inside = (name: string) => path.join(wp.root, name);

/** Another site with the same files, where a test wants them. */
async function placedAt(root: string, name: string): Promise<Site> {
  return gk.client.sites.add({
    draft: {
      name,
      url: wp.url,
      platform: 'wordpress',
      root: remotePath(root),
      connection: connectionTo(host),
      tags: [],
      notes: '',
      settings: {},
    },
  });
}

describe('what is predicted before an update, with nothing written', () => {
  let before: string;
  beforeEach(() => {
    before = wp.files();
  });

  it('nothing, where nothing is in the way', async () => {
    expect(await asked()).toMatchObject({ blockers: [], warnings: [] });
    expect(wp.files()).toBe(before);
  });

  it('a quota that leaves too little room, or too few files', async () => {
    const disk = execFileSync('df', ['-P', host.account.home], { encoding: 'utf8' })
      .split('\n')[1]
      ?.split(' ')[0];
    const says = (blocks: string, files: string) =>
      fs.writeFileSync(
        quota,
        `Disk quotas for user ${host.user} (uid 1000): \n     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n${disk} ${blocks} ${files} 0\n`,
      );
    try {
      says('1000* 0 1000 0', '10 0 0');
      expect(await codes()).toEqual(['remote-disk-full']);
      says('1000 0 0 0', '10* 9 11');
      expect(await codes()).toEqual(['remote-files-full']);
      says('1000 0 10000000 0', '10 0 1000000');
      expect(await codes()).toEqual([]);
    } finally {
      fs.rmSync(quota);
    }
  });

  it('a disk without room for one more file', async () => {
    const account = fs.mkdtempSync(path.join(host.folder, 'inodes-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,nr_inodes=3000', 'tmpfs', account]);
    try {
      const root = path.join(account, 'public_html');
      execFileSync('cp', ['-a', wp.root, root]);
      execFileSync('chown', ['-R', `${host.user}:`, account]);
      fs.chmodSync(account, 0o755);
      const small = await placedAt(root, 'Few inodes');
      await gk.check(small);
      for (let one = 0; ; one += 1) {
        try {
          fs.writeFileSync(path.join(account, `filler-${one}`), '');
        } catch {
          break;
        }
      }
      // The home folder lies on another disk, so the private folder would be here.
      expect(await codes(SLUG, small)).toEqual(['remote-files-full']);
    } finally {
      execFileSync('umount', [account]);
    }
  });

  it('what this account may not read, and folders it could not clear away', async () => {
    fs.chmodSync(inside(`${PLUGIN}/inc/hours.php`), 0o000);
    fs.chmodSync(inside(`${PLUGIN}/assets`), 0o555);
    try {
      const { blockers } = await asked();
      expect(blockers).toMatchObject([
        { code: 'remote-permission', answered: inside(`${PLUGIN}/assets`) },
        { code: 'remote-unreadable', answered: inside(`${PLUGIN}/inc/hours.php`) },
      ]);
    } finally {
      fs.chmodSync(inside(`${PLUGIN}/inc/hours.php`), 0o644);
      fs.chmodSync(inside(`${PLUGIN}/assets`), 0o755);
    }
  });

  it('files of another account: in a sticky folder in the way, else worth a word', async () => {
    const plugins = inside('wp-content/plugins');
    const { uid, gid } = host.account;
    fs.chownSync(inside(PLUGIN), 33, gid);
    fs.chmodSync(inside(PLUGIN), 0o775);
    try {
      expect(await asked()).toMatchObject({
        blockers: [],
        warnings: [expect.stringContaining('another account')],
      });
      fs.chownSync(plugins, 33, gid);
      fs.chmodSync(plugins, 0o1775);
      expect(await codes()).toEqual(['remote-permission']);
    } finally {
      for (const folder of [plugins, inside(PLUGIN)]) {
        fs.chownSync(folder, uid, gid);
        fs.chmodSync(folder, 0o755);
      }
    }
  });

  it('files that chattr protects', async () => {
    const file = inside(`${PLUGIN}/readme.txt`);
    execFileSync('chattr', ['+i', file]);
    try {
      expect((await asked()).blockers).toMatchObject([{ code: 'immutable', answered: file }]);
    } finally {
      execFileSync('chattr', ['-i', file]);
    }
  });

  it('a root that leads into the releases of a deployment', async () => {
    const app = fs.mkdtempSync(path.join(host.folder, 'app-'));
    const release = path.join(app, 'releases', '20260101');
    fs.mkdirSync(path.dirname(release));
    execFileSync('cp', ['-a', wp.root, release]);
    fs.symlinkSync('releases/20260101', path.join(app, 'current'));
    execFileSync('chown', ['-Rh', `${host.user}:`, app]);
    fs.chmodSync(app, 0o755);
    const deployed = await placedAt(path.join(app, 'current'), 'Deployed');
    await gk.check(deployed);
    expect((await asked(SLUG, deployed)).blockers).toMatchObject([{ code: 'deployed', answered: release }]);
    fs.mkdirSync(path.join(app, '.dep'));
    fs.writeFileSync(path.join(app, '.dep', 'deploy.lock'), 'somebody');
    expect(await codes(SLUG, deployed)).toEqual(['deployed', 'deploy-at-work']);
  });

  it('Composer, git and the like at work in the site', async () => {
    const { uid, gid } = host.account;
    const composer = path.join(host.account.home, 'composer.phar');
    fs.writeFileSync(composer, '<?php echo "at work\n"; sleep(60);');
    const running = spawn('php', [composer, 'install'], { cwd: wp.root, uid, gid });
    try {
      await new Promise((resolve) => running.stdout.once('data', resolve));
      expect((await asked()).blockers).toMatchObject([
        { code: 'deploy-at-work', answered: expect.stringContaining(String(running.pid)) as string },
      ]);
    } finally {
      running.kill();
    }
    wp.write('.git/index.lock', '');
    try {
      expect(await codes()).toEqual(['version-control', 'deploy-at-work']);
    } finally {
      wp.remove('.git');
    }
  });

  it('plugins that the new release needs', async () => {
    expect((await asked('shop-cards')).blockers).toMatchObject([
      { code: 'needs-components', answered: 'not there: the-shop' },
    ]);
  });
});

it('a site is examined: what is well, what is odd, and nothing is written', async () => {
  const before = wp.files();
  const active = wp.sql("SELECT option_value FROM wp_options WHERE option_name = 'active_plugins'").trim();
  wp.write('wp-admin/own.css', '/* by hand */');
  try {
    const findings = await gk.client.updates.examine({ siteId: site.id });
    const levels = (level: string) => findings.filter((one) => one.level === level).map(({ about }) => about);
    expect(levels('wrong')).toEqual([]);
    expect(levels('well')).toEqual(['connection', 'requirements', 'conflicts', 'changes', 'health']);
    expect(findings.filter(({ level }) => level === 'odd')).toMatchObject([
      { about: 'backups', text: 'There is no backup of this site.' },
      { about: 'files', which: ['not of the release: wp-admin/own.css'] },
    ]);
    wp.write('wp-content/plugins/broken.php', '<?php /* Plugin Name: Broken */ nowhere();');
    wp.sql(
      "UPDATE wp_options SET option_value = 'a:1:{i:0;s:10:\"broken.php\";}' WHERE option_name = 'active_plugins'",
    );
    const sick = await gk.client.updates.examine({ siteId: site.id });
    expect(sick).toContainEqual(expect.objectContaining({ about: 'health', level: 'wrong' }));
  } finally {
    wp.remove('wp-content/plugins/broken.php');
    wp.remove('wp-admin/own.css');
    wp.sql(`UPDATE wp_options SET option_value = '${active}' WHERE option_name = 'active_plugins'`);
  }
  expect(wp.files()).toBe(before);
});

describe('what PHP cannot read', () => {
  it('is not swapped in where it has to run', async () => {
    const before = wp.files();
    const run = await gk.update(site, 'torn');
    expect(run).toMatchObject({
      state: 'failed',
      problem: { code: 'broken-release', answered: expect.stringContaining('torn.php') as string },
    });
    expect(wp.files()).toBe(before);
  });

  it('is said where it may be for another PHP', async () => {
    const run = await gk.update(site, 'far-sighted');
    expect(run).toMatchObject({ state: 'done' });
    const { log } = await gk.client.runs.show({ runId: run.id });
    expect(log).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        text: expect.stringContaining('php-99/new.php') as string,
      }),
    );
  });
});

describe('PHP that never looks again at a file', () => {
  it('is told to forget what it compiled, so that what is judged is the new version', async () => {
    await using shop = await aWordPressSite({
      on: host,
      plugins: [openingHours.old],
      opcache: 'never-looks',
    });
    const added = await gk.add(shop, host, 'Never looks');
    await gk.check(added);
    expect((await shop.page('/')).text).toContain(openingHours.old.version);
    expect(await gk.update(added, SLUG)).toMatchObject({ state: 'done' });
    expect((await shop.page('/')).text).toContain(openingHours.new.version);
    expect(fs.readdirSync(shop.root).filter((name) => name.startsWith('.maintenance'))).toEqual([]);
    await gk.ended(await gk.client.updates.rollback({ siteId: added.id, database: 'keep' }));
    expect((await shop.page('/')).text).toContain(openingHours.old.version);
  });

  it('is no place for an update where it cannot be told', async () => {
    await using shop = await aWordPressSite({
      on: host,
      plugins: [openingHours.old],
      opcache: 'never-looks, untold',
    });
    const added = await gk.add(shop, host, 'Cannot be told');
    await gk.check(added);
    const before = shop.files();
    expect(await gk.update(added, SLUG)).toMatchObject({
      state: 'failed',
      problem: { code: 'code-never-read' },
    });
    expect(shop.files()).toBe(before);
  });
});

describe('WordPress’s own updaters', () => {
  const own = (code: string) =>
    wp.php(`require ABSPATH . 'wp-admin/includes/class-wp-upgrader.php'; ${code}`);
  const locks = () => wp.sql("SELECT option_name FROM wp_options WHERE option_name LIKE '%.lock'");

  it('are waited for while one is at work, and not when it was cut off', async () => {
    own("var_export(WP_Upgrader::create_lock('core_updater', 900));");
    expect((await asked()).blockers).toMatchObject([
      { code: 'updater-at-work', todo: expect.stringMatching(/in 1[45] min/) as string },
    ]);
    expect(await gk.update(site, SLUG)).toMatchObject({
      state: 'failed',
      problem: { code: 'updater-at-work' },
    });
    wp.sql(
      "UPDATE wp_options SET option_value = option_value - 1000 WHERE option_name = 'core_updater.lock'",
    );
    expect(await codes()).toEqual([]);
    wp.sql("DELETE FROM wp_options WHERE option_name = 'core_updater.lock'");
  });

  it('wait themselves while an update of ours is under way, and may go on afterwards', async () => {
    const choices = [{ kind: 'plugin' as const, slug: SLUG }];
    const started = await gk.client.updates.start({ siteId: site.id, choices });
    await gk.reaches(started, 'stage');
    const tries = own(
      "foreach (array('core_updater' => 900, 'auto_updater' => 3600) as $name => $lasts) var_export(WP_Upgrader::create_lock($name, $lasts));",
    );
    const run = await gk.ended(started);
    expect(tries).toBe('falsefalse');
    expect(run).toMatchObject({ state: 'done' });
    expect(locks()).toBe('');
    expect(own("var_export(WP_Upgrader::create_lock('core_updater', 900));")).toBe('true');
    own("WP_Upgrader::release_lock('core_updater');");
  });

  it('do not keep a rollback from a site whose database is dead', async () => {
    wp.sql('RENAME TABLE wp_options TO gone_options');
    try {
      const back = await gk.client.updates.rollback({ siteId: site.id, database: 'keep' });
      const run = await gk.ended(back);
      expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);
      expect(run.state).toBe('done');
    } finally {
      wp.sql('RENAME TABLE gone_options TO wp_options');
    }
  });
});
