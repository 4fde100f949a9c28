import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countRows,
  dumpTo,
  dumpToFile,
  readSchema,
  restoreFrom,
  restoreFromFile,
  type DatabaseWork,
} from '../../main/backups/database/tools.ts';
import { never } from '../main/samples.ts';
import { anSshHost, aPostgres, type Postgres, type PostgresDatabase, type SshHost } from '../rig/index.ts';
import { aPool, at, scripts, wayTo } from './reach.ts';

const odd = fs.readFileSync(path.join(import.meta.dirname, 'odd-postgresql.sql'), 'utf8');

/** A psql from before \\restrict. */
const beforeRestrict = `case $1 in --version) echo 'psql (PostgreSQL) 15.13';; *) exec /usr/bin/psql "$@";; esac`;

let postgres: Postgres;
let host: SshHost;
let bare: SshHost;
let old: SshHost;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [postgres, host, bare, old] = await Promise.all([
    aPostgres(),
    anSshHost(),
    anSshHost({}, { without: ['psql', 'pg_dump'] }),
    anSshHost({ psql: beforeRestrict }),
  ]);
  pool = aPool([host, bare, old]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all([postgres.stop(), host.stop(), bare.stop(), old.stop()]);
});

function on<T>(database: PostgresDatabase, work: (work: DatabaseWork) => Promise<T>, part = {}, from = host) {
  const { socket, port, name, user, password } = database;
  return pool.use(wayTo(from), (connection) =>
    work({
      connection,
      access: { kind: 'postgresql', host: socket, port, name, user, password, ...part },
      php: 'php',
      scripts,
      signal: never,
    }),
  );
}

async function dumpOf(database: PostgresDatabase, part = {}, from = host): Promise<Buffer> {
  let sql = Buffer.alloc(0);
  const take = (work: DatabaseWork) =>
    dumpTo(work, async (stdout) => {
      sql = await buffer(stdout);
    });
  await on(database, take, part, from);
  return sql;
}

const restore = (database: PostgresDatabase, sql: Buffer, kept: readonly string[], part = {}, to = host) =>
  on(database, (work) => restoreFrom(work, async (stdin) => void stdin.end(sql), kept), part, to);
const namesIn = async (database: PostgresDatabase) => (await on(database, countRows)).map(({ name }) => name);

/** A database with everything in it that dumps get wrong. */
function anOddDatabase(): PostgresDatabase {
  const database = postgres.aDatabase();
  postgres.sql(odd, database);
  return database;
}

