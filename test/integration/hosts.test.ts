import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hashFiles,
  openStoreInThread,
  readManifest,
  restoreToFolder,
  sendFiles,
  type ManifestEntry,
} from '../../main/backups/index.ts';
import { meansOf } from '../../main/backups/pull/means.ts';
import { pullFiles } from '../../main/backups/pull/pull.ts';
import { run, sh } from '../../main/connections/index.ts';
import { newSiteId, Problem, remotePath } from '../../main/words/index.ts';
import { aClock, never, quietly } from '../main/samples.ts';
import { anApp, anSshHost, aTempFolder, connectionTo, type SshHost, type TestApp } from '../rig/index.ts';
import { farFrom } from '../rig/far.ts';
import { listing } from '../rig/listing.ts';
import { anOddFolder, ODD_NAMES } from '../rig/odd-folder.ts';
import { aPool, at, backUpFolder, scripts, wayTo } from './reach.ts';

const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
const HELPERS = ['perl', 'python3', 'openssl', 'php'];

/** Neither lists, packs nor hashes, and has little else: as in a jail that somebody put together by hand. */
const NO_PROGRAMS = [
  ...[
    'find',
    'stat',
    'tar',
    'bsdtar',
    'busybox',
    'xargs',
    'readlink',
    'md5sum',
    'sha256sum',
    'shasum',
    'openssl',
  ],
  ...[
    'perl',
    'awk',
    'gawk',
    'mawk',
    'original-awk',
    'nawk',
    'sed',
    'grep',
    'cut',
    'head',
    'tail',
    'wc',
    'ps',
  ],
];

/** A tar that gives up in the middle of a file, once. */
const GIVES_UP_ONCE = `if [ "$1" = -cf ] && mkdir "$HOME/gave-up" 2>/dev/null; then busybox tar "$@" | head -c 30000; echo 'tar: short read' >&2; exit 1; fi; exec busybox tar "$@"`;

let gnu: SshHost;
let busybox: SshHost;
let moody: SshHost;
let bsdTar: SshHost;
let phpOnly: SshHost;
let onlyPhp: SshHost;
let onlyPython: SshHost;
let nothing: SshHost;
let oneSession: SshHost;
let hashing: SshHost[];
const all = () => [
  ...[gnu, busybox, moody, bsdTar, phpOnly],
  ...[onlyPhp, onlyPython, nothing, oneSession, ...hashing],
];
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  const [first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, ...rest] = await Promise.all([
    anSshHost(),
    anSshHost({}, { busybox: applets, without: HELPERS }),
    anSshHost({ tar: GIVES_UP_ONCE }, { busybox: applets, without: HELPERS }),
    anSshHost({ tar: 'exec bsdtar "$@"' }),
    anSshHost({ find: 'exec busybox find "$@"' }, { without: ['stat'] }),
    anSshHost({}, { without: NO_PROGRAMS }),
    anSshHost({}, { without: [...NO_PROGRAMS, 'php'] }),
    anSshHost({}, { without: [...NO_PROGRAMS, 'php', 'python3', 'python', 'python2'] }),
    anSshHost({}, { maxSessions: 1 }),
    anSshHost({}, { without: ['sha256sum', 'md5sum'] }),
    anSshHost({}, { without: ['sha256sum', 'md5sum', 'shasum'] }),
    anSshHost({}, { without: ['sha256sum', 'md5sum', 'shasum', 'openssl'] }),
  ]);
  [gnu, busybox, moody, bsdTar, phpOnly, hashing] = [first, second, third, fourth, fifth, rest];
  [onlyPhp, onlyPython, nothing, oneSession] = [sixth, seventh, eighth, ninth];
  pool = aPool(all());
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all(all().map((host) => host.stop()));
});

function onHost<T>(host: SshHost, work: Parameters<typeof pool.use<T>>[1]): Promise<T> {
  return pool.use(wayTo(host), work);
}

async function aBackup(host: SshHost, folder: string) {
  const temp = aTempFolder('store');
  const store = await openStoreInThread(path.join(temp.path, 'store'), { clock: aClock(), keeper: null });
  const made = await backUpFolder(pool, host, store, { id: newSiteId(), name: 'Bakery', root: at(folder) });
  const damage = await store.verify(null, never, quietly);
  await store.close();
  temp.remove();
  return { made, damage };
}

