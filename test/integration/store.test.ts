import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  findFiles,
  listFolder,
  keyFile,
  openStoreInThread,
  readStart,
  fileAt,
  restoreToFolder,
  takeBackup,
  type Backup,
  type Store,
  type TakeOptions,
} from '../../main/backups/index.ts';
import type { Connection } from '../../main/connections/index.ts';
import { openPlatforms } from '../../main/platforms/index.ts';
import { newSiteId, type SiteId } from '../../main/words/index.ts';
import { aClock, never, quietly } from '../main/samples.ts';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressSite,
  goodPlugins,
  strangePlugins,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressSite,
} from '../rig/index.ts';
import { aPool, at, platformFolder, scripts, wayTo } from './reach.ts';

let host: SshHost;
let mariadb: MariaDb;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [host, mariadb] = await Promise.all([anSshHost(), aMariaDb()]);
  pool = aPool([host]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all([host.stop(), mariadb.stop()]);
});

let temp: TempFolder;
let store: Store;
let siteId: SiteId;
const clock = aClock();
const nothing = { paths: [], rules: [], largerThan: null };
beforeEach(async () => {
  temp = aTempFolder('store');
  store = await openStoreInThread(path.join(temp.path, 'store'), {
    clock,
    keeper: keyFile(path.join(temp.path, 'key')),
  });
  siteId = newSiteId();
});
afterEach(async () => {
  await store.close();
  temp.remove();
});

const module = openPlatforms([platformFolder]).get('wordpress').module;
if (module === null) throw new TypeError('WordPress has no module');
const wordpress = module;

/** Takes a backup of a folder of the host, or of a site with its database. */
function backup(root: string, part: Partial<TakeOptions> = {}): Promise<Backup> {
  clock.forward(1000);
  return pool.use(wayTo(host), (connection) => takeBackup(store, connection, optionsFor(root, part)));
}

function optionsFor(root: string, part: Partial<TakeOptions>): TakeOptions {
  return {
    site: { id: siteId, name: 'Bakery', root: at(root) },
    reason: 'asked',
    leaveOut: nothing,
    database: null,
    scripts,
    signal: never,
    progress: quietly,
    log: quietly,
    ...part,
  };
}

/** The way to a site's database, as its own configuration says. */
async function databaseOf(connection: Connection, site: WordPressSite): Promise<TakeOptions['database']> {
  const { facts, inventory } = await wordpress.read(connection, {
    root: at(site.root),
    php: null,
    signal: never,
    now: 0,
  });
  if (facts.database === null || inventory.database === null) throw new Error(inventory.gaps.join());
  return { access: facts.database, kind: inventory.database.kind, php: facts.php };
}

async function backupWithDatabase(site: WordPressSite): Promise<Backup> {
  const database = await pool.use(wayTo(host), (connection) => databaseOf(connection, site));
  return backup(site.root, { database });
}

/** Every file below a folder with the SHA-256 of its bytes; names as bytes in hex. */
function hashes(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (dir: Buffer, relative: Buffer) => {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true, encoding: 'buffer' })) {
      const below = Buffer.concat([dir, Buffer.from('/'), entry.name]);
      const name =
        relative.length === 0 ? entry.name : Buffer.concat([relative, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) walk(below, name);
      else if (entry.isFile())
        found.set(
          name.toString('latin1'),
          crypto.createHash('sha256').update(fs.readFileSync(below)).digest('hex'),
        );
    }
  };
  walk(Buffer.from(folder), Buffer.alloc(0));
  return found;
}

async function restored(of: Backup): Promise<{
  folder: string;
  renamed: readonly { from: string; to: string }[];
  links: readonly string[];
  files: number;
}> {
  const folder = path.join(temp.path, `restored-${of.id}`);
  const result = await restoreToFolder(await store.open(of.id), [], folder, true, never, quietly);
  return { folder, ...result };
}

/** A folder of the host that belongs to its account. */
function aFolder(fill: (folder: string) => void): string {
  const folder = fs.mkdtempSync(path.join(host.folder, 'plain-'));
  fill(folder);
  execFileSync('chown', ['-R', `${host.account.uid}:${host.account.gid}`, folder]);
  return folder;
}
const named = (folder: string, name: string) =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);

