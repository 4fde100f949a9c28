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

const LOGGING =
  "define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', false); define('WP_DEBUG_LOG', dirname(__DIR__) . '/debug-' . basename(__DIR__) . '.log');";

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let gk: TestApp;

beforeAll(async () => {
  [host, mariadb, org] = await Promise.all([anSshHost(), aMariaDb(), aWordPressOrg()]);
  gk = await anApp(org);
});
afterAll(async () => {
  await gk.close();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
});

describe('a good update', () => {
  it('of a plugin: swapped in, the site healthy, nothing left on the site but the old tree', async () => {
    const { openingHours } = goodPlugins;
    await using wp = await aWordPressSite({ on: host, database: 'sqlite', plugins: [openingHours.old] });
    org.offer(openingHours.new);
    const site = await gk.add(wp, host, 'Good plugin');
    const checked = await gk.check(site);
    expect(checked).toMatchObject({ state: 'done' });

    const run = await gk.update(site, 'opening-hours');

    expect(run).toMatchObject({ state: 'done' });
    expect(wp.versionOf(openingHours.new)).toBe(openingHours.new.version);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(await gk.client.updates.list({ siteId: site.id })).toEqual([]);
  });
});

describe('an update that makes the site worse', () => {
  for (const [name, plugin] of Object.entries(badPlugins)) {
    it(`${name}: is taken back by itself`, async () => {
      await using wp = await aWordPressSite({
        on: host,
        database: name.startsWith('migrates') ? mariadb.aDatabase() : 'sqlite',
        plugins: [plugin.old],
        configLines: LOGGING,
      });
      org.offer(plugin.new);
      const site = await gk.add(wp, host, name);
      await gk.check(site);
      const files = wp.files();
      const before = await wp.page('/');
      const dump = wp.dump();

      const run = await gk.update(site, plugin.new.slug);

      expect(run).toMatchObject({
        state: 'rolled-back',
        worsened: [{ kind: 'plugin', slug: plugin.new.slug, version: plugin.new.version }],
      });
      expect(wp.files()).toEqual(files);
      expect(await wp.page('/')).toMatchObject({ status: before.status });
      if (name.startsWith('migrates')) expect(wp.dump()).toEqual(dump);
    });
  }
});

it('what was taken back is not held against what comes after it in the same run', async () => {
  const [{ openingHours: good }, { diesOnLoad: bad }] = [goodPlugins, badPlugins];
  await using wp = await aWordPressSite({ on: host, plugins: [bad.old, good.old], configLines: LOGGING });
  for (const { new: update } of [bad, good]) org.offer(update);
  const site = await gk.add(wp, host, 'A bad one and a good one');
  await gk.check(site);

  const run = await gk.update(site, bad.new.slug, good.new.slug);

  expect(run).toMatchObject({
    state: 'rolled-back',
    summary: expect.stringMatching(
      /^Contact Cards .* Updated: Opening Hours 1\.2\.0 → 1\.3\.0\.$/s,
    ) as string,
  });
  expect([wp.versionOf(bad.old), wp.versionOf(good.new)]).toEqual([bad.old.version, good.new.version]);
  expect(await gk.client.sites.show({ siteId: site.id })).toMatchObject({ undoable: [{ runId: run.id }] });
  const line = async () =>
    (await gk.client.history.list({ siteId: site.id })).find(({ runId }) => runId === run.id);
  expect(await line()).toMatchObject({ outcome: 'rolled-back', undoable: true });
  await gk.ended(await gk.client.updates.rollback({ siteId: site.id, runId: run.id }));
  expect(wp.versionOf(good.new)).toBe(good.old.version);
  expect(await line()).toMatchObject({ undoable: false });
});
