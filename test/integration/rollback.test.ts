import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  meadow,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressOrg,
} from '../rig/index.ts';

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

describe('core 6.3 to 6.5', () => {
  it('is updated with its database, and comes back with its database by hand', async () => {
    await using wp = await aWordPressSite({ on: host, version: '6.3', database: mariadb.aDatabase() });
    await org.offerCore('6.5');
    const site = await gk.add(wp, host, 'Core');
    await gk.check(site);
    const files = wp.files();
    const schema = databaseVersion(wp);
    fs.writeFileSync(path.join(wp.root, 'wp-includes', 'my-own.txt'), 'the user’s own file');

    const run = await gk.update(site, 'wordpress');

    expect(run).toMatchObject({ state: 'done' });
    const [before] = await gk.client.backups.keeping({ siteId: site.id });
    expect(before?.reasons).toContainEqual({ rule: 'needed' });
    if (before === undefined) throw new Error('no backup');
    await expect(gk.client.backups.remove({ backupId: before.id })).rejects.toMatchObject({
      code: 'backup-needed',
    });
    expect(fs.readFileSync(path.join(wp.root, 'wp-includes', 'version.php'), 'utf8')).toContain('6.5.5');
    expect(fs.existsSync(path.join(wp.root, 'wp-includes', 'my-own.txt'))).toBe(true);
    expect(databaseVersion(wp)).not.toBe(schema);
    expect(fs.existsSync(path.join(wp.root, '.maintenance'))).toBe(false);
    expect(await wp.page('/')).toMatchObject({ status: 200 });

    fs.rmSync(path.join(wp.root, 'wp-includes', 'my-own.txt'));
    const preview = await gk.client.updates.rollbackPreview({ siteId: site.id });
    expect(preview).toMatchObject({ means: 'kept', components: [{ slug: 'wordpress', to: '6.3.5' }] });
    const back = await gk.ended(await gk.client.updates.rollback({ siteId: site.id, database: 'restore' }));

    expect(back).toMatchObject({ state: 'done' });
    expect(databaseVersion(wp)).toBe(schema);
    // Those that the dump holds are of a run that is over: WordPress need not wait for them.
    expect(wp.sql("SELECT option_name FROM wp_options WHERE option_name LIKE '%.lock'")).toBe('');
    await gk.client.backups.remove({ backupId: before.id });
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    fs.rmSync(path.join(wp.root, 'wp-includes', 'my-own.txt'), { force: true });
    expect(wp.files()).toEqual(files);
  });
});

describe('a plugin that changes its table', () => {
  it('is updated behind a maintenance page and stays; rolled back by hand, what would be lost is said', async () => {
    const { eventTickets } = goodPlugins;
    await using wp = await aWordPressSite({
      on: host,
      database: mariadb.aDatabase(),
      plugins: [eventTickets.old],
    });
    org.offer(eventTickets.new);
    const site = await gk.add(wp, host, 'Tickets');
    await wp.page('/');
    await gk.check(site);

    const run = await gk.update(site, eventTickets.new.slug);
    expect(run).toMatchObject({ state: 'done' });
    const { steps } = await gk.client.runs.show({ runId: run.id });
    const names = steps.map((step) => step.name);
    expect(names).toContain(`offline ${eventTickets.new.slug}`);
    expect(names).toContain(`dump ${eventTickets.new.slug}`);
    const judged = steps.find((step) => step.name === `judge ${eventTickets.new.slug}`);
    expect(judged?.detail).toContain('changed wp_event_tickets (price added).');

    wp.sql(
      "INSERT INTO wp_posts (post_author, post_date, post_date_gmt, post_content, post_title, post_excerpt, post_status, to_ping, pinged, post_content_filtered) VALUES (1, '2026-01-01', '2026-01-01', 'new', 'An order', '', 'publish', '', '', '')",
    );
    const preview = await gk.client.updates.rollbackPreview({ siteId: site.id });
    expect(preview.database.changed?.map((table) => table.table)).toContain('wp_posts');
    expect(preview.database.schema).toEqual([
      { table: 'wp_event_tickets', how: 'changed', columns: [{ name: 'price', how: 'added' }] },
    ]);
    const back = await gk.ended(await gk.client.updates.rollback({ siteId: site.id, database: 'keep' }));
    expect(back).toMatchObject({ state: 'done' });
    expect(wp.versionOf(eventTickets.old)).toBe(eventTickets.old.version);
    expect(wp.sql("SELECT COUNT(*) FROM wp_posts WHERE post_title = 'An order'").trim()).toContain('1');
  });
});

describe('a theme', () => {
  it.each([
    ['by one rename', {}, []],
    // As of files that belong to others.
    [
      'by one rename of a copy, where there are no second names',
      { cp: 'case " $* " in *" -RPpl "*) exit 1 ;; esac; exec /bin/cp "$@"' },
      [],
    ],
    // As on a disk that is nearly full.
    [
      'file by file, where it cannot be laid ready as a whole',
      { cp: 'case " $* " in *" -RPp"*) exit 1 ;; esac; exec /bin/cp "$@"' },
      [expect.stringContaining('comes file by file')],
    ],
  ] as const)(
    'is updated, and comes back from the store when the kept tree is gone: %s',
    async (_how, programs, said) => {
      await using on = await anSshHost(programs);
      await using wp = await aWordPressSite({
        on,
        database: 'sqlite',
        themes: [meadow.old],
        theme: meadow.old.slug,
      });
      org.offer(meadow.new);
      const site = await gk.add(wp, on, `Theme ${on.port}`);
      const edit = { settings: { backups: { leaveOut: ['*.log'] } } };
      await gk.client.sites.edit({ siteId: site.id, edit });
      await gk.check(site);
      const theme = path.join(wp.root, 'wp-content/themes', meadow.old.slug);
      const log = path.join(theme, 'own.log');
      wp.write(path.relative(wp.root, log), 'left out');
      const files = wp.files();
      expect(await gk.update(site, meadow.new.slug)).toMatchObject({ state: 'done' });
      wp.write(path.relative(wp.root, path.join(theme, 'since.php')), '<?php // came in since');
      fs.appendFileSync(log, ', and goes on');
      const { privateFolder } = await gk.client.sites.find({ nameOrId: site.id });
      fs.rmSync(privateFolder ?? '', { recursive: true });

      const preview = await gk.client.updates.rollbackPreview({ siteId: site.id });
      expect(preview).toMatchObject({ means: 'store' });
      const back = await gk.ended(await gk.client.updates.rollback({ siteId: site.id }));

      expect(back).toMatchObject({ state: 'done' });
      const told = (await gk.client.runs.show({ runId: back.id })).log.map(({ text }) => text);
      expect(told.filter((text) => text.includes('file by file'))).toEqual(said);
      expect(wp.files()).toEqual(files);
    },
  );
});

function databaseVersion(wp: { sql(statement: string): string }): string {
  return wp.sql("SELECT option_value FROM wp_options WHERE option_name = 'db_version'").trim();
}