describe('a PostgreSQL database', () => {
  it('is made again in another one, over the network as well, and by another role', async () => {
    const [from, to] = [anOddDatabase(), postgres.aDatabase()];
    await restore(to, await dumpOf(from), await namesIn(from), { host: '127.0.0.1' });
    expect(postgres.content(to)).toBe(postgres.content(from));
  });

  it('is brought back to what its dump was made of; what came later goes, even where it refers to the rest', async () => {
    const database = anOddDatabase();
    const [dump, before, names] = [
      await dumpOf(database),
      postgres.content(database),
      await namesIn(database),
    ];
    postgres.sql(
      `DELETE FROM every_type; DROP VIEW a_view CASCADE; UPDATE plain SET name = 'changed';
      CREATE TABLE later (a int REFERENCES plain (id)); CREATE VIEW later_view AS SELECT * FROM plain; SELECT nextval('tickets');`,
      database,
    );
    await restore(database, dump, names);
    expect(postgres.content(database)).toBe(before);
  });

  it('has a dump of the same bytes each time, but for the key of the dump itself', async () => {
    const database = anOddDatabase();
    const without = (sql: Buffer) => sql.toString('latin1').replace(/^\\(un)?restrict .*$/gm, '');
    expect(without(await dumpOf(database))).toBe(without(await dumpOf(database)));
  });

  it('is dumped to a file that only the account can read, and restored from it', async () => {
    const database = anOddDatabase();
    const [before, names] = [postgres.content(database), await namesIn(database)];
    const file = at(path.join(host.folder, 'dump.sql'));
    await on(database, (work) => dumpToFile(work, file));
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    postgres.sql('DROP TABLE plain CASCADE', database);
    await on(database, (work) => restoreFromFile(work, file, names));
    expect(postgres.content(database)).toBe(before);
  });

  it('keeps what it has when a restore fails in the middle', async () => {
    const database = anOddDatabase();
    const [dump, before] = [await dumpOf(database), postgres.content(database)];
    const damaged = Buffer.concat([dump.subarray(0, dump.length / 2), Buffer.from('\n\\.\nNONSENSE;\n')]);
    await expect(restore(database, damaged, [])).rejects.toMatchObject({ code: 'remote-failed' });
    expect(postgres.content(database)).toBe(before);
  });

  it.each(['\\.\n', 'CREATE INDEX', '-- PostgreSQL database dump complete'])(
    'keeps what it has when the dump breaks off before %j',
    async (place) => {
      const database = anOddDatabase();
      const [dump, before] = [await dumpOf(database), postgres.content(database)];
      const broken = dump.subarray(0, dump.indexOf(`\n${place}`) + 1);
      expect(broken.length).toBeGreaterThan(1000);
      await expect(restore(database, broken, [])).rejects.toMatchObject({
        answered: expect.stringContaining('breaks off') as string,
      });
      expect(postgres.content(database)).toBe(before);
    },
  );

  it('has its rows counted and its schema read', async () => {
    const database = anOddDatabase();
    expect(await on(database, countRows)).toEqual([
      { name: 'a_child', rows: 2 },
      { name: 'a_view', rows: 0 },
      { name: 'every_type', rows: 2 },
      { name: 'extension_like', rows: 3 },
      { name: 'held', rows: 1 },
      { name: `odd "schema.odd "name;'`, rows: 1 },
      { name: 'parted', rows: 2 },
      { name: 'plain', rows: 3 },
      { name: 'z_base', rows: 0 },
    ]);
    const schema = await on(database, readSchema);
    postgres.sql('ALTER TABLE plain ADD COLUMN later int', database);
    expect(await on(database, readSchema)).not.toBe(schema);
  });

  it('that does not let us in, or a host without its tools, is told so', async () => {
    const database = postgres.aDatabase();
    await expect(dumpOf(database, { password: 'wrong' })).rejects.toMatchObject({ code: 'database-refused' });
    await expect(dumpOf(database, { host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'database-refused',
    });
    await expect(dumpOf(database, {}, bare)).rejects.toMatchObject({ code: 'no-database-tools' });
  });
});

describe('a dump that holds commands for psql', () => {
  it.each([
    ['that can be told to run none', () => host],
    ['that cannot', () => old],
  ])('has none of them run by one %s', async (_name, find) => {
    const mark = path.join(find().folder, 'was-run');
    // What an honest dump says of itself, a hostile one leaves out.
    const said = (await dumpOf(postgres.aDatabase()))
      .toString('latin1')
      .replace(/^\\(un)?restrict .*\n/gm, '');
    const empty = Buffer.from(said, 'latin1');
    const end = empty.indexOf('-- PostgreSQL database dump complete');
    for (const command of [
      `\\! touch ${mark}`,
      `SELECT 1 \\! touch ${mark}`,
      `SELECT 1 \\g |touch ${mark}`,
      `\\copy (SELECT 1) TO PROGRAM 'touch ${mark}'`,
      `\\o |touch ${mark}\nSELECT 1;`,
      '\\set x `touch ' + mark + '`',
      `SET standard_conforming_strings = off;\nSELECT '\\' \\! touch ${mark}\n';`,
      `SET standard_conforming_strings = off;\nSELECT '\\', ' \\! touch ${mark}\n';`,
      `COPY (SELECT 1) TO stdout; \\! touch ${mark}`,
      `/*/ ' */ \\! touch ${mark}\n'`,
      `SELECT 1$a$ ' $a$ \\! touch ${mark}\n';`,
      `SELECT (\nCOPY public.t FROM stdin;\n\\! touch ${mark}\n\\.\n`,
      `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;\nCOPY public.t FROM stdin;\n\\! touch ${mark}\n\\.\n`,
      `\\unrestrict x\n\\! touch ${mark}`,
    ]) {
      const to = postgres.aDatabase();
      const hostile = Buffer.concat([
        empty.subarray(0, end),
        Buffer.from(`\nCREATE TABLE public.t (a text);\n${command}\n`),
        empty.subarray(end),
      ]);
      await restore(to, hostile, ['t'], {}, find()).catch(() => {});
      expect(fs.existsSync(mark), command).toBe(false);
    }
  });

  it('is refused in words by a psql that cannot be told to run none; what was there stays', async () => {
    const database = anOddDatabase();
    const [dump, before] = [await dumpOf(database), postgres.content(database)];
    const hostile = Buffer.concat([Buffer.from('\\! true\n'), dump]);
    await expect(restore(database, hostile, [], {}, old)).rejects.toMatchObject({ code: 'dump-commands' });
    expect(postgres.content(database)).toBe(before);
  });

  it('is told from one that holds none, by an old psql too', async () => {
    const [from, to] = [anOddDatabase(), postgres.aDatabase()];
    await restore(to, await dumpOf(from), await namesIn(from), {}, old);
    expect(postgres.content(to)).toBe(postgres.content(from));
  });
});
