import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  groundskeeper,
  killAtStep,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { aFewCores, type Cores } from '../faults/kinds.ts';

let host: SshHost;
let org: WordPressOrg;
let data: TempFolder;
let wp: WordPressSite;
let cores: Cores;
let old: string;
const trees = aTempFolder('recover-trees');
let database: string;

beforeAll(async () => {
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
  data = aTempFolder('recover');
  // Made small: each test updates it once, and most of a WordPress is pictures and scripts.
  cores = await aFewCores(trees.path);
  wp = await aWordPressSite({ on: host, version: '6.4', tree: cores.old, database: 'sqlite' });
  org.offerTree(cores.migrating);
  await using gk = await anApp(org, data.path);
  const site = await gk.add(wp, host, 'Killed');
  await gk.check(site);
  // WordPress writes to its database at the first visits; afterwards it is at rest.
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(page);
  old = wp.files();
  database = wp.dump();
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), org.stop()]);
  for (const folder of [data, trees]) folder.remove();
});

describe('after kill -9', () => {
  for (const step of [
    'backup',
    'stage',
    'offline wordpress',
    'dump wordpress',
    'swap wordpress',
    'migrate wordpress',
    'judge wordpress',
  ]) {
    it(`at “${step}”: recover brings the whole old version back, with its database`, async () => {
      const line = groundskeeper(data.path, org, ['update', 'Killed', '--component', 'wordpress']);
      await killAtStep(line, data.path, step);

      const recovered = await groundskeeper(data.path, org, ['--json', 'runs', 'recover']).ended;

      expect(recovered).toMatchObject({ code: 0 });
      expect(wp.files()).toEqual(old);
      expect(wp.dump()).toEqual(database);
      expect(await wp.page('/')).toMatchObject({ status: 200 });
      expect(leftBehind()).toEqual([]);
    });
  }

  it('at “settle”: recover finishes, and the new version stays', async () => {
    const line = groundskeeper(data.path, org, ['update', 'Killed', '--component', 'wordpress']);
    await killAtStep(line, data.path, 'settle');

    const refused = await groundskeeper(data.path, org, ['update', 'Killed', '--component', 'wordpress'])
      .ended;
    const recovered = await groundskeeper(data.path, org, ['runs', 'recover']).ended;

    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('runs recover') as string });
    expect(recovered).toMatchObject({ code: 0 });
    expect(fs.readFileSync(path.join(wp.root, 'wp-includes', 'version.php'), 'utf8')).toContain(
      cores.migrating.version,
    );
    expect(await wp.page('/')).toMatchObject({ status: 200 });
    expect(fs.existsSync(path.join(wp.root, '.maintenance'))).toBe(false);
    const again = await groundskeeper(data.path, org, ['rollback', 'Killed', '--database', 'restore']).ended;
    expect(again).toMatchObject({ code: 0 });
    expect(wp.files()).toEqual(old);
  });
});

/** What lies in the site's private folder. */
function leftBehind(): string[] {
  const folder = path.join(host.account.home, '.groundskeeper');
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('/'));
}
