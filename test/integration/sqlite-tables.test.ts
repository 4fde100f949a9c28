import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { onlyTables } from '../../main/backups/database/dump/one-table.ts';
import { putTables } from '../../main/backups/database/put-tables.ts';
import { dumpTo, type DatabaseWork } from '../../main/backups/database/tools.ts';
import { stored } from '../main/backups/database/stored.ts';
import { never } from '../main/samples.ts';
import {
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  groundskeeper,
  type SshHost,
  type TempFolder,
} from '../rig/index.ts';
import { aPool, at, scripts, wayTo } from './reach.ts';

const odd = fs.readFileSync(path.join(import.meta.dirname, 'odd-sqlite.sql'), 'utf8');
const TABLES = ['every type', 'keyless', 'no_rowid', 'child', 'numbered', 'strict'];

let host: SshHost;
let pool: ReturnType<typeof aPool>;
let temp: TempFolder;
let count = 0;
beforeAll(async () => {
  temp = aTempFolder('sqlite-tables');
  host = await anSshHost();
  pool = aPool([host]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await host.stop();
  temp.remove();
});

/** An SQLite database of the host's account, with everything in it that goes wrong. */
function anOddDatabase(): string {
  const folder = path.join(host.folder, `database-${(count += 1)}`);
  fs.mkdirSync(folder);
  const file = path.join(folder, '.ht.sqlite');
  sql(file, odd);
  execFileSync('chown', ['-R', `${host.user}:`, folder]);
  return file;
}
function sql(file: string, statements: string): void {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  db.exec(statements);
  db.close();
}
/** All that sqlite3 says is in it, and what it does not say: the numbers of rows, how values are stored. */
function content(file: string): string {
  return execFileSync('sqlite3', [file], {
    encoding: 'utf8',
    maxBuffer: 64_000_000,
    input: `.dump\nSELECT rowid, typeof(a), hex(a), typeof(b), hex(b) FROM keyless ORDER BY rowid; SELECT * FROM "every type" ORDER BY id;
    SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY type, name; SELECT * FROM sqlite_sequence ORDER BY 1; PRAGMA integrity_check;`,
  })
    .split('\n')
    .sort()
    .join('\n');
}
function on<T>(file: string, work: (work: DatabaseWork) => Promise<T>) {
  return pool.use(wayTo(host), (connection) =>
    work({ connection, access: { kind: 'sqlite', file: at(file) }, php: 'php', scripts, signal: never }),
  );
}
async function dumpOf(file: string) {
  let bytes = Buffer.alloc(0);
  await on(file, (work) =>
    dumpTo(work, async (stdout) => {
      bytes = await buffer(stdout);
    }),
  );
  return stored('sqlite', bytes, 5000);
}
const put = (file: string, dump: ReturnType<typeof stored>, tables: readonly string[]) =>
  on(file, (work) => putTables(work, dump, tables, []));
const beside = (file: string) =>
  fs.readdirSync(path.dirname(file)).filter((name) => !/^\.ht\.sqlite(-wal|-shm)?$/.test(name));

describe('one table of an SQLite database', () => {
  it('comes back value for value with its indexes and triggers, rows changed or table gone', async () => {
    const file = anOddDatabase();
    const [dump, before] = [await dumpOf(file), content(file)];
    sql(
      file,
      `DELETE FROM "every type"; DROP TABLE no_rowid; ALTER TABLE child ADD COLUMN later; DROP TRIGGER counts;
      UPDATE keyless SET a = 1; INSERT INTO numbered (text) VALUES ('later'); DELETE FROM strict; DROP INDEX partial`,
    );
    for (const table of TABLES) expect(await put(file, dump, [table])).toEqual([]);
    expect(content(file)).toBe(before);
    expect(beside(file)).toEqual([]);
  });

  it('touches no other table, and is put back while others read', async () => {
    const file = anOddDatabase();
    sql(file, 'PRAGMA journal_mode=WAL');
    const dump = await dumpOf(file);
    sql(file, `CREATE TABLE later (a); UPDATE child SET of_type = NULL; DELETE FROM strict`);
    const reader = new DatabaseSync(file, { readOnly: true });
    const rows = reader.prepare('SELECT * FROM child').iterate();
    rows.next();
    sql(file, 'DELETE FROM keyless');
    const mine = content(file);
    expect(await put(file, dump, ['no_rowid'])).toEqual([]);
    expect(content(file)).toBe(mine);
    reader.close();
  });

  it('says which rows of others refer to what is not there any more', async () => {
    const file = anOddDatabase();
    const dump = await dumpOf(file);
    sql(file, `INSERT INTO "every type" (id) VALUES (77); INSERT INTO child VALUES (9, 77)`);
    expect(await put(file, dump, ['every type'])).toEqual([
      '1 rows refer to rows that are not there: child to every type.',
    ]);
  });

  it('stays as it is where it cannot be put back', async () => {
    const file = anOddDatabase();
    const dump = await dumpOf(file);
    sql(
      file,
      'DROP INDEX partial; CREATE TABLE other (a); CREATE INDEX partial ON other (a); DELETE FROM "every type"',
    );
    const mine = content(file);
    await expect(put(file, dump, ['every type'])).rejects.toMatchObject({
      answered: expect.stringContaining('nothing was changed') as string,
    });
    await expect(put(file, dump, ['words'])).rejects.toMatchObject({ code: 'whole-database-only' });
    await expect(put(file, dump, ['nothing', 'a_view'])).rejects.toMatchObject({ code: 'no-such-table' });
    expect(content(file)).toBe(mine);
    expect(beside(file)).toEqual([]);
  });

  it('of a hostile database brings no second statement along', async () => {
    const file = anOddDatabase();
    const [mine, mark] = [content(file), path.join(host.folder, 'was-made')];
    const hostile = path.join(temp.path, 'hostile.sqlite');
    for (const [text, code] of [
      [`CREATE TABLE strict (a INTEGER, b); ATTACH '${mark}' AS x; CREATE TABLE x.y (a)`, 'dump-commands'],
      ['CREATE TABLE child (a INTEGER, b)', 'dump-unreadable'],
      ['CREATE TABLE strict AS SELECT 1 AS a, 2 AS b', 'dump-unreadable'],
    ] as const) {
      fs.rmSync(hostile, { force: true });
      // Only a tool that is told to can write such a thing.
      execFileSync('sqlite3', ['-cmd', '.dbconfig defensive off', hostile], {
        input: `CREATE TABLE strict (a INTEGER, b); PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = '${text.replaceAll("'", "''")}';`,
      });
      const dump = stored('sqlite', fs.readFileSync(hostile), 5000);
      await expect(put(file, dump, ['strict'])).rejects.toMatchObject({ code });
      expect(fs.existsSync(mark)).toBe(false);
    }
    expect(content(file)).toBe(mine);
  });

  it('is written as SQL that makes it in another database', async () => {
    const file = anOddDatabase();
    const dump = await dumpOf(file);
    const parts: Buffer[] = [];
    for await (const part of onlyTables(dump.snapshot, dump.database, TABLES)) parts.push(part);
    const again = anOddDatabase();
    sql(again, 'DELETE FROM keyless; DROP TABLE no_rowid');
    execFileSync('sqlite3', [again], { input: Buffer.concat(parts) });
    expect(content(again)).toBe(content(file));
  });
});

it('a table of a WordPress on SQLite goes back by the terminal; the rest stays as it is now', async () => {
  await using org = await aWordPressOrg();
  await using wp = await aWordPressSite({ on: host });
  const gk = (...args: string[]) => groundskeeper(path.join(temp.path, 'data'), org, args).ended;
  const database = path.join(wp.root, 'wp-content/database/.ht.sqlite');
  const way = ['--ssh', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file, '--root', wp.root];
  await gk('sites', 'add', 'Bakery', ...way, '--accept-host-key', host.hostKey());
  expect(await gk('backup', 'Bakery')).toMatchObject({ code: 0 });
  const files = async () => {
    const preview: unknown = JSON.parse((await gk('--json', 'backups', 'leave-out', 'Bakery')).out);
    return z.object({ bytes: z.number() }).parse(preview).bytes;
  };
  const before = await files();
  sql(
    database,
    "CREATE TABLE large AS SELECT zeroblob(5000000) AS a; DELETE FROM wp_posts; UPDATE wp_options SET option_value = 'Now' WHERE option_name = 'blogname'",
  );
  // It is dumped, and so no file that is backed up or left out.
  expect(await files()).toBe(before);
  const restored = await gk('backups', 'restore', 'latest', '--table', 'wp_posts', '--to-site');
  expect(restored).toMatchObject({
    code: 0,
    out: expect.stringMatching(/wp_posts 0 → [1-9]\d* rows/) as string,
  });
  const page = await wp.page('/');
  expect(page.status).toBe(200);
  expect(page.text).toContain('Now');
});
