import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  badPlugins,
  goodPlugins,
  groundskeeper,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

const { openingHours } = goodPlugins;
const { diesOnLoad } = badPlugins;

let host: SshHost;
let org: WordPressOrg;
let wp: WordPressSite;
let data: TempFolder;
const gk = (...args: string[]) => groundskeeper(data.path, org, args).ended;
const json = async (...args: string[]) => {
  const { out } = await gk('--json', ...args);
  return JSON.parse(out) as unknown;
};

beforeAll(async () => {
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
  data = aTempFolder('terminal');
  wp = await aWordPressSite({ on: host, database: 'sqlite', plugins: [openingHours.old, diesOnLoad.old] });
  org.offer(openingHours.new);
  org.offer(diesOnLoad.new);
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), org.stop()]);
  data.remove();
});

describe('a freelancer in the terminal, from the first site to a rollback', () => {
  const target = () => [
    'sites',
    'add',
    'Bakery',
    '--ssh',
    `${host.user}@${host.host}:${host.port}`,
    '--key',
    host.key.file,
    '--root',
    wp.root,
  ];

  it('is shown the fingerprint of a host that nobody confirmed', async () => {
    const refused = await gk(...target());
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(host.hostKey());
    expect(refused.err).toContain('--accept-host-key');
  });

  it('is not let in by a fingerprint that is not the host’s', async () => {
    const refused = await gk(...target(), '--accept-host-key', `SHA256:${'A'.repeat(43)}`);
    expect(refused).toMatchObject({ code: 1 });
    expect(await json('sites', 'list')).toEqual([]);
  });

  it('adds the site; platform and URL are found', async () => {
    expect(await gk(...target(), '--accept-host-key', host.hostKey(), '--tag', 'care')).toMatchObject({
      code: 0,
    });
    expect(await json('sites', 'list')).toMatchObject([
      { site: { name: 'Bakery', platform: 'wordpress', url: wp.url, tags: ['care'] } },
    ]);
    expect(await gk(...target())).toMatchObject({
      code: 1,
      err: expect.stringContaining('already') as string,
    });
  });

  it('checks, and sees what waits', async () => {
    expect(await gk('check', 'bakery')).toMatchObject({
      code: 0,
      out: expect.stringContaining('updates wait') as string,
    });
    expect(await json('check', 'Bakery')).toMatchObject({ runs: [{ state: 'done' }] });
    const waiting = await json('updates', 'list', 'Bakery');
    expect(waiting).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          component: expect.objectContaining({ slug: openingHours.new.slug }) as unknown,
        }),
      ]),
    );
    const shown = await gk('sites', 'show', 'Bakery');
    expect(shown.out).toContain(openingHours.new.version);
  });

  it('plans without writing', async () => {
    const before = wp.files();
    const dry = await gk('update', 'Bakery', '--component', openingHours.new.slug, '--dry-run');
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('to upload') as string });
    expect(wp.files()).toEqual(before);
  });

  it('backs up, and looks into the backup with the server gone', async () => {
    expect(await gk('backup', 'Bakery')).toMatchObject({ code: 0 });
    await host.down();
    expect((await gk('backups', 'ls', 'latest', 'wp-content')).out).toContain('plugins');
    expect((await gk('backups', 'cat', 'latest', 'wp-includes/version.php')).out).toBe(
      fs.readFileSync(path.join(wp.root, 'wp-includes/version.php'), 'utf8'),
    );
    expect((await gk('backups', 'tables', 'latest')).out).toContain('wp_options');
    expect((await gk('backups', 'rows', 'latest', 'wp_options', '--find', 'siteurl')).out).toContain(wp.url);
    expect((await gk('backups', 'find', 'Bakery', 'wp-config.php')).out).toContain('wp-config.php');
    const folder = path.join(data.path, 'restored');
    expect(await gk('backups', 'restore', 'latest', 'wp-content/plugins', '--to', folder)).toMatchObject({
      code: 0,
    });
    expect(
      fs.readFileSync(
        path.join(folder, 'wp-content/plugins', openingHours.old.slug, 'opening-hours.php'),
        'utf8',
      ),
    ).toContain(openingHours.old.version);
    const zip = path.join(data.path, 'bakery.zip');
    expect(await gk('backups', 'export', 'latest', zip)).toMatchObject({
      code: 0,
      out: expect.stringContaining('exported') as string,
    });
    expect(execFileSync('unzip', ['-p', zip, 'files/wp-includes/version.php'], { encoding: 'utf8' })).toBe(
      fs.readFileSync(path.join(wp.root, 'wp-includes/version.php'), 'utf8'),
    );
    expect(await gk('backups', 'export', 'latest', zip)).toMatchObject({ code: 1 });
    expect(await gk('backups', 'verify')).toMatchObject({ code: 0 });
    expect(await gk('backups', 'pin', 'latest', '--note', 'the first')).toMatchObject({ code: 0 });
    const pinned = ((await json('backups', 'list')) as { id: string }[])[0]?.id ?? '';
    expect(await gk('backups', 'remove', pinned)).toMatchObject({
      code: 1,
      err: expect.stringContaining('pinned') as string,
    });
    expect((await gk('backups', 'keep', 'Bakery', '--daily', '3')).out).toContain(
      'Of 1 backup, 0 would be removed now',
    );
    expect(await json('backups', 'keep', '--weekly', '9', '--save')).toMatchObject({
      rules: { weekly: 9, daily: 14 },
      byItself: true,
      backups: [{ id: pinned, keep: true, reasons: [{ rule: 'pinned' }, {}, {}, {}, {}, {}, {}] }],
    });
    expect(await gk('backups', 'keep', '--daily', 'many')).toMatchObject({ code: 2 });
    expect(await gk('backups', 'unpin', 'latest')).toMatchObject({ code: 0 });
    expect(await gk('backups', 'drill', 'latest')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The database was loaded into SQLite') as string,
    });
    expect(await json('backups', 'list')).toMatchObject([
      { id: pinned, pin: null, proof: { database: { how: 'loaded' } } },
    ]);
    expect(await json('backups', 'verify', '--rolling')).toMatchObject({ state: 'done', kind: 'verify' });
    const unreachable = await gk('check', 'Bakery');
    expect(unreachable).toMatchObject({ code: 1, err: expect.stringContaining('to do:') as string });
    await host.up();
  });

  it('updates; a bad update comes back by itself with exit code 3', async () => {
    expect(
      await gk('update', 'Bakery', '--component', `${openingHours.new.slug}@${openingHours.new.version}`),
    ).toMatchObject({ code: 0 });
    expect(wp.versionOf(openingHours.new)).toBe(openingHours.new.version);
    const bad = await gk('update', 'Bakery', '--component', diesOnLoad.new.slug);
    expect(bad).toMatchObject({ code: 3, out: expect.stringContaining('taken back') as string });
    expect(wp.versionOf(diesOnLoad.old)).toBe(diesOnLoad.old.version);
    expect((await gk('runs', 'show', 'latest')).out).toContain('Bring');
  });

  it('rolls the good one back by hand', async () => {
    expect((await gk('rollback', 'Bakery', '--dry-run')).out).toContain(openingHours.old.version);
    expect(await gk('rollback', 'Bakery')).toMatchObject({ code: 0 });
    expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);
    expect((await gk('history', 'Bakery')).out).toContain('brought back');
    expect(await gk('history', '--check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('none changed or removed') as string,
    });
    const { text } = (await json('runs', 'show', 'latest', '--story')) as { text: string };
    expect(text).toContain('What was seen');
    const newest = (await gk('history', '--export', 'jsonl')).out.trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(newest)).toMatchObject({
      kind: 'rollback',
      evidence: createHash('sha256').update(text).digest('hex'),
    });
  });

  it('says what an update changed, and every version of a file', async () => {
    const backups = (await json('backups', 'list', 'Bakery')) as { id: string; reason: string }[];
    const first = backups.at(-1)?.id ?? '';
    const updated = backups.find(({ reason }) => reason === 'before-rollback')?.id ?? '';
    const file = `wp-content/plugins/${openingHours.old.slug}/opening-hours.php`;
    expect(await json('backups', 'diff', first, updated)).toMatchObject({
      before: first,
      after: updated,
      changes: expect.arrayContaining([
        expect.objectContaining({ path: file, change: 'changed' }),
      ]) as unknown,
    });
    const { out: patch } = await gk('backups', 'diff', first, updated, file);
    expect(patch).toContain(`+++ ${file}`);
    expect(patch).toMatch(new RegExp(`^-.*${openingHours.old.version}`, 'm'));
    expect(patch).toMatch(new RegExp(`^\\+.*${openingHours.new.version}`, 'm'));
    expect((await gk('backups', 'diff', updated)).out).toContain('changed');
    expect(await json('backups', 'history', 'Bakery', file)).toMatchObject({
      versions: [
        { kind: 'file', sameAs: null },
        { kind: 'file', backupId: first },
      ],
    });
    expect(await gk('backups', 'history', 'Bakery', 'nothing.php')).toMatchObject({ code: 1 });
  });

  it('restores the site’s files and database from a backup', async () => {
    const backup = ((await json('backups', 'list', 'Bakery')) as { id: string }[]).at(-1);
    fs.writeFileSync(path.join(wp.root, 'wp-content', 'hacked.php'), '<?php // left by somebody');
    fs.rmSync(path.join(wp.root, 'wp-content', 'plugins', openingHours.old.slug), { recursive: true });
    wp.sql("UPDATE wp_options SET option_value = 'Hacked' WHERE option_name = 'blogname'");
    const index = path.join(wp.root, 'index.php');
    const same = path.join(wp.root, 'wp-blog-header.php');
    fs.utimesSync(same, new Date(), new Date());
    const text = fs.readFileSync(index, 'utf8');
    fs.writeFileSync(index, text.replace('<?php\n', '<?php '));

    const live = (await json('backups', 'diff', backup?.id ?? '', '--live')) as {
      after: string;
      changes: { path: string; change: string }[];
    };
    const changes = Object.fromEntries(live.changes.map(({ path: at, change }) => [at, change]));
    expect(live.after).toBe('live');
    expect(changes).toMatchObject({ 'wp-content/hacked.php': 'added', 'index.php': 'changed' });
    expect(changes[`wp-content/plugins/${openingHours.old.slug}/${openingHours.old.slug}.php`]).toBe(
      'deleted',
    );
    expect(Object.keys(changes)).not.toContain('wp-blog-header.php');
    const lines = await gk('backups', 'diff', backup?.id ?? '', '--live', 'index.php');
    expect(lines.out).toContain('+<?php ');
    expect(await gk('backups', 'restore', backup?.id ?? '', '--to-site', '--database')).toMatchObject({
      code: 0,
    });
    expect(fs.existsSync(path.join(wp.root, 'wp-content', 'hacked.php'))).toBe(false);
    expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);
    expect((await wp.page('/')).text).toContain(wp.title);
  });

  it('leaves out of its backups what its rules say; restoring leaves that alone, and what it changes is backed up', async () => {
    const old = ((await json('backups', 'list', 'Bakery')) as { id: string }[]).at(-1)?.id ?? '';
    const video = path.join(wp.root, 'wp-content', 'uploads', 'tour.mp4');
    fs.mkdirSync(path.dirname(video), { recursive: true });
    fs.writeFileSync(video, Buffer.alloc(200_000));
    fs.chownSync(video, host.account.uid, host.account.gid);
    expect(await gk('backups', 'leave-out', 'Bakery', '--add', '*')).toMatchObject({ code: 1 });
    const rules = ['--add', '*.mp4', '--add', '/wp-content/plugins/'];
    expect(await json('backups', 'leave-out', 'Bakery', ...rules)).toMatchObject({
      saved: true,
      usual: expect.arrayContaining(['wp-content/cache']) as string[],
      dropped: expect.arrayContaining([
        { because: '*.mp4', files: 1, bytes: 200_000, examples: ['wp-content/uploads/tour.mp4'] },
      ]) as unknown,
    });
    expect(await gk('backup', 'Bakery')).toMatchObject({ code: 0 });
    const [taken] = (await json('backups', 'list', 'Bakery')) as { id: string }[];
    const namesIn = async (id: string, folder: string) =>
      ((await json('backups', 'ls', id, folder)) as { name: string }[]).map(({ name }) => name);
    expect(await namesIn(taken?.id ?? '', 'wp-content')).not.toContain('plugins');
    expect(await namesIn(taken?.id ?? '', 'wp-content/uploads')).not.toContain('tour.mp4');

    expect(await gk('backups', 'restore', taken?.id ?? '', '--to-site')).toMatchObject({ code: 0 });
    expect(fs.existsSync(video)).toBe(true);
    expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);

    expect(await gk('backups', 'restore', old, 'wp-content/plugins', '--to-site')).toMatchObject({ code: 0 });
    const [before] = (await json('backups', 'list', 'Bakery')) as { id: string; reason: string }[];
    expect(before?.reason).toBe('before-restore');
    expect(await namesIn(before?.id ?? '', 'wp-content/plugins')).toContain(openingHours.old.slug);
    const none = ['--remove', '*.mp4', '--remove', '/wp-content/plugins/'];
    expect(await json('backups', 'leave-out', 'Bakery', ...none)).toMatchObject({ dropped: [] });
  });

  it('moves its sealed backups to another computer with the recovery phrase, and gives back space', async () => {
    const { phrase } = (await json('backups', 'phrase', '--confirmed')) as { phrase: string };
    expect(phrase).toMatch(/^([0-9A-Z]{5}-){5}[0-9A-Z]{5}$/);
    // Nobody is there to confirm the next one, so it waits beside the first.
    expect(await gk('backups', 'phrase')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/The phrase before holds .*confirm-phrase/) as string,
    });
    using elsewhere = disposable(aTempFolder('elsewhere'));
    fs.cpSync(path.join(data.path, 'store'), path.join(elsewhere.path, 'store'), { recursive: true });
    const there = (input: string, ...args: string[]) => groundskeeper(elsewhere.path, org, args, input).ended;

    expect(await there('', 'sites', 'list')).toMatchObject({ code: 0 });
    expect(await there('', 'backups', 'list')).toMatchObject({
      code: 1,
      err: expect.stringContaining('backups unlock') as string,
    });
    expect(await there('', 'backups', 'verify')).toMatchObject({
      code: 1,
      err: expect.stringContaining('recovery phrase') as string,
    });
    expect(await there('AAAAA-BBBBB', 'backups', 'unlock')).toMatchObject({ code: 1 });
    expect(await there(`${phrase.toLowerCase()}\n`, 'backups', 'unlock')).toMatchObject({ code: 0 });
    const another = JSON.parse((await there('', '--json', 'backups', 'phrase')).out) as { phrase: string };
    expect(another).toMatchObject({ confirmed: false });
    expect(await there('AAAAA-BBBBB', 'backups', 'confirm-phrase')).toMatchObject({ code: 1 });
    expect(await there(another.phrase, 'backups', 'confirm-phrase')).toMatchObject({ code: 0 });
    expect(await there('', 'backups', 'ls', 'latest')).toMatchObject({
      code: 0,
      out: expect.stringContaining('wp-config.php') as string,
    });

    const [latest] = (await json('backups', 'list')) as { id: string }[];
    expect(await there('', 'backups', 'remove', latest?.id ?? '')).toMatchObject({ code: 0 });
    const plan = JSON.parse((await there('', '--json', 'backups', 'prune', '--thin', '--dry-run')).out) as {
      freed: number;
      bytes: number;
      backups: unknown[];
    };
    expect(plan.backups).toEqual([]);
    expect(await there('', 'backups', 'prune')).toMatchObject({ code: 0 });
    const size = fs
      .readdirSync(path.join(elsewhere.path, 'store', 'packs'), { recursive: true, encoding: 'utf8' })
      .map((name) => fs.statSync(path.join(elsewhere.path, 'store', 'packs', name)))
      .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
    expect(size).toBe(plan.bytes);
    expect(await there('', 'backups', 'verify', '--deep')).toMatchObject({ code: 0 });
    expect(await there('', 'backups', 'rebuild-index')).toMatchObject({ code: 0 });
  });

  it('exports without secrets, imports elsewhere, removes with a word about the backups', async () => {
    const { out } = await gk('sites', 'export');
    const file = path.join(data.path, 'exported.json');
    fs.writeFileSync(file, out);
    const elsewhere = aTempFolder('elsewhere');
    expect(await groundskeeper(elsewhere.path, org, ['sites', 'import', file]).ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 added') as string,
    });
    elsewhere.remove();
    expect(await gk('sites', 'remove', 'Bakery')).toMatchObject({ code: 2 });
    expect(await gk('sites', 'remove', 'Bakery', '--backups', 'keep')).toMatchObject({ code: 0 });
  });

  it('answers a wrong command with how it goes', async () => {
    expect(await gk('updaet')).toMatchObject({ code: 2 });
    expect(await gk('update', 'Bakery')).toMatchObject({ code: 2 });
    expect(await gk('sites', 'show', 'Nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Nobody') as string,
    });
  });
});