/** What a backup of a folder gives back on this computer. */
async function aRestoredCopy(host: SshHost, folder: string): Promise<string> {
  const temp = aTempFolder('store');
  const store = await openStoreInThread(path.join(temp.path, 'store'), { clock: aClock(), keeper: null });
  const made = await backUpFolder(pool, host, store, { id: newSiteId(), name: 'Bakery', root: at(folder) });
  expect(made).toMatchObject({ moved: [], unreadable: [] });
  const to = path.join(temp.path, 'back');
  await restoreToFolder(await store.open(made.id), [], to, false, never, quietly);
  const found = listing(to);
  await store.close();
  temp.remove();
  return found;
}

const manifestOf = (host: SshHost, folder: string, part: { only?: string[]; leaveOut?: string[] } = {}) =>
  onHost(host, (connection) =>
    readManifest(connection, {
      root: at(folder),
      leaveOut: [],
      scripts: scripts.files,
      signal: never,
      ...part,
    }),
  );
const byPath = (entries: readonly ManifestEntry[]) =>
  [...entries].sort((a, b) => (a.path < b.path ? -1 : 1)).map((entry) => ({ ...entry, ctime: '' }));

/** A site that is a plain folder, in an app. */
async function aPlainSite(app: TestApp, host: SshHost, root: string) {
  const connection = connectionTo(host);
  const trial = await app.client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
  const draft = {
    name: 'Plain',
    url: 'http://127.0.0.1:9/',
    platform: 'files',
    root: remotePath(root),
    connection,
  };
  return app.client.sites.add({ draft: { ...draft, tags: [], notes: '', settings: {} } });
}

describe('a host whose programs are BusyBox’s', () => {
  it('is known for what it is', async () => {
    expect(await onHost(busybox, (connection) => meansOf(connection, never))).toEqual({
      list: 'stat',
      archive: 'plain',
      sha256: ['sha256sum'],
      md5: ['md5sum'],
      xargs: true,
      own: null,
    });
  });

  it('lists files as GNU’s find does: every name, link, mode, time and inode', async () => {
    const folder = anOddFolder(busybox);
    const entries = await manifestOf(busybox, folder);
    // The same folder through GNU's programs, as somebody who may enter it.
    fs.chmodSync(busybox.folder, 0o755);
    execFileSync('chown', ['-hR', `${gnu.account.uid}:${gnu.account.gid}`, folder]);
    fs.chmodSync(folder, 0o755);
    expect(byPath(entries).map((entry) => (entry.path === '' ? { ...entry, mode: 0 } : entry))).toEqual(
      byPath(await manifestOf(gnu, folder)).map((entry) =>
        entry.path === '' ? { ...entry, mode: 0 } : entry,
      ),
    );
  });

  it('lists only what is asked for, and leaves out what is told', async () => {
    const folder = anOddFolder(busybox);
    expect(
      byPath(await manifestOf(busybox, folder, { only: ['new\nline', 'gone', 'empty'] })).map(
        ({ path }) => path,
      ),
    ).toEqual(['empty', 'empty/deeper', 'new\nline']);
    const paths = (await manifestOf(busybox, folder, { leaveOut: ['[a]', 'empty', '*'] })).map(
      ({ path }) => path,
    );
    expect(paths).toContain('back\\slash');
    expect(paths.filter((name) => ['[a]', 'empty', 'empty/deeper', '*'].includes(name))).toEqual([]);
  });

  it('names what this account may not read', async () => {
    const folder = anOddFolder(busybox);
    fs.mkdirSync(path.join(folder, 'closed'), { mode: 0o700 });
    fs.writeFileSync(path.join(folder, 'unreadable'), 'no', { mode: 0o600 });
    const { made } = await aBackup(busybox, folder);
    expect(made.unreadable.toSorted()).toEqual(['closed', 'unreadable']);
    expect(made.moved).toEqual([]);
  });

  it('does not trust a time that it only knows to the second, while that second lasts', async () => {
    const folder = anOddFolder(busybox);
    const coarse = await anSshHost(
      { stat: `exec busybox stat "$@" | sed 's/\\(:[0-9][0-9]\\)\\.[0-9]*/\\1/g'` },
      { busybox: applets, without: HELPERS },
    );
    fs.chmodSync(busybox.folder, 0o755);
    using mine = aPool([coarse]);
    execFileSync('chown', ['-hR', `${coarse.account.uid}:${coarse.account.gid}`, folder]);
    fs.chmodSync(folder, 0o755);
    const stamps = await mine.use(wayTo(coarse), (connection) =>
      readManifest(connection, {
        root: at(folder),
        only: ['private'],
        leaveOut: [],
        scripts: scripts.files,
        signal: never,
      }),
    );
    await coarse.stop();
    expect(stamps).toMatchObject([
      { path: 'private', mtime: '1000000000.0000000000', ctime: expect.stringContaining('?') as string },
    ]);
  });

  it('is backed up and restored with everything as it was', async () => {
    const folder = anOddFolder(busybox);
    const before = listing(folder);
    await using app = await anApp(null);
    const site = await aPlainSite(app, busybox, folder);
    expect(await app.ended(await app.client.backups.start({ siteId: site.id }))).toMatchObject({
      state: 'done',
    });
    const [backup] = await app.client.backups.list({ siteId: site.id });
    if (!backup) throw new Error('no backup');
    expect(backup).toMatchObject({ moved: [], unreadable: [] });
    for (const name of fs.readdirSync(folder, { encoding: 'buffer' }).slice(0, 30))
      fs.rmSync(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
    fs.writeFileSync(path.join(folder, 'private'), 'SECRET');
    fs.writeFileSync(path.join(folder, 'hacked\n.php'), 'left by somebody');
    fs.mkdirSync(path.join(folder, 'dangling'));
    const back = await app.ended(
      await app.client.backups.restore({ backupId: backup.id, to: { kind: 'site' } }),
    );
    expect(back).toMatchObject({ state: 'done' });
    expect(listing(folder)).toBe(before);
  });

  it('whose tar gives up in the middle of a file is asked again, and nothing is mixed up', async () => {
    const folder = fs.mkdtempSync(path.join(moody.folder, 'plain-'));
    for (let at = 0; at < 40; at += 1)
      fs.writeFileSync(path.join(folder, `file-${at}`), crypto.randomBytes(4_000));
    execFileSync('chown', ['-hR', `${moody.account.uid}:${moody.account.gid}`, folder]);
    const before = listing(folder);
    await using app = await anApp(null);
    const site = await aPlainSite(app, moody, folder);
    await app.ended(await app.client.backups.start({ siteId: site.id }));
    const [backup] = await app.client.backups.list({ siteId: site.id });
    if (!backup) throw new Error('no backup');
    expect(fs.existsSync(path.join(moody.account.home, 'gave-up'))).toBe(true);
    for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name));
    await app.ended(await app.client.backups.restore({ backupId: backup.id, to: { kind: 'site' } }));
    expect(listing(folder)).toBe(before);
  });
});

