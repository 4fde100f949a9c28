import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { aFewCores, type Cores } from '../faults/kinds.ts';
import {
  aMariaDb,
  aPlugin,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  badPlugins,
  goodPlugins,
  groundskeeper,
  killAtStep,
  reachStep,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

const { migratesThenDies: bad } = badPlugins;
const { openingHours: good } = goodPlugins;
/** A new version whose main file PHP cannot read. */
const torn = {
  old: aPlugin({ slug: 'torn', name: 'Torn', version: '1.0' }),
  new: aPlugin({ slug: 'torn', name: 'Torn', version: '1.1', code: 'function {' }),
};

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let data: TempFolder;
let laptop: TempFolder;
let cores: Cores;
let wp: WordPressSite;
let before: { files: string; dump: string };

beforeAll(async () => {
  [host, mariadb, org] = await Promise.all([anSshHost({}, { onlySftp: true }), aMariaDb(), aWordPressOrg()]);
  vi.stubEnv('GROUNDSKEEPER_LEASE', '5');
  data = aTempFolder('files-only');
  laptop = aTempFolder('files-only-new');
  cores = await aFewCores(data.path);
  org.offerTree(cores.old);
  org.offerTree(cores.migrating);
  org.offer(bad.new);
  org.offer(good.new);
  org.offer(torn.new);
  wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    tree: cores.old,
    plugins: [bad.old, good.old, torn.old],
  });
  await addTo(data);
  await addTo(laptop);
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(page);
  before = { files: wp.files(), dump: wp.dump() };
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  data.remove();
  laptop.remove();
  vi.unstubAllEnvs();
});

async function addTo(folder: TempFolder): Promise<void> {
  const on = (args: readonly string[]) => groundskeeper(folder.path, org, args).ended;
  const added = await on([
    ...['sites', 'add', 'Shop', '--sftp', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file],
    ...['--root', wp.root, '--url', wp.url, '--accept-host-key', host.hostKey()],
  ]);
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('WordPress 6.4.90') as string });
  expect(await on(['check', 'Shop'])).toMatchObject({ code: 0 });
}

const gk = (args: readonly string[]) => groundskeeper(data.path, org, args).ended;
const update = (slug: string) =>
  groundskeeper(data.path, org, ['update', 'Shop', '--component', slug, '--without-watchdog']);

function leftBehind(): string[] {
  const inRoot = fs.readdirSync(wp.root).filter((name) => /groundskeeper|maintenance/.test(name));
  const folder = path.join(host.account.home, '.groundskeeper');
  const inFolder = fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return [...inRoot, ...inFolder];
}

describe('an update over SFTP', () => {
  it('of a release that PHP there cannot read is refused before visitors see any of it', async () => {
    const { code, err } = await update(torn.new.slug).ended;
    expect(code).toBe(1);
    expect(err).toContain('Torn 1.1 cannot run on this site: its PHP cannot read it. Nothing was swapped.');
    expect(err).toMatch(/torn\.php: PHP Parse error: syntax error, .* in torn\.php on line \d+/);
    const told = await gk(['--json', 'runs', 'show', 'latest']);
    expect(told.out).toContain('"broken-release"');
    expect([wp.files(), wp.dump()]).toEqual([before.files, before.dump]);
    expect(leftBehind()).toEqual([]);
  });
});

