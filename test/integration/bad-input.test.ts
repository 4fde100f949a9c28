import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Site } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  connectionTo,
  goodPlugins,
  type Fault,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { leftBehind } from './watched.ts';

const { openingHours } = goodPlugins;
const SLUG = openingHours.new.slug;
const PLUGIN = path.join('wp-content', 'plugins', SLUG);

let host: SshHost;
let org: WordPressOrg;
let wp: WordPressSite;
let site: Site;
let gk: TestApp;
let files: string;

beforeAll(async () => {
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
  wp = await aWordPressSite({ on: host, database: 'sqlite', plugins: [openingHours.old] });
  org.offer(openingHours.new);
  files = wp.files();
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), org.stop()]);
});
beforeEach(async () => {
  gk = await anApp(org);
  site = await gk.add(wp, host);
  await gk.check(site);
});
afterEach(async () => {
  org.recover();
  await gk.close();
});

/** What every failure has to say. */
const aProblem = (code: string | RegExp) => ({
  code: typeof code === 'string' ? code : (expect.stringMatching(code) as string),
  message: expect.stringMatching(/\w/) as string,
  attempted: expect.stringMatching(/\w/) as string,
  answered: expect.stringMatching(/\w/) as string,
  todo: expect.stringMatching(/\w/) as string,
});

describe('a package that is not what was announced', () => {
  const cases: [Fault, RegExp][] = [
    ['truncated', /package-truncated|source-unreachable/],
    ['short', /package-unreadable/],
    ['tampered', /package-(mismatch|unreadable)/],
    ['other', /package-wrong/],
    ['html', /package-unreadable/],
    ['empty', /package-unreadable/],
    ['garbage', /package-unreadable/],
    ['gone', /source-error/],
    ['error', /source-error/],
    ['drops', /source-unreachable|package-truncated/],
  ];
  for (const [fault, code] of cases) {
    it(`${fault}: is refused with a reason, and the site is as it was`, async () => {
      org.fail('download', fault);
      const run = await gk.update(site, SLUG);
      expect(run).toMatchObject({ state: 'failed', problem: aProblem(code) });
      expect(wp.files()).toEqual(files);
    });
  }
});

describe('a package whose files are not those that the directory publishes', () => {
  it('is refused, and the site is as it was', async () => {
    org.fail('plugin-checksums', 'tampered');
    const run = await gk.update(site, SLUG);
    expect(run).toMatchObject({ state: 'failed', problem: aProblem('package-mismatch') });
    expect(wp.files()).toEqual(files);
  });
});

