import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../../main/sites/index.ts';
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
  type WordPressSite,
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
    'cksum',
  ],
];
const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');

let host: SshHost;
let jail: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let gk: TestApp;
beforeAll(async () => {
  [host, jail, mariadb, org] = await Promise.all([
    anSshHost({}, { busybox: applets, without: MISSING }),
    anSshHost({}, { without: [...MISSING, ...MORE_MISSING] }),
    aMariaDb(),
    aWordPressOrg(),
  ]);
  gk = await anApp(org);
});
afterAll(async () => {
  await gk.close();
  await Promise.all([host.stop(), jail.stop(), mariadb.stop(), org.stop()]);
});

describe('a WordPress site on a host with BusyBox, PHP and no client of MySQL', () => {
  it('is updated', async () => {
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
    await using wp = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
    await comesBack(wp, await gk.add(wp, host, 'Backed up'));
  });
});

it('a WordPress site on a host with PHP and hardly a program beside it is updated, has a bad update taken back, is backed up and restored', async () => {
  const { openingHours } = goodPlugins;
  const { migratesThenDies: bad } = badPlugins;
  await using wp = await aWordPressSite({
    on: jail,
    database: mariadb.aDatabase(),
    plugins: [openingHours.old, bad.old],
  });
  org.offer(openingHours.new);
  org.offer(bad.new);
  const site = await gk.add(wp, jail, 'In a jail');
  await gk.check(site);
  expect(await gk.update(site, 'opening-hours')).toMatchObject({ state: 'done' });
  expect(wp.versionOf(openingHours.new)).toBe(openingHours.new.version);
  await wp.page('/');
  const [files, dump] = [wp.files(), wp.dump()];
  expect(await gk.update(site, bad.new.slug)).toMatchObject({ state: 'rolled-back' });
  expect(wp.files()).toBe(files);
  expect(wp.dump()).toBe(dump);
  await comesBack(wp, site);
});

/** Backs a site up, does damage to it, and restores it whole. */
async function comesBack(wp: WordPressSite, site: Site): Promise<void> {
  expect(await gk.ended(await gk.client.backups.start({ siteId: site.id }))).toMatchObject({ state: 'done' });
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
}
