import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../main/backups/index.ts';
import { pullFiles } from '../../main/backups/pull/pull.ts';
import { openRemoteFiles } from '../../main/connections/ssh/remote-files.ts';
import { remotePath } from '../../main/words/index.ts';
import { never } from '../main/samples.ts';
import { anApp, anSshHost, connectionTo, type SshHost, type TestApp } from '../rig/index.ts';
import { listing } from '../rig/listing.ts';
import { anOddFolder, ODD_NAMES } from '../rig/odd-folder.ts';
import { aPool, at, scripts, wayTo } from './reach.ts';

let host: SshHost;
let shell: SshHost;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [host, shell] = await Promise.all([anSshHost({}, { onlySftp: true }), anSshHost()]);
  pool = aPool([host, shell]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all([host.stop(), shell.stop()]);
});

const overSftp = (to: SshHost) => ({ ...connectionTo(to), kind: 'sftp' as const });

function manifestOf(of: SshHost, kind: 'ssh' | 'sftp', folder: string, only: string[] = []) {
  return pool.use({ ...wayTo(of), kind }, (connection) =>
    readManifest(connection, {
      root: at(folder),
      only,
      leaveOut: ['[a]', 'empty'],
      scripts: scripts.files,
      signal: never,
    }),
  );
}

/** A site that gives its files over SFTP and nothing else, in an app. */
async function aSiteOfFiles(app: TestApp, root: string) {
  const connection = overSftp(host);
  const trial = await app.client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
  const draft = {
    name: 'Files',
    url: 'http://127.0.0.1:9/',
    platform: 'files',
    root: remotePath(root),
    connection,
  };
  return app.client.sites.add({ draft: { ...draft, tags: [], notes: '', settings: {} } });
}

async function backUp(app: TestApp, siteId: Awaited<ReturnType<typeof aSiteOfFiles>>['id']) {
  const run = await app.ended(await app.client.backups.start({ siteId }));
  const [backup] = await app.client.backups.list({ siteId });
  if (!backup || run.state !== 'done')
    throw new Error(`no backup: ${run.summary ?? ''} ${JSON.stringify(run)}`);
  return backup;
}

function owned(folder: string): string {
  execFileSync('chown', ['-hR', `${host.account.uid}:${host.account.gid}`, folder]);
  return folder;
}