describe('a site that cannot be updated as it is', () => {
  const refused = async (code: string) => {
    const run = await gk.update(site, SLUG);
    expect(run).toMatchObject({ state: 'failed', problem: aProblem(code) });
    expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);
  };

  it('files that belong to somebody else', async () => {
    execFileSync('chown', ['-R', 'root:root', path.join(wp.root, 'wp-content', 'plugins')]);
    try {
      await refused('remote-permission');
    } finally {
      execFileSync('chown', ['-R', `${host.user}:`, path.join(wp.root, 'wp-content', 'plugins')]);
    }
  });

  it('a version-control checkout, unless it is allowed', async () => {
    fs.mkdirSync(path.join(wp.root, '.git'));
    try {
      await refused('version-control');
    } finally {
      fs.rmSync(path.join(wp.root, '.git'), { recursive: true });
    }
  });

  it('another updater at work', async () => {
    fs.writeFileSync(
      path.join(wp.root, '.maintenance'),
      `<?php $upgrading = ${Math.floor(Date.now() / 1000)};`,
    );
    try {
      await refused('foreign-maintenance');
    } finally {
      fs.rmSync(path.join(wp.root, '.maintenance'));
    }
  });

  it('a plugin that is a symbolic link', async () => {
    const elsewhere = path.join(path.dirname(wp.root), 'deployed');
    fs.renameSync(path.join(wp.root, PLUGIN), elsewhere);
    fs.symlinkSync(elsewhere, path.join(wp.root, PLUGIN));
    try {
      await refused('is-a-link');
    } finally {
      fs.rmSync(path.join(wp.root, PLUGIN));
      fs.renameSync(elsewhere, path.join(wp.root, PLUGIN));
    }
  });

  it('a component that is at another version than the plan says', async () => {
    const main = path.join(wp.root, PLUGIN, 'opening-hours.php');
    const text = fs.readFileSync(main, 'utf8');
    fs.writeFileSync(main, text.replace(openingHours.old.version, '0.9.9'));
    try {
      const run = await gk.update(site, SLUG);
      expect(run).toMatchObject({ state: 'failed', problem: { code: 'component-moved' } });
    } finally {
      fs.writeFileSync(main, text);
    }
  });

  it('a site that does not answer, unless a person agrees', async () => {
    const choices = [{ kind: 'plugin' as const, slug: SLUG, version: null }];
    wp.write('wp-content/mu-plugins/dead.php', '<?php a_function_that_is_not_there();');
    try {
      await expect.poll(async () => (await wp.page('/')).status, { timeout: 20_000 }).toBe(500);
      const before = wp.files();
      expect(await gk.client.updates.plan({ siteId: site.id, choices })).toMatchObject({ down: true });
      const refused = await gk.ended(await gk.client.updates.start({ siteId: site.id, choices }));
      expect(refused).toMatchObject({ state: 'failed', problem: aProblem('site-down') });
      expect(wp.files()).toEqual(before);

      const agreed = { siteId: site.id, choices, thoughDown: true };
      expect(await gk.ended(await gk.client.updates.start(agreed))).toMatchObject({ state: 'done' });
      expect(wp.versionOf(openingHours.new)).toBe(openingHours.new.version);
    } finally {
      wp.remove('wp-content/mu-plugins');
      wp.place(openingHours.old);
      await expect.poll(async () => (await wp.page('/')).status, { timeout: 20_000 }).toBe(200);
    }
    expect(wp.files()).toEqual(files);
  });

  it('a host key that changed: nothing is sent, and it says why', async () => {
    const before = host.hostKey();
    await gk.app.close();
    await host.changeHostKey();
    const again = await anApp(org, gk.dataFolder);
    const trial = await again.client.connections.testSite({ siteId: site.id });
    expect(trial).toMatchObject({
      outcome: 'failed',
      problem: { code: 'host-key-changed', answered: expect.stringContaining(before) as string },
      key: { fingerprint: host.hostKey() },
    });
    const run = await again.update(site, SLUG);
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'host-key-changed' } });
    expect(wp.files()).toEqual(files);
    gk = again;
  });
});

describe('full disks', () => {
  it('the site’s: refused before anything is written', async () => {
    const small = path.join(path.dirname(wp.root), '.groundskeeper');
    fs.rmSync(small, { recursive: true, force: true });
    const account = path.join(host.folder, 'small');
    fs.mkdirSync(account, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', account]);
    try {
      const root = path.join(account, 'public_html');
      execFileSync('cp', ['-a', wp.root, root]);
      execFileSync('chown', ['-R', `${host.user}:`, account]);
      fs.chmodSync(account, 0o755);
      const full = await gk.client.sites.add({
        draft: {
          name: 'Full',
          url: wp.url,
          platform: 'wordpress',
          root: remotePath(root),
          connection: connectionTo(host),
          tags: [],
          notes: '',
          settings: {},
        },
      });
      await gk.check(full);
      execFileSync('sh', [
        '-c',
        `dd if=/dev/zero of=${account}/filler bs=1k count=100000 2>/dev/null || true`,
      ]);
      const run = await gk.update(full, SLUG);
      expect(run).toMatchObject({
        state: 'failed',
        problem: { code: expect.stringMatching(/remote-disk-full|no-private-folder/) as string },
      });
      expect(fs.readFileSync(path.join(root, PLUGIN, 'opening-hours.php'), 'utf8')).toContain(
        openingHours.old.version,
      );
    } finally {
      execFileSync('umount', [account]);
    }
  });

  it('this computer’s: the backup fails with words, so nothing on the site is touched', async () => {
    const folder = aTempFolder('full');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder.path]);
    const small = await anApp(org, folder.path);
    try {
      const there = await small.add(wp, host);
      await small.check(there);
      const run = await small.update(there, SLUG);
      expect(run).toMatchObject({
        state: 'failed',
        problem: { code: 'disk-full', todo: expect.stringContaining('space') as string },
      });
      expect(wp.files()).toEqual(files);
    } finally {
      await small.close();
      execFileSync('umount', [folder.path]);
      folder.remove();
    }
  });
});

