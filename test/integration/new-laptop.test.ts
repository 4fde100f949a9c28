import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStore } from '../../main/backups/index.ts';
import { newSiteId, remotePath } from '../../main/words/index.ts';
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
import { aWaitingSite, HELD_DUMP, leftBehind } from './watched.ts';

const { migratesThenDies: bad } = badPlugins;

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let temp: TempFolder;
beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '5');
  // A host where no watchdog lives on, so that all is left to the new laptop.
  [host, mariadb, org] = await Promise.all([
    anSshHost(HELD_DUMP, { reaps: true }),
    aMariaDb(),
    aWordPressOrg(),
  ]);
  temp = aTempFolder('laptops');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  temp.remove();
});

const at = (name: string) => path.join(temp.path, name);
const recover = (input: string, ...more: readonly string[]) => {
  const args = ['--json', 'emergency', 'recover', 'Bakery', '--phrase-stdin', '--key', host.key.file];
  return groundskeeper(at('new'), org, [...args, ...more], input).ended;
};

it('gets everything back on an empty laptop, from a copy of the store, the phrase and the site’s key', async () => {
  await using wp = await aWaitingSite({ host, mariadb, org, dataFolder: at('old') }, 'Bakery', bad);
  const { phrase, siteId } = await anOldLaptop();
  const [files, dump] = [wp.files(), wp.dump()];

  // It dies where the new version lies on the site, which visitors do not get to see.
  const update = groundskeeper(at('old'), org, ['update', 'Bakery', '--all', '--without-watchdog']);
  await killAtStep(update, at('old'), `judge ${bad.new.slug}`);
  fs.rmSync(at('old'), { recursive: true });
  expect(wp.versionOf(bad.new)).toBe(bad.new.version);
  // Somebody breaks the site as well, and its server was set up anew.
  fs.writeFileSync(path.join(wp.root, 'wp-includes', 'load.php'), '<?php not_a_function();');
  await host.changeHostKey();

  const otherKey = await recover(`${phrase}\n`, '--copy-folder', at('copy'));
  expect(otherKey).toMatchObject({ code: 1 });
  expect(JSON.parse(otherKey.out)).toMatchObject({
    sites: [{ siteId, name: 'Bakery', backups: 1, isHere: false, known: { url: wp.url, root: wp.root } }],
    recovered: [{ site: null, problem: { code: 'host-key-changed' } }],
  });

  const again = async () => (await recover('', '--replace-host-key', host.hostKey())).out;
  let back = await again();
  while (back.includes('"site-busy"')) back = await again();
  expect(JSON.parse(back)).toMatchObject({
    recovered: [
      {
        site: { id: siteId, name: 'Bakery' },
        settled: { state: 'rolled-back', summary: expect.stringContaining(bad.old.version) as string },
        assessment: {
          sick: true,
          differs: true,
          backup: { reason: 'asked' },
          preview: { counts: { changed: 1, added: 0, deleted: 0 }, rows: [] },
        },
        restored: null,
        problem: null,
      },
    ],
  });
  expect(wp.versionOf(bad.old)).toBe(bad.old.version);
  expect(wp.dump()).toEqual(dump);
  expect(await wp.page('/')).toMatchObject({ status: 500 });
  expect(leftBehind(host).filter((name) => !/^[^/]*(\/report)?$/.test(name))).toEqual([]);

  const restored = await recover('', '--restore');
  expect(restored).toMatchObject({ code: 0 });
  expect(JSON.parse(restored.out)).toMatchObject({ recovered: [{ settled: { state: 'done' } }] });
  expect([wp.files(), wp.dump()]).toEqual([files, dump]);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
}, 300_000);

it('goes on with backups of an older version: the person says how the site is reached, or that it is the one that was added anew', async () => {
  const siteId = newSiteId();
  {
    const store = await openStore(path.join(at('older'), 'store'), { clock: Date.now, keeper: null });
    await using writer = await store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
    const root = await writer.putTree([]);
    const nothing = { database: null, databaseKind: null, files: 0, bytes: 0, moved: [], unreadable: [] };
    await writer.commit({ root, ...nothing });
    await store.close();
  }
  await using app = await anApp(null, at('older'));
  const { emergency, sites } = app.client;
  fs.mkdirSync(at('site'));
  const draft = {
    ...{ name: 'bakery', url: 'https://bakery.example/', platform: 'files' },
    ...{ root: remotePath(at('site')), connection: { kind: 'local' as const } },
  };
  const lost = { siteId, name: 'Bakery', backups: 1, known: null, isHere: false };
  expect(await emergency.sites({})).toMatchObject([{ ...lost, twin: null }]);
  await expect(emergency.bringSite({ siteId: newSiteId(), draft })).rejects.toMatchObject({
    code: 'no-backups-of-site',
  });

  const anew = await sites.add({ draft });
  expect(await emergency.sites({})).toMatchObject([{ ...lost, twin: anew.id }]);
  await expect(emergency.bringSite({ siteId, draft })).rejects.toMatchObject({ code: 'site-exists' });
  const adopted = await emergency.adopt({ siteId, as: anew.id });
  expect(adopted).toMatchObject({ id: siteId, root: at('site') });
  expect(await app.client.backups.list({ siteId })).toHaveLength(1);

  await sites.remove({ siteId, backups: 'keep' });
  await emergency.bringSite({ siteId, draft });
  expect(await emergency.sites({})).toMatchObject([{ siteId, isHere: true, twin: null }]);

  // One that has backups of its own stays the site that it is.
  await sites.remove({ siteId, backups: 'keep' });
  const own = await sites.add({ draft });
  expect(await app.ended(await app.client.backups.start({ siteId: own.id }))).toMatchObject({
    state: 'done',
  });
  await expect(emergency.adopt({ siteId, as: own.id })).rejects.toMatchObject({ code: 'has-its-own' });
});

/** Backs its one site up, and has a recovery phrase and a copy of the store. */
async function anOldLaptop() {
  await using old = await anApp(org, at('old'));
  const site = await old.client.sites.find({ nameOrId: 'Bakery' });
  expect(await old.ended(await old.client.backups.start({ siteId: site.id }))).toMatchObject({
    state: 'done',
  });
  const { phrase } = await old.client.store.makePhrase({});
  await old.client.store.confirmPhrase({ phrase });
  const place = { kind: 'folder' as const, folder: at('copy') };
  const copy = await old.client.copies.add({ draft: { name: 'Desk', place } });
  expect(await old.ended(copy)).toMatchObject({ state: 'done' });
  return { phrase, siteId: site.id };
}