describe('a host without any program that could list files', () => {
  it('lists them by PHP as GNU’s find does, but for parts of a second', async () => {
    const folder = anOddFolder(phpOnly);
    const whole = (entries: readonly ManifestEntry[]) =>
      byPath(entries).map((entry) => ({ ...entry, mtime: entry.mtime.split('.')[0] }));
    const entries = await manifestOf(phpOnly, folder);
    expect((await onHost(phpOnly, (connection) => meansOf(connection, never))).list).toBe('php');
    fs.chmodSync(phpOnly.folder, 0o755);
    execFileSync('chown', ['-hR', `${gnu.account.uid}:${gnu.account.gid}`, folder]);
    expect(whole(entries)).toEqual(whole(await manifestOf(gnu, folder)));
  });

  it('is backed up whole, and named is what may not be read', async () => {
    const folder = anOddFolder(phpOnly);
    fs.mkdirSync(path.join(folder, 'closed'), { mode: 0o700 });
    expect((await aBackup(phpOnly, folder)).made).toMatchObject({
      files: ODD_NAMES.length + 7,
      moved: [],
      unreadable: ['closed'],
    });
    const paths = (await manifestOf(phpOnly, folder, { leaveOut: ['empty', '*'] })).map(({ path }) => path);
    expect(paths).toContain('back\\slash');
    expect(paths.filter((name) => ['empty', 'empty/deeper', '*'].includes(name))).toEqual([]);
  });
});