describe('a host that gives files and no shell', () => {
  it('lists files as find does, but for what SFTP does not know', async () => {
    const folder = anOddFolder(shell);
    const known = (entries: Awaited<ReturnType<typeof manifestOf>>) =>
      entries
        .map(({ ctime: _ctime, inode: _inode, mtime, ...rest }) => ({ ...rest, mtime: mtime.split('.')[0] }))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    const entries = known(await manifestOf(shell, 'sftp', folder));
    expect(entries).toEqual(known(await manifestOf(shell, 'ssh', folder)));
    expect(entries.length).toBeGreaterThan(ODD_NAMES.length);
    const some = await manifestOf(shell, 'sftp', folder, ['new\nline', 'gone', 'folder\nname']);
    expect(some.map(({ path: name }) => name).sort()).toEqual([
      'folder\nname',
      'folder\nname/in\nside',
      'new\nline',
    ]);
  });

  it('is tried, backed up and restored with everything as it was', async () => {
    const folder = anOddFolder(host);
    const before = listing(folder);
    await using app = await anApp(null);
    const site = await aSiteOfFiles(app, folder);
    await app.client.sites.edit({
      siteId: site.id,
      edit: { settings: { backups: { leaveOut: ['*.log'] } } },
    });
    expect(await app.client.connections.testSite({ siteId: site.id })).toMatchObject({
      outcome: 'ok',
      onlyFiles: true,
    });
    const backup = await backUp(app, site.id);
    expect(backup).toMatchObject({ moved: [], unreadable: [], files: ODD_NAMES.length + 7 });
    for (const name of fs.readdirSync(folder, { encoding: 'buffer' }).slice(0, 30))
      fs.rmSync(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
    fs.writeFileSync(path.join(folder, 'private'), 'SECRET');
    fs.writeFileSync(path.join(folder, 'hacked\n.php'), 'left by somebody');
    fs.writeFileSync(path.join(folder, 'kept.log'), 'left out');
    fs.mkdirSync(path.join(folder, 'dangling/deep/er'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'dangling/deep/er/file'), 'in the way');
    owned(folder);
    const back = await app.ended(
      await app.client.backups.restore({ backupId: backup.id, to: { kind: 'site' } }),
    );
    expect(back).toMatchObject({ state: 'done' });
    expect(fs.readFileSync(path.join(folder, 'kept.log'), 'utf8')).toBe('left out');
    fs.rmSync(path.join(folder, 'kept.log'));
    expect(listing(folder)).toBe(before);
    expect(fs.statSync(path.join(folder, 'private')).mtimeMs).toBe(1_000_000_000_000);
  });

  it('names what this account may not read, and takes all else', async () => {
    const folder = owned(fs.mkdtempSync(path.join(host.folder, 'closed-')));
    fs.writeFileSync(path.join(folder, 'open'), 'yes', { mode: 0o644 });
    fs.writeFileSync(path.join(folder, 'shut'), 'no', { mode: 0o600 });
    fs.mkdirSync(path.join(folder, 'closed'), { mode: 0o700 });
    fs.mkdirSync(path.join(folder, 'listed'), { mode: 0o744 });
    fs.writeFileSync(path.join(folder, 'listed/inside'), 'no');
    fs.chmodSync(path.join(folder, 'listed'), 0o744);
    await using app = await anApp(null);
    const backup = await backUp(app, (await aSiteOfFiles(app, folder)).id);
    expect(backup.unreadable.toSorted()).toEqual(['closed', 'listed', 'shut']);
    expect(backup).toMatchObject({ files: 1, moved: [] });
  });

  it('brings 5,000 small files, and the next time only what changed', async () => {
    const folder = fs.mkdtempSync(path.join(host.folder, 'many-'));
    const long = new Date(Date.now() - 30 * 86_400_000);
    for (let one = 0; one < 5_000; one += 1) {
      const into = path.join(folder, `folder-${one % 50}`);
      fs.mkdirSync(into, { recursive: true });
      fs.writeFileSync(path.join(into, `file-${one}`), crypto.randomBytes(one % 3_000));
      fs.utimesSync(path.join(into, `file-${one}`), long, long);
    }
    const before = listing(owned(folder));
    await using app = await anApp(null);
    const site = await aSiteOfFiles(app, folder);
    const first = await backUp(app, site.id);
    expect(first).toMatchObject({ files: 5_000, moved: [], unreadable: [] });
    fs.writeFileSync(path.join(folder, 'folder-1/file-1'), 'changed');
    const second = await backUp(app, site.id);
    expect(second.files).toBe(5_000);
    expect(second.addedBytes).toBeLessThan(100_000);
    for (const name of ['folder-0', 'folder-1', 'folder-2'])
      fs.rmSync(path.join(folder, name), { recursive: true });
    expect(
      await app.ended(await app.client.backups.restore({ backupId: first.id, to: { kind: 'site' } })),
    ).toMatchObject({ state: 'done' });
    expect(listing(folder)).toBe(before);
  });

  it('gives a file of 200 MB, byte for byte', async () => {
    const folder = fs.mkdtempSync(path.join(host.folder, 'large-'));
    const part = crypto.randomBytes(1_000_000);
    const content = crypto.createHash('sha256');
    for (let one = 0; one < 200; one += 1) {
      part.writeUInt32BE(one, one);
      content.update(part);
      fs.appendFileSync(path.join(folder, 'large'), part);
    }
    owned(folder);
    const came = crypto.createHash('sha256');
    await pool.use({ ...wayTo(host), kind: 'sftp' }, async (connection) => {
      const looked = { root: at(folder), leaveOut: [], scripts: scripts.files, signal: never };
      const entries = (await readManifest(connection, looked)).filter(({ kind }) => kind === 'file');
      await pullFiles(connection, entries, {
        root: at(folder),
        scripts: scripts.files,
        signal: never,
        onFile: async (_entry, _size, pieces) => {
          for await (const piece of pieces) came.update(piece);
        },
      });
    });
    expect(came.digest('hex')).toBe(content.digest('hex'));
  });

  it('whose files change while they are read is told so', async () => {
    const folder = fs.mkdtempSync(path.join(host.folder, 'moving-'));
    fs.writeFileSync(path.join(folder, 'shrinks'), Buffer.alloc(100_000, 'a'));
    fs.writeFileSync(path.join(folder, 'grows'), 'short');
    fs.writeFileSync(path.join(folder, 'goes'), 'short');
    fs.writeFileSync(path.join(folder, 'stays'), 'as it is');
    owned(folder);
    const pulled = await pool.use({ ...wayTo(host), kind: 'sftp' }, async (connection) => {
      const entries = await readManifest(connection, {
        root: at(folder),
        leaveOut: [],
        scripts: scripts.files,
        signal: never,
      });
      fs.truncateSync(path.join(folder, 'shrinks'), 10);
      fs.appendFileSync(path.join(folder, 'grows'), 'er');
      fs.rmSync(path.join(folder, 'goes'));
      const sizes = new Map<string, number>();
      const { moved, unreadable } = await pullFiles(
        connection,
        entries.filter(({ kind }) => kind === 'file'),
        {
          root: at(folder),
          scripts: scripts.files,
          signal: never,
          onFile: async (entry, _size, content) => {
            let size = 0;
            for await (const chunk of content) size += chunk.length;
            sizes.set(entry.path, size);
          },
        },
      );
      return {
        moved: moved.map(({ path: name }) => name).sort(),
        unreadable,
        sizes: Object.fromEntries(sizes),
      };
    });
    expect(pulled).toEqual({
      moved: ['goes', 'grows', 'shrinks'],
      unreadable: [],
      sizes: { shrinks: 100_000, grows: 5, stays: 8 },
    });
  });

  it('whose connection breaks ends the backup in words, and the next one is whole', async () => {
    const folder = fs.mkdtempSync(path.join(host.folder, 'cut-'));
    fs.writeFileSync(path.join(folder, 'large'), crypto.randomBytes(30_000_000));
    for (let one = 0; one < 500; one += 1) fs.writeFileSync(path.join(folder, `file-${one}`), `${one}`);
    owned(folder);
    await pool.use({ ...wayTo(host), kind: 'sftp' }, async (connection) => {
      const entries = await readManifest(connection, {
        root: at(folder),
        leaveOut: [],
        scripts: scripts.files,
        signal: never,
      });
      const files = entries.filter(({ kind }) => kind === 'file');
      const pulling = pullFiles(connection, files, {
        root: at(folder),
        scripts: scripts.files,
        signal: never,
        onFile: async (_entry, _size, content) => {
          for await (const chunk of content) if (chunk.length > 0) host.cutSessions();
        },
      });
      await expect(pulling).rejects.toMatchObject({ code: 'connection-lost' });
    });
    await using app = await anApp(null);
    expect(await backUp(app, (await aSiteOfFiles(app, folder)).id)).toMatchObject({ files: 501, moved: [] });
  });

  it('that answers nothing any more, because a file became a named pipe, is given up', async () => {
    const pipe = path.join(host.folder, 'pipe');
    execFileSync('mkfifo', ['-m', '666', pipe]);
    const client = new Client();
    try {
      const ready = once(client, 'ready');
      client.connect({
        host: host.host,
        port: host.port,
        username: host.user,
        privateKey: fs.readFileSync(host.key.file),
      });
      await ready;
      const files = await openRemoteFiles(client, 'the server', 500);
      const opening = files.open(pipe);
      opening.catch(() => {});
      await expect(files.stat('/')).rejects.toMatchObject({
        code: 'connection-lost',
        answered: expect.stringContaining('not answered') as string,
      });
      await expect(opening).rejects.toMatchObject({ code: 'connection-lost' });
      expect(files.closed).toBe(true);
    } finally {
      client.end();
      // The server's process waits in it.
      fs.closeSync(fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK));
    }
  });

  it('is found out by trying SSH, and holds files, or what is read by its files alone', async () => {
    await using app = await anApp(null);
    const site = await aSiteOfFiles(app, host.folder);
    const connection = connectionTo(host);
    expect(await app.client.connections.test({ connection })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'only-sftp', todo: expect.stringContaining('--sftp') as string },
    });
    expect(await app.client.connections.findInstallations({ connection: overSftp(host) })).toEqual([]);
    await expect(
      app.client.sites.edit({ siteId: site.id, edit: { platform: 'wordpress' } }),
    ).resolves.toMatchObject({ platform: 'wordpress' });
    expect(await app.check(site)).toMatchObject({ problem: { code: 'not-an-installation' } });
    await expect(
      app.client.connections.look({ connection: overSftp(host), root: '/not/there' }),
    ).rejects.toMatchObject({ code: 'no-such-root' });
  });
});
