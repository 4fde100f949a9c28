import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import {
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  groundskeeper,
  killAtStep,
  type SshHost,
  type TempFolder,
  type TestApp,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { leftBehind, watching } from './watched.ts';

const { openingHours } = goodPlugins;
const HOURS = 'wp-content/plugins/opening-hours/inc/hours.php';

let host: SshHost;
let org: WordPressOrg;
let data: TempFolder;
let gk: TestApp;
let wp: WordPressSite;
let site: Site;

beforeAll(async () => {
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
  data = aTempFolder('forced');
  gk = await anApp(org, data.path);
  wp = await aWordPressSite({ on: host, plugins: [openingHours.old] });
  org.offer(openingHours.new);
  site = await gk.add(wp, host, 'Bakery');
});
afterAll(async () => {
  await wp.stop();
  await gk.close();
  await Promise.all([host.stop(), org.stop()]);
  data.remove();
});

/** Where old versions are kept on the site. */
const kept = () => fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/old`);
const preview = () => gk.client.updates.rollbackPreview({ siteId: site.id });
const obstacles = async () =>
  (await preview()).obstacles.map(({ problem, canBeForced }) => `${problem.code}${canBeForced ? '?' : ''}`);
const rollBack = async (force = false): Promise<Run> =>
  gk.ended(await gk.client.updates.rollback({ siteId: site.id, force }));
const detailOf = async (run: Run, name: string) =>
  (await gk.client.runs.show({ runId: run.id })).steps.find((step) => step.name === name)?.detail;
/** What a forced rollback is refused with on a computer on whose disk somebody has changed something. */
async function refusalAfter(tamper: (folder: string) => void): Promise<string | undefined> {
  using copy = disposable(aTempFolder('tampered'));
  await gk.close();
  fs.cpSync(data.path, copy.path, { recursive: true });
  gk = await anApp(org, data.path);
  tamper(copy.path);
  await using other = await anApp(org, copy.path);
  const [seen] = (await other.client.updates.rollbackPreview({ siteId: site.id })).obstacles;
  const run = await other.ended(await other.client.updates.rollback({ siteId: site.id, force: true }));
  expect(seen).toMatchObject({ canBeForced: false, problem: { code: run.problem?.code } });
  return run.problem?.code;
}
const disposable = (folder: TempFolder) => ({ path: folder.path, [Symbol.dispose]: () => folder.remove() });

/** Updated, at rest, with the old version kept. */
async function updated(): Promise<void> {
  await gk.check(site);
  expect(await gk.update(site, 'opening-hours')).toMatchObject({ state: 'done' });
}

describe('a rollback', () => {
  beforeAll(updated);

  it('that would raise what is installed is no rollback, forced or not', async () => {
    wp.place({ ...openingHours.new, files: renumbered('1.3.0', '1.1.0') });
    expect(await obstacles()).toEqual(['would-raise']);
    const before = wp.files();
    expect(await rollBack(true)).toMatchObject({ state: 'failed', problem: { code: 'would-raise' } });
    expect(wp.files()).toBe(before);
    wp.place(openingHours.new);
  });

  it('is never done from a backup of another version, or one that was tampered with', async () => {
    const before = wp.files();
    expect(await gk.ended(await gk.client.backups.start({ siteId: site.id }))).toMatchObject({
      state: 'done',
    });
    const [later, earlier] = await gk.client.backups.list({ siteId: site.id });
    expect([later?.reason, earlier?.reason]).toEqual(['asked', 'before-update']);

    const otherVersion = await refusalAfter((folder) => {
      const database = new DatabaseSync(path.join(folder, 'groundskeeper.db'));
      database
        .prepare('UPDATE kept_trees SET kept = replace(kept, ?, ?)')
        .run(earlier?.id ?? '', later?.id ?? '');
      database.close();
    });
    const otherRecord = await refusalAfter((folder) => {
      const at = (id = '') => path.join(folder, 'store', 'snapshots', `${id}.snapshot`);
      fs.copyFileSync(at(later?.id), at(earlier?.id));
    });
    const changedContents = await refusalAfter((folder) => {
      for (const pack of fs.globSync(`${folder}/store/packs/**/*.pack`)) {
        const bytes = fs.readFileSync(pack);
        for (let at = 200; at < bytes.length - 6000; at += 1) bytes[at] = (bytes[at] ?? 0) ^ 1;
        fs.writeFileSync(pack, bytes);
      }
    });

    expect([otherVersion, otherRecord, changedContents]).toEqual([
      'backup-wrong',
      'store-damaged',
      'store-damaged',
    ]);
    expect(wp.files()).toBe(before);
  });

  it('through a kept version that somebody has changed takes the backup, and compares each file', async () => {
    expect(await obstacles()).toEqual([]);
    expect(await preview()).toMatchObject({ means: 'kept' });
    const [file] = fs.globSync(`${kept()[0] ?? ''}/0/*/inc/hours.php`);
    fs.appendFileSync(file ?? '', '\n// somebody was here\n');
    expect(await preview()).toMatchObject({ means: 'store' });

    const run = await rollBack();

    expect(run).toMatchObject({ state: 'done' });
    expect(await detailOf(run, 'preflight')).toContain(`not as it was backed up (${HOURS})`);
    expect(await detailOf(run, 'undo')).toBe('6 files compared with the backup, each as it was.');
    expect(fs.readFileSync(path.join(wp.root, HOURS), 'utf8')).not.toContain('somebody');
    expect(leftBehind(host)).toEqual([]);
  });
});

describe('another rollback', () => {
  beforeAll(updated);

  it('that makes the site worse is taken back', async () => {
    wp.write(
      'wp-content/mu-plugins/ours.php',
      "<?php add_action('init', fn () => opening_hours_holidays());",
    );
    const before = wp.files();
    try {
      await expect.poll(async () => (await wp.page('/')).status, { timeout: 10_000 }).toBe(200);
      expect(await rollBack()).toMatchObject({ state: 'rolled-back' });
      expect(wp.files()).toBe(before);
    } finally {
      wp.remove('wp-content/mu-plugins');
    }
  });

  it('is refused where somebody has installed another version since, and done all the same where it is forced', async () => {
    wp.place({ ...openingHours.new, files: renumbered('1.3.0', '1.4.0') });
    expect(await obstacles()).toEqual(['changed-since?']);
    const before = wp.files();
    expect(await rollBack()).toMatchObject({ state: 'failed', problem: { code: 'changed-since' } });
    expect(wp.files()).toBe(before);
    const forced = await rollBack(true);
    expect(forced).toMatchObject({ state: 'done' });
    expect(wp.versionOf(openingHours.old)).toBe('1.2.0');
    const { log } = await gk.client.runs.show({ runId: forced.id });
    expect(log.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('Opening Hours is at 1.4.0 now'),
    );
  });
});

it('brings a site back that was cut off in the middle and cannot be recovered, from its backup', async () => {
  await gk.check(site);
  const before = wp.files();
  await gk.close();
  await killAtStep(
    groundskeeper(data.path, org, ['update', 'Bakery', '--all']),
    data.path,
    'judge opening-hours',
  );
  for (const pid of watching(host)) process.kill(pid, 'SIGKILL');
  for (const name of ['old', 'watch', 'staged'])
    for (const folder of fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/${name}`))
      fs.rmSync(folder, { recursive: true });
  const say = (...args: readonly string[]) => groundskeeper(data.path, org, ['--json', ...args]).ended;
  expect((await say('runs', 'recover')).out).toContain('Could not be finished yet');
  expect(await say('rollback', 'Bakery')).toMatchObject({
    code: 1,
    out: expect.stringContaining('interrupted-run') as string,
  });

  const done = await say('rollback', 'Bakery', '--force');

  expect(done).toMatchObject({ code: 0 });
  expect(wp.files()).toBe(before);
  expect((await wp.page('/')).status).toBe(200);
  expect(leftBehind(host)).toEqual([]);
  gk = await anApp(org, data.path);
  const runs = await gk.client.runs.list({ siteId: site.id });
  expect(runs.slice(0, 2).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'rollback done',
    'update rolled-back',
  ]);
});

/** The new version, as if its author had numbered it otherwise. */
function renumbered(from: string, to: string) {
  const { files } = openingHours.new;
  return new Map([...files].map(([name, content]) => [name, String(content).replaceAll(from, to)]));
}
