import { spawn, spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aKeyPair,
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  badPlugins,
  goodPlugins,
  meadow,
  startSshServer,
  strangePlugins,
  type MariaDb,
  type SshHost,
} from '../rig/index.ts';

let host: SshHost;
let mariadb: MariaDb;

beforeAll(async () => {
  [host, mariadb] = await Promise.all([anSshHost(), aMariaDb()]);
});
afterAll(async () => {
  await host.stop();
  await mariadb.stop();
});

/** OpenSSH's own client. */
async function ssh(
  port: number,
  user: string,
  key: string,
  command: string,
  input = '',
): Promise<{ code: number | null; out: string }> {
  const quiet = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
  ];
  const options = ['-F', 'none', '-i', key, '-p', String(port), ...quiet.flatMap((option) => ['-o', option])];
  const child = spawn('ssh', [...options, `${user}@127.0.0.1`, command], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Who is refused ends before it reads anything.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { out: (await buffer(child.stdout)).toString('latin1'), code: await ended };
}

describe('the SSH host', () => {
  it('lets its account in by key, and nobody else', async () => {
    const stranger = aKeyPair(path.join(host.folder, 'stranger'));
    expect(await ssh(host.port, host.user, host.key.file, 'id -un')).toEqual({
      code: 0,
      out: `${host.user}\n`,
    });
    expect((await ssh(host.port, host.user, stranger.file, 'id -un')).code).toBe(255);
  });

  it('shows another host key when told to', async () => {
    const before = host.hostKey();
    await host.changeHostKey();
    const scanned = spawnSync('ssh-keyscan', ['-p', String(host.port), '-t', 'ed25519', '127.0.0.1'], {
      encoding: 'utf8',
    });
    const shown = spawnSync('ssh-keygen', ['-lf', '-'], { input: scanned.stdout, encoding: 'utf8' });
    expect(host.hostKey()).not.toBe(before);
    expect(shown.stdout).toContain(host.hostKey());
  });

  it('cuts sessions, and goes down and up', async () => {
    const session = ssh(host.port, host.user, host.key.file, 'echo here; sleep 60');
    await expect.poll(() => host.cutSessions()).toBeGreaterThan(1);
    expect((await session).code).toBe(255);
    await host.down();
    expect((await ssh(host.port, host.user, host.key.file, 'true')).code).toBe(255);
    await host.up();
    expect((await ssh(host.port, host.user, host.key.file, 'true')).code).toBe(0);
  });
});

describe('the SSH server without sshd', () => {
  it('runs commands with their input, output and exit code', async () => {
    const temp = aTempFolder('server');
    const key = aKeyPair(path.join(temp.path, 'key'));
    const server = await startSshServer({
      user: 'deploy',
      publicKeys: [key.publicKey],
      home: temp.path,
      hostKeyFile: path.join(temp.path, 'host_key'),
    });
    const bytes = 'x'.repeat(5_000_000);
    expect(await ssh(server.port, 'deploy', key.file, 'cat; exit 7', bytes)).toEqual({ code: 7, out: bytes });
    expect(await ssh(server.port, 'deploy', key.file, 'pwd')).toEqual({ code: 0, out: `${temp.path}\n` });
    expect((await ssh(server.port, 'root', key.file, 'pwd')).code).toBe(255);
    await server.stop();
    temp.remove();
  });
});

describe('a WordPress site', () => {
  it.each(['6.1', '6.2', '6.3', '6.4', '6.5'])('%s answers on MariaDB', async (version) => {
    await using site = await aWordPressSite({ on: host, version, database: mariadb.aDatabase() });
    const page = await site.page();
    expect(page.status).toBe(200);
    expect(page.text).toContain('<title>Hollyhock Bakery');
    expect(site.version).toMatch(new RegExp(`^${version}\\.`));
    expect(site.sql("SELECT option_value FROM wp_options WHERE option_name = 'blogname'")).toBe(
      'Hollyhock Bakery\n',
    );
  });

  it('answers on SQLite, with its plugins and theme', async () => {
    const plugins = [goodPlugins.openingHours.old, goodPlugins.eventTickets.old, strangePlugins.latinNames];
    await using site = await aWordPressSite({ on: host, plugins, themes: [meadow.old], theme: 'meadow' });
    expect((await site.page()).text).toContain('Open Monday to Friday (1.2.0)');
    expect((await site.page()).text).toContain('1 Summer concert');
    expect((await site.page('/about-us/')).status).toBe(200);
    expect(site.sql("SELECT option_value FROM wp_options WHERE option_name = 'blogname'")).toBe(
      'Hollyhock Bakery\n',
    );
    expect(site.php("echo get_option('template');")).toBe('meadow');
    expect(site.phpLog()).toBe('');
    expect(fs.statSync(site.root).uid).toBe(host.account.uid);
  });

  it.each(Object.entries(badPlugins))(
    'breaks when %s is updated, and is well again with the old version',
    async (name, plugin) => {
      await using site = await aWordPressSite({
        on: host,
        plugins: [plugin.old],
        themes: [meadow.old],
        theme: 'meadow',
        opcache: false,
      });
      const well = await site.page();
      const files = site.files();
      site.place(plugin.new);
      const started = Date.now();
      const broken = await site.page();
      const slow = Date.now() - started >= 3_000;
      const log = site.phpLog();
      expect({
        name,
        broken: slow || /PHP (Fatal|Parse) error/.test(log) || broken.text !== well.text,
      }).toEqual({ name, broken: true });
      site.place(plugin.old);
      expect(site.files()).toBe(files);
    },
  );
});

describe('the stand-in for wordpress.org', () => {
  it('says what waits, and serves it', async () => {
    await using org = await aWordPressOrg();
    await org.offerCore('6.5');
    org.offer(goodPlugins.openingHours.new);
    const core = await (
      await fetch(`${org.api}/core/version-check/1.7/?version=6.3.5`, { method: 'POST' })
    ).json();
    expect(core).toMatchObject({
      offers: [{ response: 'upgrade', version: '6.5.5' }, { response: 'autoupdate' }],
    });
    const { entry } = goodPlugins.openingHours.old;
    const form = new URLSearchParams({
      plugins: JSON.stringify({ plugins: { [entry]: { Version: '1.2.0' } }, active: [entry] }),
      all: 'true',
    });
    const answer = (await (
      await fetch(`${org.api}/plugins/update-check/1.1/`, { method: 'POST', body: form })
    ).json()) as {
      plugins: Record<string, { package: string; new_version: string }>;
    };
    expect(answer).toMatchObject({
      plugins: { [entry]: { new_version: '1.3.0' } },
      translations: [],
      no_update: [],
    });
    const zip = await (await fetch(answer.plugins[entry]?.package ?? '')).arrayBuffer();
    expect(Buffer.from(zip).subarray(0, 2).toString()).toBe('PK');
    expect(org.count('plugin-check')).toBe(1);
    const sums = (await (
      await fetch(`${org.api}/core/checksums/1.0/?version=6.5.5&locale=en_US`)
    ).json()) as {
      checksums: Record<string, string>;
    };
    expect(sums.checksums['wp-login.php']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('fails in the way it is told to', async () => {
    await using org = await aWordPressOrg();
    org.fail('plugin-check', 'html');
    const answer = await fetch(`${org.api}/plugins/update-check/1.1/`, { method: 'POST' });
    expect(answer.headers.get('content-type')).toContain('text/html');
    org.recover();
    org.fail('theme-check', 'drops');
    await expect(fetch(`${org.api}/themes/update-check/1.1/`, { method: 'POST' })).rejects.toThrow();
  });
});
