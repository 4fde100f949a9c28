import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Backup } from '../../main/backups/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath, type BackupId } from '../../main/words/index.ts';
import { anApp, aTempFolder, type TempFolder, type TestApp } from '../rig/index.ts';

let temp: TempFolder;
let gk: TestApp;
let root: string;
let site: Site;
beforeEach(async () => {
  temp = aTempFolder('care');
  root = path.join(temp.path, 'site');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, 'index.html'), '<h1>Hollyhock Bakery</h1>');
  gk = await anApp(null, path.join(temp.path, 'data'));
  site = await aLocalSite('Bakery', root);
});
afterEach(async () => {
  await gk.close();
  temp.remove();
});

const aLocalSite = (name: string, folder: string) =>
  gk.client.sites.add({
    draft: {
      name,
      url: 'http://127.0.0.1/',
      platform: 'files',
      root: remotePath(folder),
      connection: { kind: 'local' },
    },
  });
const backUp = async (of = site): Promise<Backup> => {
  const run = await gk.ended(await gk.client.backups.start({ siteId: of.id }));
  expect(run).toMatchObject({ state: 'done' });
  const [latest] = await gk.client.backups.list({ siteId: of.id });
  if (latest === undefined) throw new Error('no backup');
  return latest;
};
const held = async (): Promise<BackupId[]> => (await gk.client.backups.list({})).map(({ id }) => id);
const FEW = { last: 0, everythingDays: 0, daily: 0, weekly: 0, monthly: 0, atLeast: 2 };

describe('backups that are kept', () => {
  it('are those of the rules and the pinned ones; the rest goes with the next backup of the site', async () => {
    const first = await backUp();
    const second = await backUp();
    const third = await backUp();
    await gk.client.backups.pin({ backupId: first.id, note: 'before the redesign' });
    const tried = await gk.client.backups.keeping({ rules: { ...FEW, atLeast: 1 } });
    expect(tried.map(({ id, keep, reasons }) => [id, keep, reasons[0]?.rule])).toEqual([
      [third.id, true, 'at-least'],
      [second.id, false, undefined],
      [first.id, true, 'pinned'],
    ]);
    expect(await held()).toHaveLength(3);

    await gk.client.preferences.set({ backups: { keep: FEW, thin: false } });
    const fourth = await backUp();
    expect(await held()).toHaveLength(4);
    await gk.client.preferences.set({ backups: { thin: true } });
    const run = await gk.ended(await gk.client.backups.start({ siteId: site.id }));
    expect(run.summary).toContain('2 older backups were removed by the rules');
    const left = await held();
    expect(left).toHaveLength(3);
    expect(left.slice(1)).toEqual([fourth.id, first.id]);
  });

  it('of one site follow its own rules', async () => {
    const other = path.join(temp.path, 'other');
    fs.cpSync(root, other, { recursive: true });
    const florist = await aLocalSite('Florist', other);
    await gk.client.preferences.set({ backups: { keep: FEW } });
    const settings = { ...florist.settings, backups: { every: null, keep: { ...FEW, atLeast: 3 } } };
    await gk.client.sites.edit({ siteId: florist.id, edit: { settings } });
    for (const of of [site, florist]) for (let times = 0; times < 4; times += 1) await backUp(of);
    expect(await gk.client.backups.list({ siteId: site.id })).toHaveLength(2);
    expect(await gk.client.backups.list({ siteId: florist.id })).toHaveLength(3);
  });

  it('are not deleted while they are pinned, not even with their site', async () => {
    const first = await backUp();
    await backUp();
    await gk.client.backups.pin({ backupId: first.id });
    await expect(gk.client.backups.remove({ backupId: first.id })).rejects.toMatchObject({
      code: 'backup-pinned',
    });
    expect(await gk.client.sites.remove({ siteId: site.id, backups: 'delete' })).toEqual({
      backupsDeleted: 1,
      backupsPinned: 1,
    });
    expect(await held()).toEqual([first.id]);
    await gk.client.backups.unpin({ backupId: first.id });
    await gk.client.backups.remove({ backupId: first.id });
    expect(await held()).toEqual([]);
  });
});