describe('an update over SFTP, after kill -9', () => {
  for (const [slug, step] of [
    [bad.new.slug, `swap ${bad.new.slug}`],
    ['wordpress', 'migrate wordpress'],
  ] as const)
    it(`at “${step}”: recover brings back files and database, and removes what is ours`, async () => {
      await killAtStep(update(slug), data.path, step);
      const recovered = await gk(['--json', 'runs', 'recover']);
      expect(recovered).toMatchObject({ code: 0 });
      expect([wp.files(), wp.dump()]).toEqual([before.files, before.dump]);
      expect(await wp.page('/')).toMatchObject({ status: 200 });
      expect(leftBehind()).toEqual([]);
    });

  it('what cannot be recovered is not said to be: it is brought back by force, from its backup', async () => {
    await killAtStep(update(good.new.slug), data.path, `judge ${good.new.slug}`);
    for (const name of ['old', 'staged'])
      for (const folder of fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/${name}`))
        fs.rmSync(folder, { recursive: true });
    expect((await gk(['--json', 'runs', 'recover'])).out).toContain('Could not be finished yet');
    expect(wp.versionOf(good.new)).toBe(good.new.version);
    expect(await gk(['rollback', 'Shop', '--force'])).toMatchObject({ code: 0 });
    expect(wp.files()).toEqual(before.files);
    expect(leftBehind()).toEqual([]);
  });

  it('a computer that knows nothing of it brings files and database back with what was left there', async () => {
    const onNew = (...args: readonly string[]) => groundskeeper(laptop.path, org, ['--json', ...args]).ended;
    const takeOver = () => onNew('runs', 'recover', '--site', 'Shop');
    const asleep = update(bad.new.slug);
    await reachStep(asleep, data.path, `judge ${bad.new.slug}`);
    asleep.process.kill('SIGSTOP');
    expect(wp.versionOf(bad.new)).toBe(bad.new.version);

    const back = await vi.waitFor(
      async () => {
        const answer = await takeOver();
        expect(answer.out).not.toContain('"site-busy"');
        return answer;
      },
      { timeout: 60_000 },
    );

    expect(back).toMatchObject({ code: 3 });
    expect(back.out).toContain(`${bad.new.version} → ${bad.old.version}`);
    expect([wp.files(), wp.dump()]).toEqual([before.files, before.dump]);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect((await takeOver()).out).toContain('nothing-cut-off');
    // The one that only slept wakes, does nothing any more, and is told what happened.
    asleep.process.kill('SIGCONT');
    expect(await asleep.ended).toMatchObject({ code: 3 });
    expect((await gk(['runs', 'show', 'latest'])).out).toContain(
      'Another computer has brought the site back',
    );
    expect([wp.files(), wp.dump()]).toEqual([before.files, before.dump]);
    expect(leftBehind()).toEqual([]);
  });
});

describe('a rollback over SFTP that is cut off', () => {
  /** What it meets: an update that stays, and what came in since. */
  let updated: { files: string; dump: string };
  const rollback = () => groundskeeper(data.path, org, ['rollback', 'Shop', '--database', 'restore']);
  const asUpdated = () => expect([wp.files(), wp.dump()]).toEqual([updated.files, updated.dump]);
  const besideKept = () =>
    leftBehind().filter((name) => /lock|staged|new|dump|undo|groundskeeper-/.test(name));

  it('is taken back by recovery, database and all', async () => {
    expect(await update(good.new.slug).ended).toMatchObject({ code: 0 });
    wp.sql("UPDATE wp_options SET option_value = 'Since then' WHERE option_name = 'blogdescription'");
    updated = { files: wp.files(), dump: wp.dump() };
    await killAtStep(rollback(), data.path, 'judge');
    expect(wp.versionOf(good.old)).toBe(good.old.version);
    const recovered = await gk(['--json', 'runs', 'recover']);
    expect(recovered.out).toContain('the site was brought back to what it was');
    asUpdated();
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(besideKept()).toEqual([]);
    // What was kept lies in its place again, for the next time.
    expect(fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/old/0/1/*.php`)).toHaveLength(1);
  });

  it('and came from the store is taken back by a computer that knows nothing of it', async () => {
    for (const old of fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/old`))
      fs.rmSync(old, { recursive: true });
    const asleep = rollback();
    await reachStep(asleep, data.path, 'judge');
    asleep.process.kill('SIGSTOP');
    const onNew = ['--json', 'runs', 'recover', '--site', 'Shop'];
    await vi.waitFor(
      async () => {
        const back = await groundskeeper(laptop.path, org, onNew).ended;
        expect(back.out).not.toContain('"site-busy"');
        expect(back).toMatchObject({ code: 3 });
      },
      { timeout: 60_000 },
    );
    asUpdated();
    asleep.process.kill('SIGCONT');
    await asleep.ended;
    const told = await gk(['--json', 'runs', 'recover']);
    expect(told.out).toContain('another computer has brought the site back');
    asUpdated();
    expect(besideKept()).toEqual([]);
  });

  it('goes back to a point in time, several components at once, with the database', async () => {
    wp.place(aPlugin({ slug: 'torn', name: 'Torn', version: '1.2' }));
    const listed = await gk(['--json', 'backups', 'list', 'Shop']);
    const first = (JSON.parse(listed.out) as { id: string }[]).at(-1)?.id ?? '';
    const args = ['rollback', 'Shop', '--to', first, '--database', 'restore'];
    const dry = await gk([...args, '--dry-run']);
    expect(dry.out).toContain('Torn: 1.2 → 1.0');
    expect(dry.out).toContain(`${good.new.version} → ${good.old.version}`);
    expect(await gk(args)).toMatchObject({ code: 0 });
    expect([wp.files(), wp.dump()]).toEqual([before.files, before.dump]);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(besideKept()).toEqual([]);
  });
});

describe('another update over SFTP', () => {
  it('WordPress itself is updated, its database with it', async () => {
    const plan = await gk(['update', 'Shop', '--component', 'wordpress', '--dry-run']);
    expect(plan.out).toContain('when it reconnects');
    expect(await update('wordpress').ended).toMatchObject({ code: 0 });
    expect(fs.readFileSync(path.join(wp.root, 'wp-includes/version.php'), 'utf8')).toContain('6.4.92');
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(fs.readdirSync(wp.root).filter((name) => /groundskeeper|maintenance/.test(name))).toEqual([]);
  });

  it('emergency recovery asks it as well what a lost computer left, and says how it is', async () => {
    const { out } = await gk(['--json', 'emergency', 'recover', 'Shop']);
    expect(JSON.parse(out)).toMatchObject({
      recovered: [
        {
          site: { name: 'Shop' },
          settled: { state: 'done', summary: 'No run was cut off on Shop.' },
          assessment: { sick: false, differs: true, backup: { reason: 'before-update' } },
          problem: null,
        },
      ],
    });
  });
});
