import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  badPlugins,
  goodPlugins,
  groundskeeper,
  killAtStep,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
} from '../rig/index.ts';
import { aWaitingSite, leftBehind, visitUntilBack, watching, type Watched } from './watched.ts';

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let data: TempFolder;
let watched: Watched;

beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '6');
  [host, mariadb, org] = await Promise.all([anSshHost(), aMariaDb(), aWordPressOrg()]);
  data = aTempFolder('watchdog');
  watched = { host, mariadb, org, dataFolder: data.path };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  data.remove();
});

async function expectToldByRecover(): Promise<void> {
  const recovered = await groundskeeper(data.path, org, ['--json', 'runs', 'recover']).ended;
  expect(recovered).toMatchObject({
    code: 0,
    out: expect.stringContaining('the watchdog on the server brought the site back by itself') as string,
  });
}

describe('the app is killed and never comes back', () => {
  it('right after the swap of a bad plugin: the site gets back by itself', async () => {
    const { diesOnLoad: bad } = badPlugins;
    await using wp = await aWaitingSite(watched, 'Bad', bad);
    const [files, dump] = [wp.files(), wp.dump()];
    const line = groundskeeper(data.path, org, ['update', 'Bad', '--component', bad.new.slug]);
    await killAtStep(line, data.path, `judge ${bad.new.slug}`);
    expect(wp.versionOf(bad.new)).toBe(bad.new.version);
    expect(watching(host)).toHaveLength(1);

    await visitUntilBack(host, wp);

    expect(wp.files()).toBe(files);
    expect(wp.dump()).toBe(dump);
    await expect.poll(async () => (await wp.page('/')).status, { timeout: 20_000 }).toBe(200);
    expect(watching(host)).toEqual([]);
    await expectToldByRecover();
    expect(leftBehind(host)).toEqual([]);
  });

  it('in the middle of a migrating one: files and database get back before visitors come in', async () => {
    const { migratesThenDies: bad } = badPlugins;
    await using wp = await aWaitingSite(watched, 'Migrating', bad);
    const [files, dump] = [wp.files(), wp.dump()];
    const line = groundskeeper(data.path, org, ['update', 'Migrating', '--component', bad.new.slug]);
    // It migrates at the first request after the swap, which is our own look.
    const migrated =
      "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'wp_shop_orders' AND column_name = 'amount'";
    while (wp.sql(migrated).trim() === '0') await wait(20);
    line.process.kill('SIGKILL');
    await line.ended;

    const answers = await visitUntilBack(host, wp);

    // What visitors see is the maintenance page or the healthy site.
    expect([...answers].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(wp.files()).toBe(files);
    expect(wp.dump()).toBe(dump);
    expect(await wp.page('/')).toMatchObject({
      status: 200,
      text: expect.stringContaining('Orders: 200') as string,
    });
    expect(watching(host)).toEqual([]);
    await expectToldByRecover();
    expect(leftBehind(host)).toEqual([]);
  });
});

it('PHP that never looks again at a file is told by the watchdog what lies there', async () => {
  const { diesOnLoad: bad } = badPlugins;
  // The app is slow to take it back, so that it can be killed before.
  await using slow = await anSshHost({
    mv: `case $1 in --exchange) if [ -e "$HOME/swapped" ]; then sleep 5; else : > "$HOME/swapped"; fi ;; esac; exec /bin/mv "$@"`,
  });
  await using wp = await aWaitingSite({ ...watched, host: slow, opcache: 'never-looks' }, 'Never looks', bad);
  const files = wp.files();
  const line = groundskeeper(data.path, org, ['update', 'Never looks', '--component', bad.new.slug]);
  await expect.poll(async () => (await wp.page('/')).status, { timeout: 60_000, interval: 50 }).toBe(500);
  line.process.kill('SIGKILL');
  await line.ended;

  await visitUntilBack(slow, wp);

  expect(wp.files()).toBe(files);
  await expect.poll(async () => (await wp.page('/')).status, { timeout: 20_000 }).toBe(200);
  await expectToldByRecover();
});

it('an update that goes well leaves no watchdog behind', async () => {
  const { eventTickets: good } = goodPlugins;
  await using wp = await aWaitingSite(watched, 'Good', good);
  const updated = await groundskeeper(data.path, org, [
    '--json',
    'update',
    'Good',
    '--component',
    good.new.slug,
  ]).ended;
  expect(updated).toMatchObject({ code: 0 });
  expect(wp.versionOf(good.new)).toBe(good.new.version);
  expect(watching(host)).toEqual([]);
  expect(leftBehind(host).filter((name) => name.includes('/') && !name.split('/').includes('old'))).toEqual(
    [],
  );
});
