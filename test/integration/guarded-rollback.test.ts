import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
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
import { aWaitingSite, leftBehind, watching } from './watched.ts';

const { eventTickets, openingHours } = goodPlugins;

let host: SshHost;
let mariadb: MariaDb;
let org: WordPressOrg;
let data: TempFolder;
let wp: WordPressSite;
beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '4');
  const slow = {
    tar: '[ ! -e "$HOME/slow" ] || { echo slow >> "$HOME/slow"; sleep 8; }; exec /bin/tar "$@"',
  };
  [host, mariadb, org] = await Promise.all([anSshHost(slow), aMariaDb(), aWordPressOrg()]);
  data = aTempFolder('guarded');
  wp = await aWaitingSite(
    { host, mariadb, org, dataFolder: data.path },
    'Bakery',
    eventTickets,
    openingHours,
  );
  await run('update', 'Bakery', '--all');
  await wp.page('/');
});
afterAll(async () => {
  await wp.stop();
  vi.unstubAllEnvs();
  await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
  data.remove();
});

const run = (...args: readonly string[]) => groundskeeper(data.path, org, ['--json', ...args]).ended;
/** What the site's folder of kept trees holds beside them. */
const atWork = () =>
  leftBehind(host).filter((name) =>
    /(^lock|\/watch|\/staged|\/dump|\/saved|\/back|\/restore|\/laid)/.test(name),
  );
const backByItself = () => expect.poll(atWork, { timeout: 60_000 }).toEqual([]);

it.each([
  ['the trees that were kept', () => {}],
  ['the store', () => dropKept()],
] as const)(
  'a rollback through %s that is cut off is taken back by the watchdog, database and all',
  async (_name, prepare) => {
    prepare();
    const [files, dump] = [wp.files(), wp.dump()];
    const line = groundskeeper(data.path, org, ['rollback', 'Bakery', '--database', 'restore']);
    await killAtStep(line, data.path, 'judge');
    expect(wp.versionOf(eventTickets.old)).toBe(eventTickets.old.version);
    expect(watching(host)).toHaveLength(1);

    await backByItself();

    expect(wp.files()).toBe(files);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    const told = await run('runs', 'recover');
    expect(told.out).toContain('the watchdog on the server brought the site back by itself');
    // With the recovery the site's own updaters may work again.
    expect(wp.dump()).toBe(dump);

    // It can be done all the same, afterwards.
    const done = await run('rollback', 'Bakery', '--dry-run');
    expect(done).toMatchObject({ code: 0 });
  },
);

it.each([
  ['by itself', backByItself],
  ['by whoever comes', async () => {}],
] as const)('a watchdog that had nothing to undo yet is away again %s', async (_name, meanwhile) => {
  const files = wp.files();
  const line = groundskeeper(data.path, org, ['rollback', 'Bakery']);
  await reachStep(line, data.path, 'backup');
  await vi.waitFor(() => expect(watching(host)).toHaveLength(1), { timeout: 30_000, interval: 5 });
  line.process.kill('SIGKILL');
  await line.ended;

  await meanwhile();

  await run('runs', 'recover');
  expect(atWork()).toEqual([]);
  expect(watching(host)).toEqual([]);
  expect(wp.files()).toBe(files);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
});

it('a rollback that goes well leaves nothing behind, also where its backup takes longer than the lease', async () => {
  const slow = path.join(host.account.home, 'slow');
  fs.writeFileSync(slow, '', { mode: 0o666 });
  fs.chmodSync(slow, 0o666);
  const done = await run('rollback', 'Bakery', '--database', 'restore');
  expect(done).toMatchObject({ code: 0 });
  expect(wp.versionOf(eventTickets.old)).toBe(eventTickets.old.version);
  expect(wp.versionOf(openingHours.old)).toBe(openingHours.old.version);
  expect(fs.readFileSync(slow, 'utf8')).not.toBe('');
  fs.rmSync(slow);
  expect(leftBehind(host)).toEqual([]);
  expect(watching(host)).toEqual([]);
});

/** Takes the kept trees away, as their time being over does. */
function dropKept(): void {
  const folder = path.join(host.account.home, '.groundskeeper');
  for (const name of leftBehindFolders(folder)) fs.rmSync(name, { recursive: true });
}
function leftBehindFolders(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => path.basename(name) === 'old')
    .map((name) => path.join(folder, name));
}
