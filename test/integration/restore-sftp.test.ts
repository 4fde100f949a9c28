import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressSite,
  groundskeeper,
  killAtStep,
  reachStep,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressSite,
} from '../rig/index.ts';

let host: SshHost;
let mariadb: MariaDb;
let data: TempFolder;
let wp: WordPressSite;
let database: ReturnType<MariaDb['aDatabase']>;
/** The backup that is restored. */
let backup: string;
/** How the site is found by a restore. */
let found: { files: string; dump: string };

const gk = (...args: readonly string[]) => groundskeeper(data.path, null, ['--json', ...args]);
const restore = (...args: readonly string[]) =>
  gk('backups', 'restore', backup, '--to-site', '--database', ...args);
const plugins = () => path.join(wp.root, 'wp-content/plugins');

beforeAll(async () => {
  [host, mariadb] = await Promise.all([anSshHost({}, { onlySftp: true }), aMariaDb()]);
  data = aTempFolder('restore-sftp');
  database = mariadb.aDatabase();
  wp = await aWordPressSite({ on: host, database });
  const at = `${host.user}@${host.host}:${host.port}`;
  const added = await gk(
    ...['sites', 'add', 'Shop', '--sftp', at, '--key', host.key.file, '--accept-host-key', host.hostKey()],
    ...['--root', wp.root, '--url', wp.url],
  ).ended;
  expect(added).toMatchObject({ code: 0 });
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(page);
  expect(await gk('backup', 'Shop').ended).toMatchObject({ code: 0 });
  [backup = ''] = /backup_\w+/.exec((await gk('backups', 'list', 'Shop').ended).out) ?? [];
  wp.sql("UPDATE wp_options SET option_value = 'Since then' WHERE option_name = 'blogdescription'");
  fs.writeFileSync(path.join(plugins(), 'since.php'), '<?php // came in since');
  fs.rmSync(path.join(wp.root, 'wp-signup.php'));
  found = { files: wp.files(), dump: wp.dump() };
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), mariadb.stop()]);
  data.remove();
});
beforeEach(() => asFound());

function asFound(): void {
  expect([wp.files(), wp.dump()]).toEqual([found.files, found.dump]);
}

/** Our own files in the web root, and whatever is in private folders. */
function leftBehind(): string[] {
  const folder = path.join(host.account.home, '.groundskeeper');
  const inRoot = fs.readdirSync(wp.root).filter((name) => /groundskeeper|maintenance/.test(name));
  return [
    ...inRoot,
    ...(fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []),
  ];
}

it.each(['restore', 'database'])(
  'a restore over SFTP that is cut off at “%s” is taken back by recovery; until then nobody else gets in',
  async (step) => {
    await killAtStep(restore(), data.path, step);
    if (step === 'database') expect(await wp.page('/')).toMatchObject({ status: 503 });
    const told = await gk('runs', 'recover').ended;
    expect(told).toMatchObject({ code: 0, out: expect.stringContaining('was brought back') as string });
    asFound();
    expect(leftBehind()).toEqual([]);
    expect(await wp.page('/')).toMatchObject({ status: 200 });
  },
);

it('one that is cancelled is taken back at once; other computers are told while it goes on', async () => {
  const line = restore();
  await reachStep(line, data.path, 'restore');
  expect(leftBehind().filter((name) => name.endsWith('/lock'))).toHaveLength(1);
  line.process.kill('SIGINT');
  expect(await line.ended).toMatchObject({ code: 1, out: expect.stringContaining('cancelled') as string });
  asFound();
  expect(leftBehind()).toEqual([]);
});

it('one that fails among the files is taken back', async () => {
  const shut = path.join(wp.root, 'wp-content/themes');
  const [owner, mode] = [fs.statSync(shut), fs.statSync(shut).mode];
  fs.writeFileSync(path.join(shut, 'since.php'), '<?php // another one');
  const files = wp.files();
  fs.chownSync(shut, 0, 0);
  fs.chmodSync(shut, 0o755);
  const ended = await restore().ended;
  fs.chownSync(shut, owner.uid, owner.gid);
  fs.chmodSync(shut, mode);
  expect(ended).toMatchObject({ code: 1 });
  expect(wp.files()).toBe(files);
  expect(wp.dump()).toBe(found.dump);
  expect(leftBehind()).toEqual([]);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
  fs.rmSync(path.join(shut, 'since.php'));
});

it('where the database can be brought neither way, visitors stay out until it can', async () => {
  const rights = (how: 'GRANT' | 'REVOKE') =>
    mariadb.sql(
      ['localhost', '127.0.0.1']
        .map(
          (from) =>
            `${how} DROP ON ${database.name}.* ${how === 'GRANT' ? 'TO' : 'FROM'} '${database.name}'@'${from}';`,
        )
        .join(' '),
    );
  rights('REVOKE');
  const ended = await restore().ended;
  expect(ended.out + ended.err).toContain('Recover');
  expect(await wp.page('/')).toMatchObject({ status: 503 });
  expect((await gk('runs', 'recover').ended).out).toContain('Could not be finished yet');
  expect(await wp.page('/')).toMatchObject({ status: 503 });
  rights('GRANT');
  expect((await gk('runs', 'recover').ended).out).toContain('was brought back');
  expect(await wp.page('/')).toMatchObject({ status: 200 });
  asFound();
  expect(leftBehind()).toEqual([]);
});

it('one that goes well brings files and database', async () => {
  expect(await restore().ended).toMatchObject({ code: 0 });
  expect(fs.existsSync(path.join(plugins(), 'since.php'))).toBe(false);
  expect(fs.existsSync(path.join(wp.root, 'wp-signup.php'))).toBe(true);
  expect(wp.sql("SELECT 1 FROM wp_options WHERE option_value = 'Since then'")).toBe('');
  expect(leftBehind()).toEqual([]);
  expect(await wp.page('/')).toMatchObject({ status: 200 });
});
