import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  drill,
  openStore,
  takeBackup,
  type Backup,
  type Store,
  type TakeOptions,
} from '../../main/backups/index.ts';
import { findMariaDb, loadIntoMariaDb } from '../../main/backups/drill/mariadb.ts';
import { newSiteId, type OnProgress } from '../../main/words/index.ts';
import { never, quietly } from '../main/samples.ts';
import {
  aMariaDb,
  anSshHost,
  aPostgres,
  aTempFolder,
  type Database,
  type MariaDb,
  type Postgres,
  type SshHost,
  type TempFolder,
} from '../rig/index.ts';
import { aPool, at, scripts, wayTo } from './reach.ts';

const nasty = fs.readFileSync(path.join(import.meta.dirname, 'nasty.sql'), 'utf8');
const odd = fs.readFileSync(path.join(import.meta.dirname, 'odd-postgresql.sql'), 'utf8');

let mariadb: MariaDb;
let postgres: Postgres;
let host: SshHost;
let bare: SshHost;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [mariadb, postgres, host, bare] = await Promise.all([
    aMariaDb(),
    aPostgres(),
    anSshHost(),
    anSshHost({}, { without: ['mysqldump', 'mariadb-dump', 'mysql', 'mariadb'] }),
  ]);
  pool = aPool([host, bare]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all([mariadb.stop(), postgres.stop(), host.stop(), bare.stop()]);
});

let temp: TempFolder;
let store: Store;
let root: string;
beforeEach(async () => {
  temp = aTempFolder('drill');
  root = path.join(temp.path, 'site');
  fs.mkdirSync(root);
  fs.chmodSync(temp.path, 0o755);
  fs.writeFileSync(path.join(root, 'index.php'), '<?php // the front page');
  store = await openStore(path.join(temp.path, 'store'), { clock: Date.now, keeper: null });
});
afterEach(async () => {
  await store.close();
  temp.remove();
});

type Given = NonNullable<TakeOptions['database']>;
const backUp = (database: Given, from = host): Promise<Backup> =>
  pool.use(wayTo(from), (connection) =>
    takeBackup(store, connection, {
      site: { id: newSiteId(), name: 'Bakery', root: at(root) },
      reason: 'asked',
      leaveOut: { paths: [], rules: [], largerThan: null },
      database,
      scripts,
      signal: never,
      progress: quietly,
      log: quietly,
    }),
  );
const prove = async ({ id }: Backup, progress: OnProgress = quietly) =>
  drill(store, await store.open(id), path.join(temp.path, 'drills'), never, progress);
const leftOver = () => [
  ...fs.readdirSync(path.join(temp.path, 'drills')),
  ...execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /mariadbd.*gk-drill-/.test(line)),
];

function aNastySite(): Given {
  const { socket, name, user, password } = fill(mariadb.aDatabase());
  const access = {
    kind: 'mysql' as const,
    host: 'localhost',
    port: null,
    socket,
    name,
    user,
    password,
    prefix: '',
  };
  return { access, kind: 'mariadb', php: 'php' };
}

function fill(database: Database): Database {
  const login = [`--socket=${database.socket}`, `--user=${database.user}`, `--password=${database.password}`];
  execFileSync('mariadb', ['--no-defaults', ...login, '--default-character-set=utf8mb4', database.name], {
    input: nasty,
  });
  return database;
}

