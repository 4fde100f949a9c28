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

describe('a restore drill', () => {
  const drill = async (backup: Backup) => gk.ended(await gk.client.backups.drill({ backupId: backup.id }));
  const leftOver = () => fs.readdirSync(path.join(temp.path, 'data', 'drills'));

  it('restores everything, compares it, notes what was proved, and leaves nothing behind', async () => {
    fs.mkdirSync(path.join(root, 'sub', 'empty'), { recursive: true });
    fs.writeFileSync(path.join(root, 'sub', 'tool.sh'), '#!/bin/sh', { mode: 0o751 });
    fs.writeFileSync(path.join(root, 'sub', 'large.bin'), Buffer.alloc(3_000_000, 'abc'));
    fs.writeFileSync(path.join(root, 'sub', 'odd:name?'), 'odd');
    fs.writeFileSync(path.join(root, 'sub', '日本語.txt'), 'x');
    fs.symlinkSync('/etc/passwd', path.join(root, 'sub', 'absolute'));
    fs.symlinkSync('nowhere', path.join(root, 'sub', 'dangling'));
    const backup = await backUp();
    expect(await drill(backup)).toMatchObject({
      state: 'done',
      summary: expect.stringContaining('byte for byte') as string,
    });
    const [proved] = await gk.client.backups.list({});
    expect(proved?.proof).toMatchObject({
      files: 5,
      database: null,
      unproved: [expect.stringContaining('1 name was') as string],
    });
    expect((await gk.client.sites.list({}))[0]?.provedAt).toBe(proved?.proof?.at);
    expect(leftOver()).toEqual([]);
  });

  it('fails when the store does not hold what it should, and takes back what was proved before', async () => {
    fs.writeFileSync(path.join(root, 'photo.jpg'), Buffer.alloc(400_000, 'not very random'));
    const backup = await backUp();
    await drill(backup);
    const packs = path.join(temp.path, 'data', 'store', 'packs');
    for (const name of fs.readdirSync(packs, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.pack')) continue;
      const file = path.join(packs, name);
      const bytes = fs.readFileSync(file);
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      fs.writeFileSync(file, bytes);
    }
    expect(await drill(backup)).toMatchObject({ state: 'failed', problem: { code: 'store-damaged' } });
    expect((await gk.client.backups.list({}))[0]?.proof).toBeNull();
    expect(leftOver()).toEqual([]);
  });
});

describe('backups that are read back in parts', () => {
  it('are verified without being asked for; damage ends the run with what to do', async () => {
    await backUp();
    expect(await gk.ended(await gk.client.backups.verify({ rolling: true }))).toMatchObject({
      state: 'done',
      summary: 'Everything was read back not long ago.',
    });
    const packs = path.join(temp.path, 'data', 'store', 'packs');
    for (const name of fs.readdirSync(packs)) fs.rmSync(path.join(packs, name), { recursive: true });
    await gk.client.store.rebuildIndex({});
    expect(await gk.ended(await gk.client.backups.verify({ rolling: true }))).toMatchObject({
      state: 'failed',
      problem: { code: 'store-damaged', todo: expect.stringContaining('Back up') as string },
    });
  });
});