describe.each([
  ['PHP', () => onlyPhp, 'php'],
  ['Python', () => onlyPython, 'python'],
  ['SFTP', () => nothing, 'none'],
] as const)('a host with neither find nor tar, but %s', (_name, hostOf, means) => {
  it('is known for what it is', async () => {
    expect(await onHost(hostOf(), (connection) => meansOf(connection, never))).toMatchObject({
      list: means,
      archive: means,
    });
  });

  it('is backed up to the same bytes, names, modes and links as by GNU’s programs', async () => {
    const host = hostOf();
    const folder = anOddFolder(host);
    const big = path.join(folder, 'sparse');
    fs.writeFileSync(big, 'begins');
    fs.truncateSync(big, 40_000_000);
    fs.chmodSync(host.folder, 0o755);
    fs.chmodSync(folder, 0o755);
    execFileSync('chown', ['-hR', `${host.account.uid}:${host.account.gid}`, folder]);
    const mine = await aRestoredCopy(host, folder);
    execFileSync('chown', ['-hR', `${gnu.account.uid}:${gnu.account.gid}`, folder]);
    expect(mine).toBe(await aRestoredCopy(gnu, folder));
  });

  it('is restored whole, with everything as it was', async () => {
    const host = hostOf();
    const folder = anOddFolder(host);
    const before = listing(folder);
    await using app = await anApp(null);
    const site = await aPlainSite(app, host, folder);
    await app.ended(await app.client.backups.start({ siteId: site.id }));
    const [backup] = await app.client.backups.list({ siteId: site.id });
    if (!backup) throw new Error('no backup');
    expect(backup).toMatchObject({ moved: [], unreadable: [], files: ODD_NAMES.length + 7 });
    for (const name of fs.readdirSync(folder, { encoding: 'buffer' }).slice(0, 30))
      fs.rmSync(Buffer.concat([Buffer.from(`${folder}/`), name]), { recursive: true });
    // Of the same size: only its hash tells.
    fs.writeFileSync(path.join(folder, 'private'), 'SECRET');
    fs.writeFileSync(path.join(folder, 'hacked\n.php'), 'left by somebody');
    fs.mkdirSync(path.join(folder, 'dangling'), { recursive: true });
    const back = await app.ended(
      await app.client.backups.restore({ backupId: backup.id, to: { kind: 'site' } }),
    );
    expect(back).toMatchObject({ state: 'done', problem: null });
    expect(back.summary).toMatch(/ [1-9]\d* were the same/);
    expect(listing(folder)).toBe(before);
  });

  it('has files named that may not be read, and those kept that vanish meanwhile or are no files any more', async () => {
    const host = hostOf();
    const folder = anOddFolder(host);
    const pipe = path.join(folder, 'runs');
    const unreadable = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('kept cl\xf6s\ned', 'latin1')]);
    fs.writeFileSync(unreadable, 'no', { mode: 0o600 });
    const entries = (await manifestOf(host, folder)).filter(({ kind }) => kind === 'file');
    fs.rmSync(path.join(folder, 'private'));
    fs.truncateSync(path.join(folder, 'large'), 1000);
    // Over SFTP, a server that opens a pipe waits for a writer, and everything waits for it.
    fs.rmSync(pipe);
    if (means !== 'none') execFileSync('mkfifo', [pipe]);
    const came: string[] = [];
    const pulled = await onHost(host, (connection) =>
      pullFiles(connection, entries, {
        root: at(folder),
        scripts: scripts.files,
        signal: never,
        async onFile(entry, _size, content) {
          for await (const _piece of content);
          came.push(entry.path);
        },
      }),
    );
    const paths = (some: readonly ManifestEntry[]) => some.map((entry) => entry.path).sort();
    expect(paths(pulled.moved)).toEqual(['large', 'private', 'runs']);
    expect(pulled.unreadable).toHaveLength(1);
    expect(came.filter((name) => name !== 'runs').length).toBe(entries.length - 3);
  });

  it('takes files that are sent', async () => {
    const host = hostOf();
    const folder = fs.mkdtempSync(path.join(host.folder, 'sent-'));
    execFileSync('chown', [`${host.account.uid}:${host.account.gid}`, folder]);
    const content = crypto.randomBytes(200_000);
    const file = { kind: 'file' as const, size: content.length, mode: 0o640, mtime: 1_000_000_000 };
    const names = ['d/plain', `d/${'long'.repeat(60)}`, 'd/new\nline', 'caf\u00e9'];
    await onHost(host, (connection) =>
      sendFiles(
        connection,
        at(folder),
        [
          { name: 'd', kind: 'folder', size: 0, mode: 0o750, mtime: 1_000_000_000 },
          ...names.map((name) => ({ ...file, name, content: async () => content })),
        ],
        { scripts: scripts.files, signal: never, progress: quietly, what: 'Send' },
      ),
    );
    for (const name of names) {
      expect(fs.readFileSync(path.join(folder, name)).equals(content)).toBe(true);
      expect(fs.statSync(path.join(folder, name))).toMatchObject({ mtimeMs: 1e12 });
      expect(fs.statSync(path.join(folder, name)).mode & 0o777).toBe(0o640);
    }
    expect(fs.statSync(path.join(folder, 'd')).mode & 0o777).toBe(0o750);
  });
});