describe.each([
  ['MySQL', () => mariadb.aDatabase()],
  ['SQLite', () => 'sqlite' as const],
])('a real site on %s', (_name, database) => {
  it('is backed up whole, browsed, found in and restored byte by byte; the second backup adds almost nothing', async () => {
    await using site = await aWordPressSite({
      on: host,
      plugins: [goodPlugins.openingHours.old, strangePlugins.latinNames],
      database: database(),
    });
    const first = await backupWithDatabase(site);
    const second = await backupWithDatabase(site);
    const { files, bytes } = first;
    expect({ files, moved: first.moved, unreadable: first.unreadable }).toEqual({
      files: hashes(site.root).size,
      moved: [],
      unreadable: [],
    });
    expect(second.files).toBe(files);
    expect(second.addedBytes).toBeLessThan(bytes / 50);
    expect(await store.verify(null, never, quietly)).toMatchObject({ backups: 2, damage: [] });

    const snapshot = await store.open(first.id);
    expect(snapshot.database?.tables.map((table) => table.name)).toContain('wp_options');
    expect((await listFolder(snapshot, 'wp-content')).map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['plugins', 'themes']),
    );
    const version = await readStart(snapshot, await fileAt(snapshot, 'wp-includes/version.php'), 100_000);
    expect(version.toString()).toContain(site.version);
    expect(
      (await findFiles(store, { siteId, glob: 'version.php' }, never)).map((found) => found.path),
    ).toContain('wp-includes/version.php');

    const back = await restored(first);
    const [inPlace, all] = [hashes(site.root), hashes(back.folder)];
    const odd = new Set(back.renamed.map(({ from }) => from));
    expect([...odd].filter((name) => !name.startsWith('wp-content/plugins/menu-card/'))).toEqual([]);
    expect([...all.values()].sort()).toEqual(
      expect.arrayContaining(
        [...inPlace.values()].filter((hash) => hash !== inPlace.get('wp-content/database/.ht.sqlite')).sort(),
      ),
    );
    expect(
      [...inPlace].filter(
        ([name, hash]) =>
          !name.includes('menu-card') && !name.endsWith('.ht.sqlite') && all.get(name) !== hash,
      ),
    ).toEqual([]);
  });

  it('has a dump that makes the same database again', async () => {
    await using site = await aWordPressSite({ on: host, database: database() });
    const back = await restored(await backupWithDatabase(site));
    const dumped = fs.readdirSync(back.folder).filter((name) => name.startsWith('database.'));
    expect(dumped).toHaveLength(1);
    expect(rowsOf(path.join(back.folder, dumped[0] ?? ''))).toEqual(
      site.sql('SELECT COUNT(*) FROM wp_posts').trim(),
    );
  });
});

/** How many posts there are in a dump that is put into an empty database. */
function rowsOf(file: string): string {
  const count = 'SELECT COUNT(*) FROM wp_posts';
  if (file.endsWith('.sqlite')) return execFileSync('sqlite3', [file, count], { encoding: 'utf8' }).trim();
  const empty = mariadb.aDatabase();
  const login = [
    '--no-defaults',
    `--socket=${empty.socket}`,
    `--user=${empty.user}`,
    `--password=${empty.password}`,
    '-N',
    '-B',
    empty.name,
  ];
  spawnSync('mariadb', login, { input: fs.readFileSync(file) });
  return execFileSync('mariadb', login, { input: count, encoding: 'utf8' }).trim();
}

