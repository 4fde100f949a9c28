import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aWordPressOrg,
  aWordPressSite,
  badPlugins,
  connectionTo,
  goodPlugins,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { startPhp } from '../rig/php.ts';

const { openingHours: good, eventTickets: migrates } = goodPlugins;
const { diesOnLoad: bad, migratesThenDies: badMigrating } = badPlugins;

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let app: TestApp;
let wp: WordPressSite;
let site: Site;
/** The files before the first update. */
let installed: string;

beforeAll(async () => {
  [host, mariadb, org] = await Promise.all([anSshHost({}, { onlySftp: true }), aMariaDb(), aWordPressOrg()]);
  app = await anApp(org);
  wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: [good.old, bad.old, migrates.old, badMigrating.old],
  });
  for (const plugin of [good, bad, migrates, badMigrating]) org.offer(plugin.new);
  site = await addOverSftp(app, wp, host, 'Shop');
  await visited(wp);
});
afterAll(async () => {
  await app.close();
  await wp.stop();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
});

async function addOverSftp(to: TestApp, of: WordPressSite, on: SshHost, name: string): Promise<Site> {
  const connection = { ...connectionTo(on), kind: 'sftp' as const };
  const trial = await to.client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await to.client.connections.trust({ key: trial.key });
  const draft = { name, url: of.url, platform: 'wordpress', root: remotePath(of.root), connection };
  return to.client.sites.add({ draft: { ...draft, tags: [], notes: '', settings: {} } });
}

/** Fails with all that a run said, where it did not end so. */
async function endsAs(state: Run['state'], run: Run, of: TestApp = app): Promise<Run> {
  if (run.state === state) return run;
  const { log, steps, problem } = await of.client.runs.show({ runId: run.id });
  const said = [
    ...steps.map((step) => `${step.name}: ${step.state} ${step.detail}`),
    ...log.map(({ text }) => text),
  ];
  return expect.fail(`${run.state}: ${run.summary}\n${said.join('\n')}\n${JSON.stringify(problem, null, 1)}`);
}

/** WordPress writes to its database at the first visits; afterwards it is at rest. */
async function visited(of: WordPressSite): Promise<void> {
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await of.page(page);
}

/** Our own files in the web root, and all in private folders but trees that were kept. */
function leftBehind(of: WordPressSite, on: SshHost): string[] {
  const inRoot = fs.readdirSync(of.root).filter((name) => /groundskeeper|maintenance/.test(name));
  const folder = path.join(on.account.home, '.groundskeeper');
  const inFolder = !fs.existsSync(folder)
    ? []
    : fs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\/lock|\/staged|\/new|try|clock/.test(name));
  return [...inRoot, ...inFolder];
}

const LOCKS = "SELECT option_name FROM wp_options WHERE option_name LIKE '%.lock'";
/** WordPress’s own code for updating itself. */
function ownUpdater(code: string): string {
  return wp.php(`require ABSPATH . 'wp-admin/includes/class-wp-upgrader.php'; ${code}`);
}