describe('a database that refuses', () => {
  let mariadb: MariaDb;
  beforeAll(async () => {
    mariadb = await aMariaDb();
  });
  afterAll(() => mariadb.stop());

  it('the inventory is read, the gap is said, and no update or backup is made', async () => {
    await using shop = await aWordPressSite({
      on: host,
      database: mariadb.aDatabase(),
      plugins: [openingHours.old],
    });
    const added = await gk.add(shop, host, 'Shop');
    await gk.check(added);
    const config = path.join(shop.root, 'wp-config.php');
    fs.writeFileSync(config, fs.readFileSync(config, 'utf8').replace(/('DB_PASSWORD',\s*')[^']*/, '$1wrong'));
    const checked = await gk.check(added);
    expect(checked).toMatchObject({ state: 'done', problem: null });
    const { inventory } = await gk.client.sites.show({ siteId: added.id });
    expect(inventory?.gaps.join(' ')).toContain('Access denied');
    expect(inventory?.components.map((component) => component.slug)).toContain(SLUG);
    const backup = await gk.ended(await gk.client.backups.start({ siteId: added.id }));
    expect(backup).toMatchObject({ state: 'failed', problem: aProblem('database-refused') });
    const run = await gk.update(added, SLUG);
    expect(run).toMatchObject({ state: 'failed' });
    expect(shop.versionOf(openingHours.old)).toBe(openingHours.old.version);
  });
});

describe('cancelling', () => {
  for (const step of ['backup', 'stage', 'baseline', `swap ${SLUG}`, `judge ${SLUG}`]) {
    it(`at “${step}”: the site is as it was`, async () => {
      const { runId } = await gk.client.updates.start({
        siteId: site.id,
        choices: [{ kind: 'plugin', slug: SLUG }],
      });
      await gk.reaches({ runId }, step);
      await gk.client.runs.cancel({ runId });
      const run = await gk.ended({ runId });
      expect(run).toMatchObject({ state: 'cancelled' });
      expect(wp.files()).toEqual(files);
    });
  }

  it('while a slow server locks the site: the lock does not stay', async () => {
    await using slow = await anSshHost({
      mkdir: 'case $* in */lock) sleep 2 ;; esac; exec /bin/mkdir "$@"',
    });
    await using shop = await aWordPressSite({ on: slow, database: 'sqlite', plugins: [openingHours.old] });
    const added = await gk.add(shop, slow, 'Slow lock');
    await gk.check(added);
    const { runId } = await gk.client.updates.start({
      siteId: added.id,
      choices: [{ kind: 'plugin', slug: SLUG }],
    });
    await gk.reaches({ runId }, 'backup');
    await wait(500);
    await gk.client.runs.cancel({ runId });
    expect(await gk.ended({ runId })).toMatchObject({ state: 'cancelled' });
    await wait(2000);
    expect(leftBehind(slow)).toEqual([]);
  });

  it('in the middle of a swap that the server is slow at: it does not swap after all, later', async () => {
    await using slow = await anSshHost({
      mv: 'case $1 in --exchange) sleep 3 ;; esac; exec /bin/mv "$@"',
    });
    await using shop = await aWordPressSite({ on: slow, database: 'sqlite', plugins: [openingHours.old] });
    const added = await gk.add(shop, slow, 'Slow');
    await gk.check(added);
    const before = shop.files();
    const { runId } = await gk.client.updates.start({
      siteId: added.id,
      choices: [{ kind: 'plugin', slug: SLUG }],
    });
    await gk.reaches({ runId }, `swap ${SLUG}`);
    await wait(1000);
    await gk.client.runs.cancel({ runId });
    expect(await gk.ended({ runId })).toMatchObject({ state: 'cancelled' });
    await wait(4000);
    expect(shop.files()).toEqual(before);
  });
});