describe('a drill of a site with MariaDB', () => {
  it.each([
    ['the server’s own tools', () => host],
    ['our own dumper', () => bare],
  ])(
    'loads what %s dumped into a server of its own, and leaves nothing of it',
    async (_by, from) => {
      const backup = await backUp(aNastySite(), from());
      const { database } = await store.open(backup.id);
      const proof = await prove(backup);
      expect(proof.unproved).toEqual([]);
      expect(proof.database).toMatchObject({
        how: 'loaded',
        server: expect.stringMatching(/^MariaDB \d+\./) as string,
        tables: database?.tables.length,
        rows: database?.tables.reduce((sum, { rows }) => sum + rows, 0),
      });
      expect(leftOver()).toEqual([]);
    },
    60_000,
  );

  it('fails, and says where, when one byte of a file or of the dump is not what it was', async () => {
    const backup = await backUp(aNastySite());
    for (const [file, name] of [
      ['index.php', 'index.php'],
      ['database.sql', 'the database'],
    ] as const) {
      const tamper: OnProgress = ({ what, done }) => {
        if (what !== 'Compare the files' || done > 0) return;
        const [folder = ''] = fs.readdirSync(path.join(temp.path, 'drills'));
        const target = path.join(temp.path, 'drills', folder, 'site', file);
        const bytes = fs.readFileSync(target);
        bytes[9] = (bytes[9] ?? 0) ^ 1;
        fs.writeFileSync(target, bytes);
      };
      await expect(prove(backup, tamper)).rejects.toMatchObject({
        code: 'drill-failed',
        answered: `${name}: other content`,
      });
    }
    expect(leftOver()).toEqual([]);
  });

  it('fails when a table is not in the dump, and when the server does not take it', async () => {
    const site = aNastySite();
    const whole = await store.open((await backUp(site)).id);
    const dump = async (change: (sql: string) => string) => {
      const parts: Buffer[] = [];
      for await (const part of whole.read(whole.database?.blobs ?? [])) parts.push(part);
      const bytes = Buffer.from(change(Buffer.concat(parts).toString('latin1')), 'latin1');
      await using writer = await store.begin({ siteId: newSiteId(), siteName: 'Bakery', reason: 'asked' });
      const { blobs, size } = await writer.put(once(bytes), 'dump');
      const tables = whole.database?.tables ?? [];
      return writer.commit({
        root: await writer.putTree([]),
        database: { kind: 'mysql', blobs: [...blobs], size, tables },
        databaseKind: 'mariadb',
        files: 0,
        bytes: 0,
        moved: [],
        unreadable: [],
      });
    };
    await expect(prove(await dump((sql) => sql.replaceAll('`plain`', '`other`')))).rejects.toMatchObject({
      code: 'drill-failed',
      answered: expect.stringContaining('plain') as string,
    });
    await expect(prove(await dump((sql) => sql.slice(0, -200)))).rejects.toMatchObject({
      answered: 'The dump breaks off before its end.',
    });
    await expect(
      prove(
        await dump((sql) => sql.replace('CREATE TABLE `plain` (', 'CREATE TABLE `plain` (`x` nonsense,')),
      ),
    ).rejects.toMatchObject({ message: 'The dump could not be loaded.' });
    expect(leftOver()).toEqual([]);
  }, 60_000);

  it('runs nothing of a hostile dump on this computer', async () => {
    const programs = findMariaDb();
    if (programs === null) throw new Error('no MariaDB');
    const target = path.join(temp.path, 'written');
    const dump = path.join(temp.path, 'hostile.sql');
    fs.writeFileSync(path.join(temp.path, 'mine.txt'), 'private');
    const attacks = [
      `\\! touch ${target}\n`,
      `system touch ${target}\n`,
      `SELECT 1; \\! touch ${target}\n`,
      `tee ${target}\n`,
      `SELECT 'x' INTO OUTFILE '${target}';\n`,
      `SET GLOBAL general_log_file='${target}'; SET GLOBAL general_log=ON;\n`,
      `CREATE TABLE t (a TEXT); LOAD DATA LOCAL INFILE '${temp.path}/mine.txt' INTO TABLE t;\n`,
      `CREATE TABLE t (a TEXT); LOAD DATA INFILE '${temp.path}/mine.txt' INTO TABLE t;\n`,
      `GRANT ALL ON *.* TO drill@localhost;\n`,
    ];
    for (const attack of [attacks.slice(0, 4).join(''), ...attacks.slice(4)]) {
      fs.writeFileSync(dump, `${attack}\nCREATE TABLE after_all (a INT);\n`);
      await expect(loadIntoMariaDb(programs, dump, [], never), attack).rejects.toMatchObject({
        code: 'drill-failed',
      });
      expect(fs.existsSync(target), attack).toBe(false);
    }
  }, 90_000);
});

describe('a drill of a site with PostgreSQL', () => {
  it('reads the dump through to its end, and says that it was not loaded', async () => {
    const { socket, port, name, user, password } = filled();
    const access = { kind: 'postgresql' as const, host: socket, port, name, user, password };
    const backup = await backUp({ access, kind: 'postgresql', php: 'php' });
    const proof = await prove(backup);
    const { database } = await store.open(backup.id);
    expect(proof.database).toMatchObject({ how: 'read', tables: database?.tables.length });
    expect(proof.unproved[0]).toContain('not loaded');
  });
  function filled() {
    const database = postgres.aDatabase();
    postgres.sql(odd, database);
    return database;
  }
});

describe('a drill of a site with SQLite', () => {
  it('has SQLite check it; a damaged database fails although it is just what the site had', async () => {
    const file = path.join(temp.path, 'site.sqlite');
    const db = new DatabaseSync(file);
    db.exec(
      'CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT); CREATE INDEX by_title ON posts (title)',
    );
    const insert = db.prepare('INSERT INTO posts (title) VALUES (?)');
    for (let row = 0; row < 500; row += 1) insert.run(`Post ${row} ${'x'.repeat(50)}`);
    db.close();
    fs.chmodSync(file, 0o666);
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', host.user, temp.path]);
    const access = { kind: 'sqlite' as const, file: at(file) };
    const site = { access, kind: 'sqlite' as const, php: 'php' };
    expect((await prove(await backUp(site))).database).toMatchObject({
      how: 'loaded',
      server: expect.stringContaining('SQLite 3') as string,
      tables: 1,
      rows: 500,
    });
    const bytes = fs.readFileSync(file);
    // In the index only: the table itself reads well.
    bytes.write('Pest', bytes.lastIndexOf('Post 250 '));
    fs.writeFileSync(file, bytes);
    await expect(prove(await backUp(site))).rejects.toMatchObject({ code: 'drill-failed' });
  });
});

async function* once(bytes: Buffer) {
  yield bytes;
}