describe('a host that is far away', () => {
  it.each([
    ['gives a channel to each', () => gnu, 4],
    ['gives one and no more', () => oneSession, 1],
  ] as const)('%s, and every file comes once', async (_what, hostOf, sessions) => {
    const host = hostOf();
    await using way = await farFrom(host.port, 40);
    const behind = { ...host, port: way.port };
    using mine = aPool([behind]);
    const folder = fs.mkdtempSync(path.join(host.folder, 'far-'));
    for (let at = 0; at < 300; at += 1)
      fs.writeFileSync(path.join(folder, `file-${at}`), crypto.randomBytes(at === 150 ? 8_000_000 : 40_000));
    execFileSync('chown', ['-hR', `${host.account.uid}:${host.account.gid}`, folder]);
    const came = new Map<string, string>();
    let open = 0;
    let most = 0;
    const all = await mine.use(wayTo(behind), async (connection) => {
      const options = { root: at(folder), scripts: scripts.files, signal: never };
      const entries = await readManifest(connection, { ...options, leaveOut: [] });
      const watched: typeof connection = {
        ...connection,
        roundTrip: connection.roundTrip,
        closed: false,
        async start(script) {
          const process = await connection.start(script);
          most = Math.max(most, (open += 1));
          void process.exit.then(() => (open -= 1));
          return process;
        },
      };
      const files = entries.filter(({ kind }) => kind === 'file');
      const pulled = await pullFiles(watched, files, {
        ...options,
        async onFile(entry, _size, content) {
          const hash = crypto.createHash('sha256');
          for await (const piece of content) hash.update(piece);
          expect(came.has(entry.path)).toBe(false);
          came.set(entry.path, hash.digest('hex'));
        },
      });
      expect(pulled).toEqual({ moved: [], unreadable: [] });
      return files;
    });
    expect(most).toBe(sessions);
    expect(came.size).toBe(all.length);
    for (const [name, hash] of came)
      expect(
        crypto
          .createHash('sha256')
          .update(fs.readFileSync(path.join(folder, name)))
          .digest('hex'),
      ).toBe(hash);
  });

  it('whose files do not come is left at once, by all channels', async () => {
    await using way = await farFrom(gnu.port, 40);
    const behind = { ...gnu, port: way.port };
    using mine = aPool([behind]);
    const folder = fs.mkdtempSync(path.join(gnu.folder, 'far-'));
    for (let at = 0; at < 40; at += 1)
      fs.writeFileSync(path.join(folder, `file-${at}`), crypto.randomBytes(1_000_000));
    execFileSync('chown', ['-hR', `${gnu.account.uid}:${gnu.account.gid}`, folder]);
    const pulling = mine.use(wayTo(behind), async (connection) => {
      const options = { root: at(folder), scripts: scripts.files, signal: never };
      const entries = await readManifest(connection, { ...options, leaveOut: [] });
      await pullFiles(
        connection,
        entries.filter(({ kind }) => kind === 'file'),
        {
          ...options,
          async onFile(entry) {
            if (entry.path === 'file-7') throw new Problem({ code: 'remote-disk-full', message: 'No room.' });
            await new Promise<never>(() => {});
          },
        },
      );
    });
    await expect(pulling).rejects.toMatchObject({ code: 'remote-disk-full' });
  });
});

describe('a host whose tar is the BSDs’', () => {
  it('is backed up whole', async () => {
    const { made, damage } = await aBackup(bsdTar, anOddFolder(bsdTar));
    expect(made).toMatchObject({ moved: [], unreadable: [], files: ODD_NAMES.length + 7 });
    expect(damage).toMatchObject({ damage: [] });
  });
});