describe('files that are hard to back up', () => {
  it('come back as they were: every name, links, empty folders, modes and times', async () => {
    const names = [
      'new\nline',
      'quo\'te"s',
      'back\\slash',
      'caf\xe9',
      '\xff\xfe',
      ' leading',
      'trailing ',
      '-rf',
      '*',
      '$(touch x)',
      'x'.repeat(255),
      '\xf0\x9f\x98\x80',
      '.hidden',
      'a\tb',
      './dot'.slice(2),
    ];
    const folder = aFolder((made) => {
      for (const name of names) fs.writeFileSync(named(made, name), `content of ${name}`);
      fs.mkdirSync(path.join(made, 'empty/deeper'), { recursive: true });
      fs.symlinkSync('../outside/\n', path.join(made, 'link'));
      fs.symlinkSync('empty', path.join(made, 'link-to-folder'));
      fs.writeFileSync(path.join(made, 'nothing'), '');
      fs.writeFileSync(path.join(made, 'private'), 'secret', { mode: 0o600 });
      fs.writeFileSync(path.join(made, 'large'), crypto.randomBytes(3_000_000));
      fs.utimesSync(path.join(made, 'private'), 1_000_000_000, 1_000_000_000);
    });
    const made = await backup(folder);
    const snapshot = await store.open(made.id);
    const entries = await snapshot.tree(snapshot.root);
    const bytes = new Map<string, string>();
    for (const entry of entries.filter((found) => found.kind === 'file')) {
      bytes.set(
        Buffer.from(entry.name.replace(/[\uDC80-\uDCFF]/g, ''), 'utf8').toString(),
        (await readStart(snapshot, entry, 200)).toString('latin1').slice(0, 20),
      );
    }
    expect(made).toMatchObject({ files: names.length + 3, moved: [], unreadable: [] });
    expect(entries.filter((entry) => entry.kind === 'file')).toHaveLength(names.length + 3);
    expect(entries.find((entry) => entry.name === 'link')).toMatchObject({
      kind: 'link',
      target: '../outside/\n',
    });
    expect(entries.find((entry) => entry.name === 'caf\uDCE9')).toMatchObject({ kind: 'file' });
    expect(entries.find((entry) => entry.name === 'private')).toMatchObject({
      mode: 0o600,
      mtime: expect.stringMatching(/^1000000000\./) as string,
    });
    expect(bytes.get('new\nline')).toBe('content of new\nline');
    expect(await listFolder(snapshot, 'empty')).toMatchObject([{ name: 'deeper', kind: 'folder' }]);
    const back = await restored(made);
    expect([...hashes(back.folder).values()].sort()).toEqual([...hashes(folder).values()].sort());
    expect(back.links).toHaveLength(2);
    expect(back.files).toBe(names.length + 3);
  });

  it('that may not be read are named, and the rest is there', async () => {
    const folder = aFolder((made) => {
      fs.writeFileSync(path.join(made, 'readable'), 'yes');
      fs.mkdirSync(path.join(made, 'closed'));
      fs.writeFileSync(path.join(made, 'closed/inside'), 'no');
    });
    fs.writeFileSync(path.join(folder, 'unreadable'), 'no', { mode: 0o600 });
    const lines: string[] = [];
    const made = await backup(folder, { log: (level, text) => void lines.push(`${level}: ${text}`) });
    expect(made).toMatchObject({ files: 2, unreadable: ['unreadable'] });
    expect(lines).toContain('warning: Not readable for this account, and so not in the backup: unreadable');
  });

  it('a folder that may not be entered is named, and the rest is there', async () => {
    const folder = aFolder((made) => {
      fs.writeFileSync(path.join(made, 'readable'), 'yes');
    });
    fs.mkdirSync(path.join(folder, 'closed'), { mode: 0o700 });
    fs.writeFileSync(path.join(folder, 'closed/inside'), 'no');
    const made = await backup(folder);
    expect(made).toMatchObject({ files: 1, unreadable: ['closed'] });
  });

  it('that only look like one another are told apart', async () => {
    const folder = aFolder((made) => {
      for (const name of ['A', 'a', 'é', 'e\u0301', 'a~1']) fs.writeFileSync(path.join(made, name), name);
    });
    const made = await backup(folder);
    const back = await restored(made);
    expect(made.files).toBe(5);
    expect([...hashes(back.folder).values()].sort()).toEqual([...hashes(folder).values()].sort());
  });

  it('are left out where the platform says so, by exactly that name', async () => {
    const folder = aFolder((made) => {
      for (const below of ['cache', 'cache2', 'c[a]che', 'deep/cache']) {
        fs.mkdirSync(path.join(made, below), { recursive: true });
        fs.writeFileSync(path.join(made, below, 'file'), below);
      }
    });
    const made = await backup(folder, {
      leaveOut: { ...nothing, paths: ['cache', 'c[a]che'] },
    });
    const snapshot = await store.open(made.id);
    expect((await listFolder(snapshot, '')).map((entry) => entry.name)).toEqual(['cache2', 'deep']);
    expect(await listFolder(snapshot, 'deep')).toHaveLength(1);
  });
});

