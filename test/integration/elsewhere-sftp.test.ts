import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backup } from '../../main/backups/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aWordPressSite,
  connectionTo,
  type SshHost,
  type TestApp,
} from '../rig/index.ts';
import { listing } from '../rig/listing.ts';
import { anOddFolder } from '../rig/odd-folder.ts';
import { startPhp, type PhpServer } from '../rig/php.ts';

let shell: SshHost;
let files: SshHost;
let app: TestApp;
let pages: PhpServer;
let from: string;
let to: string;
let source: Site;
let target: Site;
let backup: Backup;

beforeAll(async () => {
  [shell, files] = await Promise.all([anSshHost(), anSshHost({}, { onlySftp: true })]);
  from = anOddFolder(shell);
  write(shell, `${from}/index.php`, '<?php echo "<title>Bakery</title>fresh every day";');
  write(shell, `${from}/wp-config.php`, '<?php // to the bakery’s database');
  write(shell, `${from}/.htaccess`, '# of the bakery’s host');
  to = fs.mkdtempSync(path.join(files.folder, 'staging-'));
  fs.chmodSync(files.folder, 0o755);
  fs.chmodSync(to, 0o755);
  fs.chownSync(to, files.account.uid, files.account.gid);
  pages = await startPhp({
    root: to,
    as: files.account,
    errorLog: path.join(files.folder, 'php.log'),
    opcache: false,
  });
  app = await anApp(null);
  source = await add('Bakery', shell, from, 'ssh', 'http://127.0.0.1:9/');
  target = await add('Staging', files, to, 'sftp', `${pages.url}/`);
  backup = await backUp(source);
});
afterAll(async () => {
  await app.close();
  await pages.stop();
  await Promise.all([shell.stop(), files.stop()]);
});
beforeEach(() => {
  for (const name of fs.readdirSync(to, { encoding: 'buffer' }))
    fs.rmSync(Buffer.concat([Buffer.from(`${to}/`), name]), { recursive: true });
  write(files, `${to}/index.php`, '<?php echo "<title>Staging</title>not for visitors";');
  write(files, `${to}/wp-config.php`, '<?php // to staging’s database');
  write(files, `${to}/only-here.txt`, 'goes');
  // As the other’s in all that SFTP tells, and not in what is in it.
  write(files, `${to}/private`, 'SECRET');
  fs.utimesSync(`${to}/private`, 1_000_000_000, 1_000_000_000);
  fs.chmodSync(`${to}/private`, 0o600);
});

function write(host: SshHost, file: string, content: string): void {
  fs.writeFileSync(file, content);
  execFileSync('chown', [`${host.account.uid}:${host.account.gid}`, file]);
}

async function add(name: string, host: SshHost, root: string, kind: 'ssh' | 'sftp', url: string) {
  const connection = { ...connectionTo(host), kind };
  const trial = await app.client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
  const draft = { name, url, platform: 'files', root: remotePath(root), connection };
  return app.client.sites.add({ draft: { ...draft, tags: [], notes: '', settings: {} } });
}

async function backUp(site: Site): Promise<Backup> {
  expect(await app.ended(await app.client.backups.start({ siteId: site.id }))).toMatchObject({
    state: 'done',
  });
  const [made] = await app.client.backups.list({ siteId: site.id });
  return made ?? expect.fail('no backup');
}

const plan = (one: Backup) => app.client.backups.elsewhere({ backupId: one.id, siteId: target.id });
const restore = async (one: Backup) =>
  app.ended(await app.client.backups.restore({ backupId: one.id, to: { kind: 'site', siteId: target.id } }));

describe('a restore to another site that gives files and no shell', () => {
  it('brings the other’s files, names, modes and links; its own configuration stays', async () => {
    const found = await plan(backup);
    expect(found).toMatchObject({
      blockers: [],
      database: null,
      files: { stays: ['.htaccess', 'wp-config.php'] },
    });
    expect(found.warnings).toEqual([
      expect.stringContaining('cannot be held') as string,
      expect.stringContaining('.htaccess is in the backup') as string,
    ]);
    expect(fs.existsSync(`${to}/only-here.txt`)).toBe(true);

    expect(await restore(backup)).toMatchObject({ state: 'done', problem: null });
    const own = ['wp-config.php', '.htaccess'];
    expect(listing(to, own)).toBe(listing(from, own));
    expect(fs.readFileSync(`${to}/wp-config.php`, 'utf8')).toContain('staging');
    expect(fs.existsSync(`${to}/.htaccess`)).toBe(false);
    expect(await (await fetch(pages.url)).text()).toContain('fresh every day');
  });

  it('is taken back, byte for byte, when the site is not well with it', async () => {
    write(
      shell,
      `${from}/index.php`,
      `<?php if (__DIR__ === '${to}') http_response_code(500); echo 'Bakery';`,
    );
    const sick = await backUp(source);
    const before = listing(to);
    expect(await restore(sick)).toMatchObject({ state: 'rolled-back' });
    expect(listing(to)).toBe(before);
    expect(await (await fetch(pages.url)).text()).toContain('not for visitors');
  });

  it('is taken back when it fails on the way, though not everything may be written', async () => {
    const shut = path.join(to, 'dépôt'.normalize('NFC'), 'below');
    fs.mkdirSync(shut, { recursive: true });
    write(files, path.join(shut, 'kept'), 'as it was');
    write(files, path.join(to, 'empty'), 'in the way of a folder');
    // root's: nothing in it may be replaced or removed.
    fs.chownSync(shut, 0, 0);
    const before = listing(to);
    expect(await restore(backup)).toMatchObject({ state: 'rolled-back' });
    expect(listing(to)).toBe(before);
  });

  it('is refused beforehand, in words, where the backup holds a database', async () => {
    await using mariadb = await aMariaDb();
    await using wp = await aWordPressSite({ on: shell, database: mariadb.aDatabase() });
    const withDatabase = await backUp(await app.add(wp, shell, 'Shop'));
    const before = listing(to);
    expect((await plan(withDatabase)).blockers).toMatchObject([
      { code: 'needs-shell', message: expect.stringContaining('only gives files') as string },
    ]);
    expect(await restore(withDatabase)).toMatchObject({ state: 'failed', problem: { code: 'needs-shell' } });
    expect(listing(to)).toBe(before);
  });
});