it.each([
  ['shasum', 0],
  ['openssl', 1],
  ['php', 2],
])('files are hashed by %s where there is nothing else, whatever their names', async (tool, index) => {
  const host = hashing[index];
  if (!host) throw new Error('no host');
  const folder = anOddFolder(host);
  expect((await onHost(host, (connection) => meansOf(connection, never))).sha256?.[0]).toBe(tool);
  for (const algorithm of ['sha256', 'md5'] as const) {
    const hashes = await onHost(host, (connection) =>
      hashFiles(connection, algorithm, at(folder), ['.'], { scripts: scripts.files, signal: never }),
    );
    const all = fs
      .readdirSync(Buffer.from(folder), { recursive: false, withFileTypes: true, encoding: 'buffer' })
      .filter((entry) => entry.isFile())
      .map(({ name }) => fs.readFileSync(Buffer.concat([Buffer.from(`${folder}/`), name])))
      .map((content) => crypto.createHash(algorithm).update(content).digest('hex'));
    expect(hashes.size).toBe(ODD_NAMES.length + 7);
    expect([...hashes.values()]).toEqual(expect.arrayContaining(all));
    expect(hashes.get('new\nline')).toBe(
      crypto.createHash(algorithm).update('content of new\nline').digest('hex'),
    );
  }
});

it.each([
  ['GNU’s tar', () => gnu],
  ['BusyBox’s tar', () => busybox],
  ['The BSDs’ tar', () => bsdTar],
  ['PHP', () => onlyPhp],
  ['Python', () => onlyPython],
])(
  '%s tells, or has the server asked once more, which files changed while they were read',
  async (_by, hostOf) => {
    const host = hostOf();
    const folder = fs.mkdtempSync(path.join(host.folder, 'moving-'));
    const large = Buffer.alloc(12_000_000, 'a');
    // More than what is on its way: they are being read while this test has its hands on them.
    for (const name of ['rewritten\nwith ä', 'cut', 'grown', 'as it was'])
      fs.writeFileSync(path.join(folder, name), large);
    const touch: Readonly<Record<string, (file: string) => void>> = {
      'rewritten\nwith ä': (file) => {
        const fd = fs.openSync(file, 'r+');
        fs.writeSync(fd, 'b', large.length - 1);
        // Past the tick in which it was made, or the kernel's clock would not show it.
        fs.futimesSync(fd, 1_000_000, 1_000_000);
        fs.closeSync(fd);
      },
      cut: (file) => fs.truncateSync(file, large.length - 5_000_000),
      grown: (file) => fs.appendFileSync(file, 'more'),
    };
    execFileSync('chown', ['-R', `${host.account.uid}:${host.account.gid}`, folder]);
    const { moved, unreadable } = await onHost(host, async (connection) => {
      const listing = { root: at(folder), leaveOut: [], scripts: scripts.files, signal: never };
      const files = (await readManifest(connection, listing)).filter(({ kind }) => kind === 'file');
      return pullFiles(connection, files, {
        ...listing,
        async onFile(entry, _size, content) {
          let begun = false;
          for await (const chunk of content) {
            if (begun || chunk.length === 0) continue;
            begun = true;
            touch[entry.path]?.(path.join(folder, entry.path));
          }
        },
      });
    });
    expect(moved.map(({ path: name }) => name).sort()).toEqual(['cut', 'grown', 'rewritten\nwith ä']);
    expect(unreadable).toEqual([]);
  },
);

it('what streams waits, too, where the only command that a host allows is at work', async () => {
  const folder = anOddFolder(oneSession);
  await onHost(oneSession, async (connection) => {
    const listing = { root: at(folder), leaveOut: [], scripts: scripts.files, signal: never };
    const files = (await readManifest(connection, listing)).filter(({ kind }) => kind === 'file');
    const options = { attempted: 'Be busy', signal: never, timeLimit: 60_000 };
    const busy = () => run(connection, sh`sleep 2`, options);
    let said = '';
    const onOutput = async (stdout: AsyncIterable<Buffer>) => {
      for await (const chunk of stdout) said += chunk.toString();
    };
    await Promise.all([busy(), run(connection, sh`echo 'a dump'`, { ...options, onOutput })]);
    expect(said).toBe('a dump\n');
    let bytes = 0;
    const pulled = pullFiles(connection, files, {
      ...listing,
      async onFile(_entry, _size, content) {
        for await (const chunk of content) bytes += chunk.length;
      },
    });
    const [, { moved, unreadable }] = await Promise.all([busy(), pulled]);
    expect([moved, unreadable]).toEqual([[], []]);
    expect(bytes).toBe(files.reduce((sum, { size }) => sum + size, 0));
  });
});
