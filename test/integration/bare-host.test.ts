import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aWordPressOrg,
  aWordPressSite,
  badPlugins,
  goodPlugins,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressOrg,
} from '../rig/index.ts';

/** What a small host, or a container, does not have. */
const MISSING = ['mysql', 'mariadb', 'mysqldump', 'mariadb-dump', 'perl', 'python3', 'openssl', 'rsync'];
/** What a jail that somebody put together by hand does not have either. */
const MORE_MISSING = [
  ...[
    'find',
    'stat',
    'tar',
    'bsdtar',
    'busybox',
    'xargs',
    'readlink',
    'md5sum',
    'sha256sum',
    'shasum',
    'timeout',
    'cksum',
  ],
  ...[
    'awk',
    'gawk',
    'mawk',
    'original-awk',
    'nawk',
    'sed',
    'grep',
    'cut',
    'head',
    'tail',
    'wc',
    'ps',
    'df',
    'date',
  ],
];
const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');

let busybox: SshHost;
let jail: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let gk: TestApp;
beforeAll(async () => {
  [busybox, jail, mariadb, org] = await Promise.all([
    anSshHost({}, { busybox: applets, without: MISSING }),
    anSshHost({}, { without: [...MISSING, ...MORE_MISSING] }),
    aMariaDb(),
    aWordPressOrg(),
  ]);
  gk = await anApp(org);
});
afterAll(async () => {
  await gk.close();
  await Promise.all([busybox.stop(), jail.stop(), mariadb.stop(), org.stop()]);
});

describe.each([
  ['BusyBox, PHP and no client of MySQL', () => busybox],
  ['PHP, and not even find, tar or awk', () => jail],
] as const)('a WordPress site on a host with %s', (_what, hostOf) => {
  it('is updated', async () => {
    const host = hostOf();
    const { openingHours } = goodPlugins;
    await using wp = await aWordPressSite({
      on: host,
      database: mariadb.aDatabase(),
      plugins: [openingHours.old],
    });
    org.offer(openingHours.new);
    const site = await gk.add(wp, host, 'Good');
    expect(await gk.check(site)).toMatchObject({ state: 'done' });
    expect(await gk.update(site, 'opening-hours')).toMatchObject({ state: 'done' });
    expect(wp.versionOf(openingHours.new)).toBe(openingHours.new.version);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
  });

  it.each(Object.entries(badPlugins).filter(([name]) => name.startsWith('migrates')))(
    'has an update taken back that breaks it (%s), its database too',
    async (_name, plugin) => {
      const host = hostOf();
      await using wp = await aWordPressSite({
        on: host,
        database: mariadb.aDatabase(),
        plugins: [plugin.old],
      });
      org.offer(plugin.new);
      const site = await gk.add(wp, host, 'Bad');
      await gk.check(site);
      // The first visit is what sets a site up.
      await wp.page('/');
      const [files, dump] = [wp.files(), wp.dump()];
      expect(await gk.update(site, plugin.new.slug)).toMatchObject({ state: 'rolled-back' });
      expect(wp.files()).toBe(files);
      expect(wp.dump()).toBe(dump);
    },
  );

  it('is backed up and restored, files and database', async () => {
    const host = hostOf();
    await using wp = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
    const site = await gk.add(wp, host, 'Backed up');
    expect(await gk.ended(await gk.client.backups.start({ siteId: site.id }))).toMatchObject({
      state: 'done',
    });
    const [backup] = await gk.client.backups.list({ siteId: site.id });
    if (!backup) throw new Error('no backup');
    const [files, dump] = [wp.files(), wp.dump()];
    fs.writeFileSync(path.join(wp.root, 'wp-content', 'hacked.php'), '<?php // left by somebody');
    fs.rmSync(path.join(wp.root, 'wp-includes', 'version.php'));
    wp.sql(
      "UPDATE wp_options SET option_value = 'Hacked' WHERE option_name = 'blogname'; CREATE TABLE wp_later (a INT)",
    );
    const restored = await gk.client.backups.restore({
      backupId: backup.id,
      to: { kind: 'site' },
      database: true,
    });
    // The maintenance page that is up meanwhile is not taken for a leftover.
    const ended = await gk.ended(restored);
    expect(ended.state).toBe('done');
    expect(ended.summary).toContain('1 files written, 1 deleted, and the database');
    expect(wp.files()).toBe(files);
    expect(wp.dump()).toBe(dump);
  });
});
