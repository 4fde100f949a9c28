import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  groundskeeper,
  killAtStep,
  meadow,
  strangePlugins,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type TestApp,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { leftBehind, watching } from './watched.ts';

const { openingHours } = goodPlugins;
const { premium } = strangePlugins;
const PLUGIN = 'wp-content/plugins/opening-hours';
const THEME = 'wp-content/themes/meadow';

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let data: TempFolder;
let gk: TestApp;
let wp: WordPressSite;
let site: Site;
/** What the site is like when nobody has touched it. */
let whole: string;

beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '5');
  [host, mariadb, org] = await Promise.all([anSshHost(), aMariaDb(), aWordPressOrg()]);
  data = aTempFolder('repair');
  gk = await anApp(org, data.path);
  wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: [openingHours.old, premium],
    themes: [meadow.old],
    theme: meadow.old.slug,
  });
  for (const one of [openingHours.old, meadow.old]) org.offer(one);
  await org.offerCore('6.4');
  site = await gk.add(wp, host, 'Bakery');
  await gk.check(site);
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(page);
  whole = wp.files();
  execFileSync('cp', ['-a', wp.root, path.join(data.path, 'whole')]);
});
afterAll(async () => {
  await wp.stop();
  await gk.close();
  vi.unstubAllEnvs();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  data.remove();
});

const inside = (name: string) => path.join(wp.root, name);
const read = (name: string) => fs.readFileSync(inside(name), 'utf8');
const append = (name: string, text: string) => wp.write(name, `${read(name)}${text}`);
const repair = async (
  choices?: Parameters<TestApp['client']['repairs']['start']>[0]['choices'],
): Promise<Run> => gk.ended(await gk.client.repairs.start({ siteId: site.id, ...(choices && { choices }) }));
const planned = () => gk.client.repairs.plan({ siteId: site.id });
const detailOf = async (run: Run, name: string) =>
  (await gk.client.runs.show({ runId: run.id })).steps.find((step) => step.name === name)?.detail;

describe('a site that was broken into', () => {
  const OWN = ['wp-admin/includes/shell.php', `${PLUGIN}/own-notes.txt`];
  beforeEach(() => {
    wp.write('wp-includes/load.php', '<?php this is no PHP any more {');
    wp.remove('wp-includes/pomo');
    append('wp-login.php', '\n// steals passwords\n');
    append(`${PLUGIN}/inc/hours.php`, '\n// edited by hand\n');
    append(`${THEME}/style.css`, '\n/* edited by hand */\n');
    append(`${premium.slug}.php`.replace(/^/, `wp-content/plugins/${premium.slug}/`), '\n// ours\n');
    for (const name of OWN) wp.write(name, 'by somebody');
  });

  it('is compared with what was released, file by file, and nothing is written', async () => {
    const before = wp.files();
    const plan = await planned();
    const of = (slug: string) => plan.components.find((one) => one.slug === slug);
    const said = (slug: string) => of(slug)?.files.map((file) => `${file.state} ${file.path}`);
    expect(plan).toMatchObject({ blockers: [], warnings: [], watchdog: true });
    const core = said('wordpress') ?? [];
    expect(core).toEqual(
      expect.arrayContaining([
        'changed wp-includes/load.php',
        'changed wp-login.php',
        'missing wp-includes/pomo/mo.php',
        'extra wp-admin/includes/shell.php',
      ]),
    );
    expect(core.filter((one) => !one.includes('/pomo/'))).toHaveLength(3);
    expect(of('wordpress')?.files.filter(({ suspicious }) => suspicious)).toHaveLength(1);
    expect(said('opening-hours')).toEqual([
      `changed ${PLUGIN}/inc/hours.php`,
      `extra ${PLUGIN}/own-notes.txt`,
    ]);
    expect(said('meadow')).toEqual([`changed ${THEME}/style.css`]);
    expect(of(premium.slug)).toMatchObject({ state: 'unknown', files: [] });
    expect(wp.files()).toBe(before);
    expect((await wp.page('/')).status).toBe(500);
  });

  it('is repaired while it is dead: the releases’ files come back, the user’s own stay', async () => {
    const run = await repair();
    expect(run).toMatchObject({
      state: 'done',
      summary: expect.stringContaining('wp-admin/includes/shell.php') as string,
    });
    expect(run.summary).toContain('The site is better than before.');
    expect(await detailOf(run, 'restore')).toContain('each as released');
    expect((await wp.page('/')).status).toBe(200);
    for (const name of OWN) expect(read(name)).toBe('by somebody');
    expect(read(`wp-content/plugins/${premium.slug}/${premium.slug}.php`)).toContain('// ours');
    wp.remove(OWN[0] ?? '');
    wp.remove(OWN[1] ?? '');
    wp.place(premium);
    expect(wp.files()).toBe(whole);
    expect(leftBehind(host)).toEqual([]);

    const [backup] = await gk.client.backups.list({ siteId: site.id });
    expect(backup).toMatchObject({ reason: 'before-repair', database: 'mariadb' });
    const was = await gk.client.backups.file({
      backupId: backup?.id ?? '',
      path: `${PLUGIN}/inc/hours.php`,
    });
    expect(Buffer.from(was.base64, 'base64').toString()).toContain('// edited by hand');
    expect(await repair()).toMatchObject({ state: 'done', summary: 'Nothing differs from its release.' });
  });

  it('is repaired as far as one wants; an extra file goes when it is chosen', async () => {
    const run = await repair([
      { kind: 'core', slug: 'wordpress', remove: ['wp-admin/includes/shell.php'] },
      { kind: 'plugin', slug: 'opening-hours', files: [] },
    ]);
    expect(run).toMatchObject({ state: 'done' });
    expect(fs.existsSync(inside('wp-admin/includes/shell.php'))).toBe(false);
    expect(read(`${PLUGIN}/inc/hours.php`)).toContain('// edited by hand');
    expect(read(`${THEME}/style.css`)).toContain('edited by hand');
    const { text } = decoded(
      await gk.client.repairs.original({
        ...{ siteId: site.id, kind: 'theme', slug: 'meadow', path: `${THEME}/style.css` },
      }),
    );
    expect(text).not.toContain('edited by hand');
    const dry = await groundsSay('repair', 'Bakery', '--component', 'meadow', '--dry-run');
    expect(dry.components).toMatchObject([{ slug: 'meadow', files: [{ path: `${THEME}/style.css` }] }]);
    const wrong = repair([{ kind: 'plugin', slug: premium.slug }]);
    expect(await wrong).toMatchObject({ state: 'failed', problem: { code: 'release-unknown' } });
    asBefore();
  });

  const decoded = ({ base64 }: { base64: string }) => ({ text: Buffer.from(base64, 'base64').toString() });
  const groundsSay = async (...args: readonly string[]) => {
    await gk.close();
    const { out } = await groundskeeper(data.path, org, ['--json', ...args]).ended;
    gk = await anApp(org, data.path);
    return JSON.parse(out) as { components: unknown };
  };
});

