import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  badPlugins,
  groundskeeper,
  killAtStep,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
} from '../rig/index.ts';
import { aWaitingSite, HELD_DUMP, leftBehind, type Watched } from './watched.ts';

const { migratesThenDies: bad } = badPlugins;

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let old: TempFolder;
let laptop: TempFolder;
let watched: Watched;
beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '5');
  // A host where no watchdog lives on: what was left there has to be enough.
  [host, mariadb, org] = await Promise.all([
    anSshHost(HELD_DUMP, { reaps: true }),
    aMariaDb(),
    aWordPressOrg(),
  ]);
  [old, laptop] = [aTempFolder('old-laptop'), aTempFolder('new-laptop')];
  watched = { host, mariadb, org, dataFolder: old.path };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  old.remove();
  laptop.remove();
});

const onNew = (...args: readonly string[]) => groundskeeper(laptop.path, org, ['--json', ...args]).ended;

it('a laptop that knows nothing of a run that was cut off is told of it, and brings the site back with what that left', async () => {
  await using wp = await aWaitingSite(watched, 'Bakery', bad);
  {
    await using gk = await anApp(org, laptop.path);
    await gk.check(await gk.add(wp, host, 'Bakery anew'));
  }
  const [files, dump] = [wp.files(), wp.dump()];
  const hold = path.join(host.account.home, 'hold');
  fs.writeFileSync(hold, '');
  const args = ['update', 'Bakery', '--all', '--without-watchdog'];
  const line = groundskeeper(old.path, org, args);
  const started = Date.now();
  const closed = () => expect(fs.existsSync(path.join(wp.root, '.maintenance'))).toBe(true);
  await vi.waitFor(closed, { timeout: 60_000, interval: 20 });

  const busy = await onNew('update', 'Bakery anew', '--all', '--dry-run');
  const notNow = await onNew('runs', 'recover', '--site', 'Bakery anew');
  fs.rmSync(hold);
  await killAtStep(line, old.path, `judge ${bad.new.slug}`, started);
  expect(wp.versionOf(bad.new)).toBe(bad.new.version);
  expect(busy).toMatchObject({ code: 1, out: expect.stringContaining('"site-busy"') as string });
  expect(notNow).toMatchObject({ code: 1, out: expect.stringContaining('"site-busy"') as string });

  const cutOff = async () => (await onNew('update', 'Bakery anew', '--all', '--dry-run')).out;
  await expect.poll(cutOff, { timeout: 60_000 }).toContain('"site-locked"');
  const back = await onNew('runs', 'recover', '--site', 'Bakery anew');

  expect(back).toMatchObject({ code: 3 });
  expect(back.out).toContain(`${bad.new.version} → ${bad.old.version}`);
  expect([wp.files(), wp.dump()]).toEqual([files, dump]);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
  expect(leftBehind(host).filter((name) => !/^[^/]*(\/report)?$/.test(name))).toEqual([]);
  expect(await onNew('runs', 'recover', '--site', 'Bakery anew')).toMatchObject({
    out: expect.stringContaining('nothing-cut-off') as string,
  });
  // The old one comes back after all, and is told what happened.
  const told = await groundskeeper(old.path, org, ['--json', 'runs', 'recover']).ended;
  expect(told).toMatchObject({ code: 0, out: expect.stringContaining('brought the site back') as string });
}, 300_000);
