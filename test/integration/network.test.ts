import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../main/backups/index.ts';
import type { Site } from '../../main/sites/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aWordPressSite,
  makeNetwork,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressSite,
} from '../rig/index.ts';

let host: SshHost;
let mariadb: MariaDb;
let app: TestApp;
let folders: WordPressSite;
let foldersThere: WordPressSite;
let names: WordPressSite;
let namesThere: WordPressSite;
const known = new Map<WordPressSite, Site>();
const backups = new Map<WordPressSite, Backup>();

beforeAll(async () => {
  [host, mariadb] = await Promise.all([anSshHost(), aMariaDb()]);
  const made = (title: string, part: { name?: string; tablePrefix?: string } = {}) =>
    aWordPressSite({ on: host, database: mariadb.aDatabase(), title, ...part });
  folders = await made('Hollyhock Bakery');
  foldersThere = await made('Staging', { tablePrefix: 'b7_' });
  names = await made('Hollyhock Bakery', { name: 'localhost' });
  namesThere = await made('Staging', { name: 'localhost' });
  makeNetwork(folders, false, [
    { name: 'shop', title: 'The Shop' },
    { name: 'club', title: 'The Club' },
  ]);
  makeNetwork(foldersThere, false, [{ name: 'gone', title: 'Goes' }]);
  makeNetwork(names, true, [
    { name: 'shop', title: 'The Shop' },
    { name: 'own', title: 'Elsewhere', domain: 'bakery.example' },
  ]);
  app = await anApp(null);
  for (const [site, name] of [
    [folders, 'Folders'],
    [foldersThere, 'Folders, staging'],
    [names, 'Names'],
    [namesThere, 'Names, staging'],
  ] as const)
    known.set(site, await app.add(site, host, name));
});
afterAll(async () => {
  await app.close();
  await Promise.all([...known.keys()].map((site) => site.stop()));
  await Promise.all([host.stop(), mariadb.stop()]);
});

const idOf = (site: WordPressSite) => known.get(site)?.id ?? expect.fail('not known');
async function backupOf(site: WordPressSite): Promise<Backup> {
  const siteId = idOf(site);
  if (!backups.has(site)) {
    expect(await app.ended(await app.client.backups.start({ siteId }))).toMatchObject({ state: 'done' });
    const [backup] = await app.client.backups.list({ siteId });
    if (backup) backups.set(site, backup);
  }
  return backups.get(site) ?? expect.fail('no backup');
}
const plan = async (from: WordPressSite, to: WordPressSite) =>
  app.client.backups.elsewhere({ backupId: (await backupOf(from)).id, siteId: idOf(to) });
const restore = async (from: WordPressSite, to: WordPressSite) =>
  app.ended(
    await app.client.backups.restore({
      backupId: (await backupOf(from)).id,
      to: { kind: 'site', siteId: idOf(to) },
    }),
  );
const hostOf = (site: WordPressSite) => new URL(site.url).host;

