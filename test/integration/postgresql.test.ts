import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  countRows,
  dumpTo,
  dumpToFile,
  readSchema,
  restoreFrom,
  restoreFromFile,
  type DatabaseWork,
} from '../../main/backups/database/tools.ts';
import { onlyTables } from '../../main/backups/database/dump/one-table.ts';
import { putTables } from '../../main/backups/database/put-tables.ts';
import { stored } from '../main/backups/database/stored.ts';
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
    // psql may still be at taking back what it had begun, and holds locks until then.
    await vi.waitFor(() => expect(postgres.content(database)).toBe(before), {
      timeout: 30_000,
      interval: 200,
    });
  });

  it('is told from one that holds none, by an old psql too', async () => {
    const [from, to] = [anOddDatabase(), postgres.aDatabase()];
    await restore(to, await dumpOf(from), await namesIn(from), {}, old);
    expect(postgres.content(to)).toBe(postgres.content(from));
  });
});

describe('one table of a dump', () => {
  /** Puts tables of a dump back, read from the store in small pieces. */
  const put = (database: PostgresDatabase, sql: Buffer, tables: readonly string[], to = host) =>
    on(database, (work) => putTables(work, stored('postgresql', sql, 1000), tables, []), {}, to);
  const ODD = `odd "schema.odd "name;'`;
  const TABLES = ['plain', 'every_type', 'extension_like', 'a_child', 'parted_low', ODD];
  /** With what only a table of its own kind has. */
  function anOdderDatabase(): PostgresDatabase {
    const database = anOddDatabase();
    postgres.sql(
      `CREATE TABLE counted (id serial PRIMARY KEY, of_plain int CONSTRAINT of_plain REFERENCES plain (id), text text DEFAULT E'a;\\b''"', UNIQUE (id, of_plain) DEFERRABLE INITIALLY DEFERRED);
      COMMENT ON CONSTRAINT of_plain ON counted IS 'it''s; one'; COMMENT ON COLUMN counted.text IS '"; DROP';
      CREATE INDEX partial ON counted (id) WHERE text <> ';'; COMMENT ON INDEX partial IS 'some';
      CREATE RULE odd_rule AS ON DELETE TO counted DO (SELECT 1; SELECT 2); CREATE POLICY mine ON counted USING (true);
      CREATE STATISTICS stats ON id, of_plain FROM counted;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      INSERT INTO counted (of_plain, text) VALUES (1, repeat('1 MB', 250000)), (2, NULL), (NULL, E'\\\\.\nCOPY public.plain FROM stdin;\n');
      CREATE TRIGGER refuses BEFORE INSERT ON counted FOR EACH ROW EXECUTE FUNCTION refuse(); ALTER TABLE counted ENABLE ALWAYS TRIGGER refuses`,
      database,
    );
    return database;
  }

  it('gets its rows and its numbers back where it is defined as it was; what refers to it stays', async () => {
    const database = anOdderDatabase();
    const [dump, before] = [await dumpOf(database), postgres.content(database)];
    const tables = [...TABLES, 'counted'];
    postgres.sql(
      `ALTER TABLE counted DISABLE TRIGGER refuses; INSERT INTO counted (text) VALUES ('later'); UPDATE counted SET text = 'x' WHERE id = 1;
      ALTER TABLE counted ENABLE ALWAYS TRIGGER refuses; INSERT INTO plain (name) VALUES ('later'); UPDATE plain SET name = 'changed'; TRUNCATE every_type, extension_like;
      UPDATE a_child SET parent = NULL; DELETE FROM parted_low; INSERT INTO "odd ""schema"."odd ""name;'" VALUES (2)`,
      database,
    );
    for (const table of tables) await put(database, dump, [table]);
    expect(postgres.content(database)).toBe(before);
    await put(database, dump, tables, old);
    expect(postgres.content(database)).toBe(before);
  });

  it('is made again where it is not there or is defined otherwise, with all that is its own', async () => {
    const database = anOdderDatabase();
    const [dump, before] = [await dumpOf(database), postgres.content(database)];
    postgres.sql(
      `DROP TABLE every_type, counted; ALTER TABLE a_child ADD COLUMN later int; CREATE INDEX ON a_child (later); DROP TABLE "odd ""schema"."odd ""name;'"`,
      database,
    );
    postgres.sql(
      'CREATE TABLE refers (a int REFERENCES a_child (id)); INSERT INTO refers VALUES (2)',
      database,
    );
    await put(database, dump, ['every_type', 'counted', 'a_child', ODD]);
    expect(postgres.sql('SELECT a FROM refers JOIN a_child ON id = a', database).trim()).toBe('2');
    expect(() => postgres.sql('INSERT INTO refers VALUES (99)', database)).toThrow('refers_a_fkey');
    postgres.sql('DROP TABLE refers', database);
    expect(postgres.content(database)).toBe(before);
  });

  it('touches no other table', async () => {
    const database = anOdderDatabase();
    const dump = await dumpOf(database);
    postgres.sql(
      "DELETE FROM every_type; CREATE TABLE later AS SELECT 1 AS a; UPDATE plain SET name = 'mine'",
      database,
    );
    const mine = postgres.content(database);
    await put(database, dump, ['extension_like']);
    expect(postgres.content(database)).toBe(mine);
  });

  it.each([
    ['a view needs it as it is now', 'ALTER TABLE plain ADD COLUMN later int', 'table-depended-on'],
    [
      'other rows refer to ones that it has only now',
      'INSERT INTO plain (name) VALUES (\'later\'); INSERT INTO "odd ""schema"."odd ""name;\'" SELECT max(id) FROM plain',
      'table-referred-to',
    ],
  ])('stays as it is where %s', async (_name, change, code) => {
    const database = anOddDatabase();
    const dump = await dumpOf(database);
    postgres.sql(change, database);
    const mine = postgres.content(database);
    await expect(put(database, dump, ['plain'])).rejects.toMatchObject({ code });
    expect(postgres.content(database)).toBe(mine);
  });

  it('stays as it is where its rows break off, and where it has its rows in parts', async () => {
    const database = anOddDatabase();
    const dump = await dumpOf(database);
    postgres.sql("UPDATE plain SET name = 'mine'", database);
    const mine = postgres.content(database);
    const row = dump.indexOf('\n', dump.indexOf('COPY public.plain ')) + 1;
    const damaged = Buffer.concat([dump.subarray(0, row), Buffer.from('nonsense'), dump.subarray(row)]);
    await expect(put(database, damaged, ['plain'])).rejects.toMatchObject({ code: 'remote-failed' });
    await expect(put(database, dump, ['parted'])).rejects.toMatchObject({ code: 'whole-database-only' });
    await expect(put(database, dump, ['plain', 'a_view'])).rejects.toMatchObject({ code: 'no-such-table' });
    expect(postgres.content(database)).toBe(mine);
  });

  it('brings along nothing that stands beside it in a hostile dump', async () => {
    const dump = await dumpOf(anOddDatabase());
    const at = dump.indexOf('CREATE TABLE public.plain');
    for (const [hostile, answer] of [
      ['DROP TABLE public.extension_like;', 'done'],
      ['\\! touch', 'done'],
      ["SELECT '\\'; DROP TABLE public.extension_like; --';", 'done'],
      [
        "ALTER TABLE public.plain ALTER COLUMN name SET DEFAULT '\n-- PostgreSQL database dump complete\n';",
        'dump-commands',
      ],
      [
        "ALTER TABLE public.plain ALTER COLUMN name SET DEFAULT '\nCOPY public.plain FROM stdin;\n';",
        'dump-commands',
      ],
    ] as const) {
      const database = anOddDatabase();
      const rest = postgres.sql('SELECT * FROM extension_like', database);
      const sql = Buffer.concat([dump.subarray(0, at), Buffer.from(`${hostile}\n`), dump.subarray(at)]);
      const ended = await put(database, sql, ['plain']).then(
        () => 'done',
        (error: unknown) => error,
      );
      if (answer === 'done') expect(ended).toBe('done');
      else expect(ended).toMatchObject({ code: answer });
      expect(postgres.sql('SELECT * FROM extension_like', database)).toBe(rest);
    }
  });

  it('is written as SQL that makes it in another database', async () => {
    const [from, to] = [anOdderDatabase(), postgres.aDatabase()];
    const dump = stored('postgresql', await dumpOf(from), 1000);
    postgres.sql('CREATE TABLE every_type (a int)', to);
    const parts: Buffer[] = [];
    for await (const part of onlyTables(dump.snapshot, dump.database, ['every_type'])) parts.push(part);
    postgres.sql(Buffer.concat(parts).toString('utf8'), to);
    const rows = 'SELECT every_type::text FROM every_type';
    expect(postgres.sql(rows, to)).toBe(postgres.sql(rows, from));
  });
});