describe('the next backup', () => {
  it('fetches only what changed, and finds changes that keep size and time', async () => {
    const folder = aFolder((made) => {
      for (const name of ['one', 'two', 'three'])
        fs.writeFileSync(path.join(made, name), crypto.randomBytes(50_000));
    });
    await backup(folder);
    const before = fs.statSync(path.join(folder, 'two'));
    fs.writeFileSync(path.join(folder, 'two'), crypto.randomBytes(50_000));
    fs.utimesSync(path.join(folder, 'two'), before.atime, before.mtime);
    fs.rmSync(path.join(folder, 'three'));
    const next = await backup(folder);
    const back = await restored(next);
    expect(next.files).toBe(2);
    expect(next.addedBytes).toBeGreaterThan(50_000);
    expect(next.addedBytes).toBeLessThan(60_000);
    expect([...hashes(back.folder)].sort()).toEqual([...hashes(folder)].sort());
  });

  it('stores anew what turned out to be damaged, though the site’s files have not changed', async () => {
    const folder = aFolder((made) =>
      fs.writeFileSync(path.join(made, 'photo.jpg'), crypto.randomBytes(50_000)),
    );
    await backup(folder);
    const packs = path.join(temp.path, 'store/packs');
    const [pack = ''] = fs
      .readdirSync(packs, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pack'));
    fs.writeFileSync(path.join(packs, pack), fs.readFileSync(path.join(packs, pack)).fill(0, 20_000, 20_010));
    expect((await store.verify(null, never, quietly)).damage).toHaveLength(1);
    const next = await backup(folder);
    expect([...hashes((await restored(next)).folder)]).toEqual([...hashes(folder)]);
  });

  it('stores once what two sites have', async () => {
    const fill = (made: string) =>
      fs.writeFileSync(path.join(made, 'plugin.zip'), Buffer.alloc(400_000, 'the same plugin'));
    const [one, two] = [aFolder(fill), aFolder(fill)];
    await backup(one);
    siteId = newSiteId();
    expect((await backup(two)).addedBytes).toBeLessThan(1_000);
  });
});

describe('a backup that cannot be made', () => {
  it('of a root that is not there says so', async () => {
    await expect(backup(`${host.folder}/nothing`)).rejects.toMatchObject({
      code: 'no-such-root',
      attempted: expect.stringContaining('nothing') as string,
    });
  });

  it('whose database refuses says so, and leaves no backup behind', async () => {
    await using site = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
    const database = await pool.use(wayTo(host), (connection) => databaseOf(connection, site));
    const access = database?.access.kind === 'mysql' ? { ...database.access, password: 'wrong' } : null;
    if (access === null || database === null) throw new TypeError('not on MySQL');
    await expect(backup(site.root, { database: { ...database, access } })).rejects.toMatchObject({
      code: 'database-refused',
      answered: expect.stringContaining('Access denied') as string,
    });
    expect(await store.list()).toEqual([]);
  });

  it('that is cancelled leaves no backup behind, and the next one is whole', async () => {
    const folder = aFolder((made) => {
      for (let index = 0; index < 200; index += 1)
        fs.writeFileSync(path.join(made, `file-${index}`), crypto.randomBytes(20_000));
    });
    const abort = new AbortController();
    const cancelled = backup(folder, {
      signal: abort.signal,
      progress: ({ what }) => what.startsWith('Fetch') && abort.abort(),
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await store.list()).toEqual([]);
    expect(await backup(folder)).toMatchObject({ files: 200 });
  });

  it('because the connection was cut leaves no backup behind, and the next one is whole', async () => {
    const folder = aFolder((made) => {
      for (let index = 0; index < 200; index += 1)
        fs.writeFileSync(path.join(made, `file-${index}`), crypto.randomBytes(20_000));
    });
    let cut = 0;
    const broken = backup(folder, {
      progress: ({ what }) => what.startsWith('Fetch') && (cut += cut === 0 ? host.cutSessions() : 0),
    });
    await expect(broken).rejects.toMatchObject({ code: 'connection-lost' });
    expect(await store.list()).toEqual([]);
    expect(await backup(folder)).toMatchObject({ files: 200 });
  });

  it('is gone on with by the next one: what had come whole does not come again, unless it changed', async () => {
    const folder = aFolder((made) => {
      for (let index = 0; index < 300; index += 1)
        fs.writeFileSync(path.join(made, `file-${index}`), crypto.randomBytes(20_000));
    });
    const cancel = new AbortController();
    const cut = backup(folder, {
      signal: cancel.signal,
      progress: ({ what, done }) => what.startsWith('Fetch') && done >= 3_000_000 && cancel.abort(),
    });
    await expect(cut).rejects.toThrow();
    const changed = path.join(folder, 'file-0');
    fs.writeFileSync(changed, crypto.randomBytes(20_000));
    const said: string[] = [];
    let fetched = Infinity;
    const taken = await backup(folder, {
      log: (_level, text) => void said.push(text),
      progress: ({ what, total }) => what.startsWith('Fetch') && (fetched = total ?? Infinity),
    });
    expect(taken).toMatchObject({ files: 300, moved: [] });
    expect(fetched).toBeLessThanOrEqual(3_020_000);
    expect(said.join(' ')).toMatch(/\d+ files had come already/);
    const snapshot = await store.open(taken.id);
    for (const { name, ...entry } of await snapshot.tree(snapshot.root))
      if (entry.kind === 'file')
        expect(await buffer(snapshot.read(entry.blobs))).toEqual(fs.readFileSync(path.join(folder, name)));
    expect(await store.verify(null, never, quietly)).toMatchObject({ damage: [] });
    // What a finished backup has is not remembered as cut off.
    said.length = 0;
    await backup(folder, { log: (_level, text) => void said.push(text) });
    expect(said.join(' ')).not.toContain('had come already');
  });
});
