import fs from 'node:fs';
import path from 'node:path';
import Conf from 'conf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openApp, type App } from '../../main/app.ts';
import { confFiles, sessionKeychain } from '../../main/settings/index.ts';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import { aTempFolder, type TempFolder } from '../rig/index.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let temp: TempFolder;
let app: App;
let notices: string[];
/** Goes on by itself as a computer's does: the store's thread has one as well, and a backup is not dated after now. */
let ahead = 0;
const clock = () => Date.now() + ahead;
const open = async () => {
  const dataFolder = path.join(temp.path, 'data');
  app = await openApp({
    dataFolder,
    shell: 'terminal',
    version: '0.0.0-test',
    environment: {},
    keychain: sessionKeychain(),
    files: confFiles(Conf, dataFolder),
    resourcesFolder: path.resolve(import.meta.dirname, '..', '..', 'resources'),
    stays: true,
    clock,
  });
  app.onNotice(({ title }) => notices.push(title));
};
beforeEach(async () => {
  temp = aTempFolder('duties');
  notices = [];
  await open();
  // Only what is asked for in a test is done by itself.
  await app.client.preferences.set({
    checks: { automatic: false },
    backups: { proveWithinDays: 0, thin: false },
    notifications: { failures: false },
  });
});
afterEach(async () => {
  await app.close();
  temp.remove();
});

const aSite = async (name: string): Promise<Site> => {
  const folder = path.join(temp.path, name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'index.html'), `<h1>${name}</h1>`);
  return app.client.sites.add({
    draft: {
      name,
      url: 'http://127.0.0.1/',
      platform: 'files',
      root: remotePath(folder),
      connection: { kind: 'local' },
    },
  });
};
/** The computer wakes up so much later. */
const later = (millis: number) => {
  ahead += millis;
  app.resumed();
};
const runsOf = async (kind: Run['kind']) =>
  (await app.client.runs.list({})).filter((run) => run.kind === kind);
/** Looked at again and again, as each minute does. */
const comes = <T>(what: () => Promise<T> | T) =>
  expect.poll(
    () => {
      app.resumed();
      return what();
    },
    { timeout: 20_000 },
  );
const ends = (kind: Run['kind'], times: number) =>
  comes(async () => (await runsOf(kind)).filter(({ endedAt }) => endedAt !== null).length).toBe(times);
/** Long enough for what would be begun to be seen. */
const looked = async () => {
  for (let times = 0; times < 20; times += 1) {
    app.resumed();
    await app.client.backups.list({});
  }
};

describe('by itself', () => {
  it('each site is backed up in its time, one that never is to be not at all; a laptop that slept catches up once', async () => {
    const sites = [await aSite('Bakery'), await aSite('Florist'), await aSite('Archive')];
    const [, , archive] = sites;
    if (archive === undefined) throw new Error('no site');
    const settings = { ...archive.settings, backups: { every: 'never' as const, keep: null } };
    await app.client.sites.edit({ siteId: archive.id, edit: { settings } });
    await app.client.preferences.set({ backups: { automatic: true, everyHours: 24 } });
    later(0);
    await ends('backup', 2);
    expect(
      (await app.client.backups.list({})).map(({ reason, siteName }) => [reason, siteName]).sort(),
    ).toEqual([
      ['scheduled', 'Bakery'],
      ['scheduled', 'Florist'],
    ]);
    later(20 * HOUR);
    await looked();
    expect(await runsOf('backup')).toHaveLength(2);
    later(9 * DAY);
    await ends('backup', 4);
    expect(await app.client.backups.list({ siteId: archive.id })).toEqual([]);
  }, 60_000);

  it('a site that fails is tried again later, and later, not all the time', async () => {
    const site = await aSite('Bakery');
    fs.rmSync(site.root, { recursive: true });
    await app.client.preferences.set({ backups: { automatic: true } });
    later(0);
    await ends('backup', 1);
    expect((await runsOf('backup'))[0]?.state).toBe('failed');
    later(14 * 60_000);
    await looked();
    expect(await runsOf('backup')).toHaveLength(1);
    later(60_000);
    await ends('backup', 2);
    later(59 * 60_000);
    await looked();
    expect(await runsOf('backup')).toHaveLength(2);
    later(60_000);
    await ends('backup', 3);
  }, 60_000);

  it('sites without a recent backup are told of once a day, all in one, and not when they were added just now', async () => {
    const bakery = await aSite('Bakery');
    later(2 * DAY);
    await aSite('Florist');
    later(4 * DAY);
    await looked();
    expect(notices).toEqual([]);
    later(2 * DAY);
    await comes(() => notices).toEqual(['Bakery has no recent backup']);
    expect((await app.client.sites.list({})).map(({ overdue }) => overdue)).toEqual([true, false]);
    later(23 * HOUR);
    await looked();
    expect(notices).toHaveLength(1);
    later(2 * HOUR);
    await comes(() => notices.slice(1)).toEqual(['2 sites have no recent backup']);
    await app.client.backups.start({ siteId: bakery.id });
    await ends('backup', 1);
    expect((await app.client.sites.list({})).map(({ overdue }) => overdue)).toEqual([false, true]);
  }, 60_000);

  it('the backups are read back a part each day, through restarts, and restored once a month', async () => {
    const site = await aSite('Bakery');
    await app.client.backups.start({ siteId: site.id });
    await ends('backup', 1);
    await app.client.preferences.set({ backups: { proveWithinDays: 30 } });
    const woken = clock() + DAY;
    later(DAY);
    await ends('verify', 1);
    expect((await app.client.backups.list({}))[0]?.verifiedAt).toBeGreaterThanOrEqual(woken);
    await app.close();
    await open();
    later(HOUR);
    await looked();
    expect(await runsOf('verify')).toHaveLength(1);
    later(DAY);
    await ends('verify', 2);
    await app.client.preferences.set({ backups: { proveWithinDays: 0, drillMonthly: true } });
    later(0);
    await ends('verify', 3);
    expect((await app.client.sites.list({}))[0]?.provedAt).toBeGreaterThan(woken);
    later(29 * DAY);
    await looked();
    expect(await runsOf('verify')).toHaveLength(3);
    later(DAY);
    await ends('verify', 4);
  }, 60_000);
});
