import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  anApp,
  anSshHost,
  aPlugin,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  groundskeeper,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

const { openingHours, oddlyNamed } = goodPlugins;

let host: SshHost;
let org: WordPressOrg;
let temp: TempFolder;
beforeAll(async () => {
  temp = aTempFolder('point-in-time');
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
});
afterAll(async () => {
  await Promise.all([host.stop(), org.stop()]);
  temp.remove();
});

const posts = (wp: WordPressSite) =>
  Number(wp.sql("SELECT COUNT(*) FROM wp_posts WHERE post_title = 'An order'").trim());

it('goes back to a point in time, across several updates: one component, then all with the database', async () => {
  await using wp = await aWordPressSite({ on: host, plugins: [openingHours.old, oddlyNamed.old] });
  const [hours, forms] = [openingHours.old.slug, oddlyNamed.old.slug];
  let files: string;
  {
    await using gk = await anApp(org, temp.path);
    const { updates, backups } = gk.client;
    const site = await gk.add(wp, host, 'Bakery');
    await wp.page('/');
    expect(await gk.ended(await backups.start({ siteId: site.id }))).toMatchObject({ state: 'done' });
    const [then] = await backups.list({ siteId: site.id });
    files = wp.files();
    const newest = aPlugin({ slug: hours, name: openingHours.old.name, version: '1.4.0' });
    // Updated by whoever: what counts is what lies there, and what the backups between know.
    for (const place of [openingHours.new, oddlyNamed.new]) wp.place(place);
    expect(await gk.ended(await backups.start({ siteId: site.id }))).toMatchObject({ state: 'done' });
    wp.place(newest);
    wp.sql(
      "INSERT INTO wp_posts (post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_content_filtered, post_modified, post_modified_gmt) VALUES (1, '2026-01-01', '2026-01-01', 'new', 'An order', '', 'publish', '', '', '', '2026-01-01', '2026-01-01')",
    );

    const preview = await updates.rollbackPreview({ siteId: site.id, to: then?.id });
    expect(preview).toMatchObject({ means: 'store', obstacles: [], database: { available: true } });
    expect(preview.components.map(({ slug, versions }) => [slug, versions]).toSorted()).toEqual([
      [forms, ['1.9', '1.10']],
      [hours, ['1.2.0', '1.3.0', '1.4.0']],
    ]);
    expect(preview.database.changed).toContainEqual(expect.objectContaining({ table: 'wp_posts' }) as object);

    const only = { siteId: site.id, to: then?.id, components: [hours] };
    expect(await gk.ended(await updates.rollback(only))).toMatchObject({ state: 'done' });
    expect([wp.versionOf(openingHours.old), wp.versionOf(oddlyNamed.old)]).toEqual(['1.2.0', '1.10']);
    expect(posts(wp)).toBe(1);
    await expect(updates.rollbackPreview(only)).rejects.toMatchObject({ code: 'nothing-to-roll-back' });
  }

  // The first backup is the newest one from before all updates; the terminal finds the one that a word means.
  const told = await groundskeeper(temp.path, org, ['--json', 'backups', 'list', 'Bakery']).ended;
  const first = (JSON.parse(told.out) as { id: string }[]).at(-1)?.id ?? '';
  const args = ['rollback', 'Bakery', '--to', first, '--database', 'restore'];
  const dry = await groundskeeper(temp.path, org, [...args, '--dry-run']).ended;
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.out).toContain('Tidy Forms: 1.10 → 1.9, across 1 update (1.10 → 1.9)');
  expect(await groundskeeper(temp.path, org, args).ended).toMatchObject({ code: 0 });
  expect(wp.files()).toBe(files);
  expect(posts(wp)).toBe(0);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
}, 200_000);