describe('a WordPress on a host that gives SFTP and no shell', () => {
  it('is found and read without its PHP; what only that knows is said to be unknown', async () => {
    const connection = { ...connectionTo(host), kind: 'sftp' as const };
    const found = await app.client.connections.look({ connection, root: wp.root });
    expect(found).toMatchObject({ platform: 'wordpress', version: wp.version });
    expect(await app.check(site)).toMatchObject({ state: 'done' });
    const { inventory } = await app.client.sites.show({ siteId: site.id });
    expect(inventory).toMatchObject({
      php: null,
      database: null,
      gaps: [expect.stringContaining('Over SFTP') as string],
    });
    expect(
      inventory?.components
        .filter(({ kind }) => kind === 'plugin')
        .map(({ slug, version, active }) => [slug, version, active]),
    ).toContainEqual([good.old.slug, good.old.version, null]);
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('is planned without a word written: no watchdog, and a migration needs the user’s word', async () => {
    const before = wp.files();
    const plan = await app.client.updates.plan({
      siteId: site.id,
      choices: [{ kind: 'plugin', slug: migrates.new.slug }],
    });
    expect(plan).toMatchObject({ blockers: [], watchdog: { runs: false, needsConsent: true } });
    expect(wp.files()).toBe(before);
    expect(await app.update(site, migrates.new.slug)).toMatchObject({
      state: 'failed',
      problem: { code: 'needs-consent' },
    });
    expect(wp.files()).toBe(before);
  });

  it('is not updated while WordPress updates itself', async () => {
    installed = wp.files();
    ownUpdater("WP_Upgrader::create_lock('core_updater', 900);");
    expect(await app.update(site, good.new.slug)).toMatchObject({
      state: 'failed',
      problem: { code: 'updater-at-work', todo: expect.stringMatching(/in 1[45] min/) as string },
    });
    expect(wp.files()).toBe(installed);
    expect(leftBehind(wp, host)).toEqual([]);
    expect(wp.sql(LOCKS)).toContain('core_updater.lock');
    // It was cut off: WordPress itself takes no notice of such a lock any more.
    wp.sql(
      "UPDATE wp_options SET option_value = option_value - 1000 WHERE option_name = 'core_updater.lock'",
    );
  });

  it('is updated: backed up with its database, staged, swapped, judged; nothing of ours stays', async () => {
    const choices = [{ kind: 'plugin' as const, slug: good.new.slug }];
    const started = await app.client.updates.start({ siteId: site.id, choices });
    await app.reaches(started, 'stage');
    const tries = ownUpdater(
      "foreach (array('core_updater' => 900, 'auto_updater' => 3600) as $name => $lasts) var_export(WP_Upgrader::create_lock($name, $lasts));",
    );
    const run = await app.ended(started);
    await endsAs('done', run);
    expect(tries).toBe('falsefalse');
    expect(wp.sql(LOCKS)).toBe('');
    expect(wp.versionOf(good.new)).toBe(good.new.version);
    expect((await wp.page('/')).text).toContain(`(${good.new.version})`);
    expect(leftBehind(wp, host)).toEqual([]);
    const [backup] = await app.client.backups.list({ siteId: site.id });
    expect(backup).toMatchObject({ database: 'mariadb' });
  });

  it('is rolled back from the store where the old tree is gone', async () => {
    const kept = fs.globSync('.groundskeeper/*/*/old', { cwd: host.account.home });
    expect(kept).toHaveLength(1);
    for (const old of kept) fs.rmSync(path.join(host.account.home, old), { recursive: true });
    expect(await app.client.updates.rollbackPreview({ siteId: site.id })).toMatchObject({ means: 'store' });
    await endsAs('done', await app.ended(await app.client.updates.rollback({ siteId: site.id })));
    expect(wp.files()).toBe(installed);
    expect((await wp.page('/')).text).toContain(`(${good.old.version})`);
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('is as it was when an update of its database is cancelled in the middle', async () => {
    const [files, dump] = [wp.files(), wp.dump()];
    const choices = [{ kind: 'plugin' as const, slug: migrates.new.slug }];
    const wish = { siteId: site.id, choices, withoutWatchdog: true };
    const { runId } = await app.client.updates.start(wish);
    const steps = async () => (await app.client.runs.show({ runId })).steps.map(({ name }) => name);
    await expect.poll(steps, { timeout: 120_000, interval: 20 }).toContain(`judge ${migrates.new.slug}`);
    expect(wp.versionOf(migrates.new)).toBe(migrates.new.version);
    await app.client.runs.cancel({ runId });
    await endsAs('cancelled', await app.ended({ runId }));
    expect([wp.files(), wp.dump()]).toEqual([files, dump]);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('comes back by itself when the update makes it worse', async () => {
    const files = wp.files();
    await endsAs('rolled-back', await app.update(site, bad.new.slug));
    expect(wp.files()).toBe(files);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('comes back with its database, when the user agreed to a migration that goes wrong', async () => {
    const [files, dump] = [wp.files(), wp.dump()];
    const choices = [{ kind: 'plugin' as const, slug: badMigrating.new.slug }];
    const run = await app.ended(
      await app.client.updates.start({ siteId: site.id, choices, withoutWatchdog: true }),
    );
    await endsAs('rolled-back', run);
    expect([wp.files(), wp.dump()]).toEqual([files, dump]);
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('is migrated where the user agreed, and rolled back by hand with its database', async () => {
    const [files, dump] = [wp.files(), wp.dump()];
    const choices = [{ kind: 'plugin' as const, slug: migrates.new.slug }];
    const run = await app.ended(
      await app.client.updates.start({ siteId: site.id, choices, withoutWatchdog: true }),
    );
    await endsAs('done', run);
    expect((await wp.page('/')).text).toContain('Summer concert 25');
    expect(leftBehind(wp, host)).toEqual([]);
    const schema = [{ how: 'changed', columns: [{ name: 'price', how: 'added' }] }];
    const preview = await app.client.updates.rollbackPreview({ siteId: site.id });
    expect(preview).toMatchObject({ means: 'kept', database: { available: true, schema } });
    // Counted without a word written: as the newest backup has it, the dump from just before the migration.
    expect(preview.database.countedAt).toBeGreaterThan(preview.database.takenAt ?? Infinity);
    expect(preview.database.changed).not.toBeNull();
    wp.sql("INSERT INTO wp_options (option_name, option_value) VALUES ('since_then', '1')");
    const back = await app.ended(await app.client.updates.rollback({ siteId: site.id, database: 'restore' }));
    await endsAs('done', back);
    const { log } = await app.client.runs.show({ runId: back.id });
    expect(log.map(({ text }) => text).join()).toMatch(
      /With the database go .*wp_options from \d+ rows back to/,
    );
    expect([wp.files(), wp.dump()]).toEqual([files, dump]);
    expect(leftBehind(wp, host)).toEqual([]);
  });

  it('has a database restored, and nobody is kept waiting by the locks that its dump holds', async () => {
    const [files, dump] = [wp.files(), wp.dump()];
    const backups = await app.client.backups.list({ siteId: site.id });
    const [newest] = backups.filter(({ reason }) => reason === 'before-update');
    const to = { kind: 'site' as const };
    const paths = ['wp-content/plugins'];
    const started = await app.client.backups.restore({
      backupId: newest?.id ?? '',
      paths,
      to,
      database: true,
    });
    await endsAs('done', await app.ended(started));
    expect(wp.files()).toBe(files);
    expect(wp.dump()).toBe(dump);
    expect(leftBehind(wp, host)).toEqual([]);
  });
});

describe('where a runner may not be', () => {
  const attempt = async (url: string) => {
    await app.client.sites.edit({ siteId: site.id, edit: { url } });
    const before = wp.files();
    const run = await app.update(site, bad.new.slug);
    expect(wp.files()).toBe(before);
    expect(leftBehind(wp, host)).toEqual([]);
    await app.client.sites.edit({ siteId: site.id, edit: { url: wp.url } });
    return run;
  };

  it('an update is refused before anything is changed: PHP is not run there, or others could listen', async () => {
    const files = http.createServer((request, response) => {
      fs.createReadStream(path.join(wp.root, request.url ?? ''))
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    const address = files.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(await attempt(`http://127.0.0.1:${port}/`)).toMatchObject({
      state: 'failed',
      problem: { code: 'php-not-run', answered: expect.stringContaining('hands out') as string },
    });
    files.close();
    expect(await attempt('http://shop.example/')).toMatchObject({
      state: 'failed',
      problem: { code: 'runner-insecure' },
    });
  });

  it('nothing that does anything is put where it cannot be removed', async () => {
    await using keeps = await anSshHost({}, { through: 'internal-sftp -P remove' });
    const root = path.join(keeps.account.home, 'htdocs');
    fs.mkdirSync(path.join(root, 'wp-includes'), { recursive: true });
    for (const name of ['wp-load.php', 'wp-settings.php', 'wp-includes/version.php'])
      fs.writeFileSync(path.join(root, name), "<?php $wp_version = '6.4';");
    execFileSync('chown', ['-R', `${keeps.account.uid}:${keeps.account.gid}`, root]);
    fs.chmodSync(keeps.account.home, 0o755);
    const php = await startPhp({ root, as: keeps.account, errorLog: path.join(keeps.folder, 'php.log') });
    const its = await addOverSftp(app, { ...wp, root, url: php.url }, keeps, 'Keeps');
    const run = await app.ended(await app.client.backups.start({ siteId: its.id }));
    expect(run).toMatchObject({
      state: 'failed',
      problem: { code: 'runner-stays', answered: expect.stringContaining('groundskeeper-') as string },
    });
    const [left, ...more] = fs.readdirSync(root).filter((name) => name.includes('groundskeeper'));
    expect(more).toEqual([]);
    expect(fs.readFileSync(path.join(root, left ?? ''), 'utf8')).toMatch(
      /^<\?php header[^?]*strrev\('[0-9a-f]+'\)[^?]*$/,
    );
    await php.stop();
  });
});