/** As it was before somebody came. */
function asBefore(): void {
  for (const name of ['wp-admin/includes/shell.php', `${PLUGIN}/own-notes.txt`]) wp.remove(name);
  execFileSync('cp', ['-a', `${path.join(data.path, 'whole')}/.`, wp.root]);
  expect(wp.files()).toBe(whole);
}

it('a repair that makes the site worse is taken back', async () => {
  append(`${PLUGIN}/inc/hours.php`, '\nfunction our_own_hours() {}\n');
  wp.write('wp-content/mu-plugins/ours.php', "<?php add_action('init', fn () => our_own_hours());");
  const before = wp.files();
  try {
    await expect.poll(async () => (await wp.page('/')).status, { timeout: 10_000 }).toBe(200);
    expect(await repair()).toMatchObject({ state: 'rolled-back' });
    expect(wp.files()).toBe(before);
    expect((await wp.page('/')).status).toBe(200);
    expect(leftBehind(host)).toEqual([]);
  } finally {
    wp.remove('wp-content/mu-plugins');
    wp.place(openingHours.old);
  }
});

it('a plugin whose main file is empty is known from the last check; without its database the files are backed up alone', async () => {
  const config = read('wp-config.php');
  wp.write(`${PLUGIN}/opening-hours.php`, '');
  wp.write('wp-config.php', config.replace(/('DB_PASSWORD', *')/, '$1wrong'));
  try {
    // PHP keeps what it compiled for two seconds: the site is to be sick before it is looked at.
    await expect.poll(async () => (await wp.page('/')).status, { timeout: 10_000 }).toBe(500);
    const run = await repair();
    expect(run).toMatchObject({ state: 'done' });
    const { log } = await gk.client.runs.show({ runId: run.id });
    expect(log.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('cannot be recognised any more'),
    );
    const [backup] = await gk.client.backups.list({ siteId: site.id });
    expect(backup).toMatchObject({ reason: 'before-repair', database: null });
  } finally {
    wp.write('wp-config.php', config);
  }
  expect(wp.files()).toBe(whole);
  await gk.check(site);
});

it('a package that is not what it claims is refused, and nothing is written', async () => {
  await using other = await aWordPressOrg();
  other.offer({ ...openingHours.old, files: openingHours.new.files });
  append(`${PLUGIN}/inc/unchanged.php`, '\n// by hand\n');
  await using wary = await anApp(other);
  const copy = await wary.add(wp, host, 'Bakery, asked elsewhere');
  const before = wp.files();
  const choices = [{ kind: 'plugin' as const, slug: 'opening-hours' }];
  const plan = await wary.client.repairs.plan({ siteId: copy.id, choices });
  expect(plan.blockers).toMatchObject([{ code: 'package-wrong', answered: 'it holds version 1.3.0' }]);
  const run = await wary.ended(await wary.client.repairs.start({ siteId: copy.id, choices }));
  expect(run).toMatchObject({ state: 'failed', problem: { code: 'package-wrong' } });
  expect(wp.files()).toBe(before);
  wp.place(openingHours.old);
});

it('a repair that is cut off is taken back by the watchdog', async () => {
  append(`${PLUGIN}/inc/hours.php`, '\n// edited by hand\n');
  const before = wp.files();
  await gk.close();
  await killAtStep(groundskeeper(data.path, org, ['repair', 'Bakery']), data.path, 'judge');
  expect(watching(host)).toHaveLength(1);
  await expect
    .poll(() => leftBehind(host).filter((name) => name.includes('lock')), { timeout: 60_000 })
    .toEqual([]);
  expect(wp.files()).toBe(before);
  const told = await groundskeeper(data.path, org, ['--json', 'runs', 'recover']).ended;
  expect(told.out).toContain('the watchdog on the server brought the site back by itself');
  gk = await anApp(org, data.path);
  expect(leftBehind(host)).toEqual([]);
});