describe('a network of sites in folders', () => {
  it('comes to another network of that kind under its address, every site of it', async () => {
    const found = await plan(folders, foldersThere);
    expect(found.blockers).toEqual([]);
    expect(found.database?.moves).toContainEqual({ kind: 'url', from: folders.url, to: foldersThere.url });
    expect(found.database?.dropped).toEqual([]);
    const config = fs.readFileSync(path.join(foldersThere.root, 'wp-config.php'), 'utf8');

    expect(await restore(folders, foldersThere)).toMatchObject({ problem: null, state: 'done' });
    expect(fs.readFileSync(path.join(foldersThere.root, 'wp-config.php'), 'utf8')).toBe(config);
    const there = hostOf(foldersThere);
    expect(foldersThere.sql('SELECT blog_id, domain, path FROM b7_blogs ORDER BY 1')).toBe(
      `1\t${there}\t/\n2\t${there}\t/shop/\n3\t${there}\t/club/\n`,
    );
    expect(foldersThere.sql('SELECT domain, path FROM b7_site')).toBe(`${there}\t/\n`);
    for (const [at, title] of [
      ['/', 'Hollyhock Bakery'],
      ['/shop/', 'The Shop'],
      ['/club/', 'The Club'],
    ] as const) {
      const page = await foldersThere.page(at);
      expect(page).toMatchObject({ status: 200, text: expect.stringContaining(title) as string });
      expect(page.text).not.toContain(folders.url);
    }
    const { text } = await foldersThere.page('/shop/?rest_route=/wp/v2/posts');
    expect(text.replaceAll('\\/', '/')).toContain(`${foldersThere.url}/shop/menu`);
    // What somebody may do in each site, and the network's administrator, came along.
    expect(
      foldersThere.php(`
        switch_to_blog(2);
        $widgets = get_option('widget_text');
        echo json_encode(array(is_super_admin(1), user_can(1, 'edit_others_posts'), wp_roles()->is_role('editor'), get_option('home'), $widgets[2]['text'],
          get_user_meta(1, 'source_domain', true), get_network()->domain), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);`),
    ).toBe(
      JSON.stringify([
        ...[true, true, true, `${foldersThere.url}/shop`, `${foldersThere.url}/shop/é`],
        ...[there, there],
      ]),
    );
    foldersThere.sql(
      "UPDATE b7_posts SET guid = ''; UPDATE b7_2_posts SET guid = ''; UPDATE b7_3_posts SET guid = ''",
    );
    expect(foldersThere.dump()).not.toContain(hostOf(folders));
    expect(foldersThere.dump()).not.toMatch(/(?:TABLE|INTO) `?wp_|'wp_\d*_?(?:capabilities|user_roles)'/);
  });
});

describe('a network of sites with names', () => {
  it('is refused beforehand where the other site is none, with the lines that would make it one', async () => {
    const before = [namesThere.files(), namesThere.dump()];
    const lines = `define('DOMAIN_CURRENT_SITE', '${hostOf(namesThere)}');`;
    expect((await plan(names, namesThere)).blockers[0]).toMatchObject({
      code: 'not-a-network',
      todo: expect.stringContaining(lines) as string,
    });
    expect(await restore(names, namesThere)).toMatchObject({
      state: 'failed',
      problem: { code: 'not-a-network' },
    });
    expect([namesThere.files(), namesThere.dump()]).toEqual(before);
  });

  it('is refused beforehand where the other’s sites are folders, and a single site where the other is a network', async () => {
    expect((await plan(names, foldersThere)).blockers[0]).toMatchObject({
      code: 'other-network',
      answered: expect.stringContaining('names below its domain') as string,
    });
    expect((await plan(namesThere, foldersThere)).blockers[0]).toMatchObject({ code: 'many-sites' });
  });

  it('comes to one of that kind: each name below the other’s domain, and those of their own are said to stay', async () => {
    makeNetwork(namesThere, true, []);
    const found = await plan(names, namesThere);
    expect(found.blockers).toEqual([]);
    expect(found.warnings).toContainEqual(expect.stringContaining('bakery.example'));
    expect(await restore(names, namesThere)).toMatchObject({ problem: null, state: 'done' });
    const there = hostOf(namesThere);
    expect(namesThere.sql('SELECT domain FROM wp_blogs ORDER BY blog_id')).toBe(
      `${there}\nshop.${there}\nbakery.example\n`,
    );
    const page = await namesThere.page('/', `shop.${there}`);
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('The Shop') as string });
    expect(page.text).not.toContain(hostOf(names));
    const { text } = await namesThere.page('/?rest_route=/wp/v2/posts', `shop.${there}`);
    expect(text.replaceAll('\\/', '/')).toContain(`http://shop.${there}/menu`);
    expect((await namesThere.page('/')).text).toContain('Hollyhock Bakery');
  });
});