describe('while the app runs with the same data folder', () => {
  it('commands reach it through the local socket, and a second app is refused', async () => {
    const folder = aTempFolder('owner');
    const app = spawn(process.execPath, [
      path.resolve(import.meta.dirname, '../../main/web.ts'),
      '--data',
      folder.path,
    ]);
    try {
      await expect
        .poll(() => fs.existsSync(path.join(folder.path, 'socket.json')), { timeout: 20_000 })
        .toBe(true);
      const listed = await groundskeeper(folder.path, org, ['--json', 'sites', 'list']).ended;
      expect(listed).toMatchObject({ code: 0, out: '[]\n' });
      const unknown = await groundskeeper(folder.path, org, ['sites', 'show', 'Nobody']).ended;
      expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('There is no site') as string });
      // Follows a run to its end, and what the app tells of it meanwhile.
      expect(await groundskeeper(folder.path, org, ['backups', 'verify']).ended).toMatchObject({ code: 0 });
      const second = spawn(process.execPath, [
        path.resolve(import.meta.dirname, '../../main/web.ts'),
        '--data',
        folder.path,
      ]);
      expect(await new Promise((resolve) => second.on('exit', resolve))).toBe(1);
    } finally {
      app.kill('SIGTERM');
      await new Promise((resolve) => app.on('exit', resolve));
      folder.remove();
    }
  });
});

function disposable<T extends { remove(): void }>(given: T): T & Disposable {
  return { ...given, [Symbol.dispose]: () => given.remove() };
}
