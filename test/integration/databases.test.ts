import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countRows,
  dumpTo,
  readSchema,
  restoreFrom,
  type DatabaseWork,
} from '../../main/backups/database/tools.ts';
import type { Cell } from '../../main/backups/index.ts';
import type { DatabaseAccess } from '../../main/platforms/index.ts';
import { databaseBytes, onlyTables, queryRows } from '../../main/backups/index.ts';
import { read, stored } from '../main/backups/database/stored.ts';
import { never } from '../main/samples.ts';
import { aMariaDb, anSshHost, type Database, type MariaDb, type SshHost } from '../rig/index.ts';
import { aPool, scripts, wayTo } from './reach.ts';

const CLIENTS = ['mysql', 'mariadb', 'mysqldump', 'mariadb-dump'];
const EXTENSIONS = execFileSync('php', ['-r', 'echo ini_get("extension_dir");'], { encoding: 'utf8' });
const nasty = fs.readFileSync(path.join(import.meta.dirname, 'nasty.sql'), 'utf8');

/** A PHP without mysqli, in no more memory than a small host gives. */
const smallPhp = `ulimit -v 160000; exec /usr/bin/php -n -d extension_dir=${EXTENSIONS} -d extension=pdo -d extension=mysqlnd -d extension=pdo_mysql "$@"`;

/** A client from before 5.6, to which the switch was unknown that makes it read a dump as data. */
const oldClient = (name: string) =>
  `case " $* " in *" --binary-mode "*) echo "unknown option '--binary-mode'" >&2; exit 7;; esac; exec /usr/bin/${name} "$@"`;

let mariadb: MariaDb;
let complete: SshHost;
let withMysqli: SshHost;
let withPdo: SshHost;
let withNothing: SshHost;
let withOldClient: SshHost;
let withMortalSed: SshHost;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [mariadb, complete, withMysqli, withPdo, withNothing, withOldClient, withMortalSed] = await Promise.all([
    aMariaDb(),
    anSshHost(),
    anSshHost({}, { without: CLIENTS }),
    anSshHost({ php: smallPhp }, { without: CLIENTS }),
    anSshHost({ php: `exec /usr/bin/php -n "$@"` }, { without: CLIENTS }),
    anSshHost({ mysql: oldClient('mysql'), mariadb: oldClient('mariadb') }),
    anSshHost({ sed: `case $* in *DEFINER*) kill -9 $$ ;; esac; exec /bin/sed "$@"` }),
  ]);
  mariadb.sql('SET GLOBAL max_allowed_packet = 256 * 1024 * 1024');
  pool = aPool([complete, withMysqli, withPdo, withNothing, withOldClient, withMortalSed]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all(
    [mariadb, complete, withMysqli, withPdo, withNothing, withOldClient, withMortalSed].map((one) =>
      one.stop(),
    ),
  );
});

function accessTo(database: Database, part: object = {}): Extract<DatabaseAccess, { kind: 'mysql' }> {
  const { socket, name, user, password } = database;
  return { kind: 'mysql', host: 'localhost', port: null, socket, name, user, password, prefix: '', ...part };
}

function on<T>(
  host: SshHost,
  database: Database,
  work: (work: DatabaseWork) => Promise<T>,
  part = {},
): Promise<T> {
  return pool.use(wayTo(host), (connection) =>
    work({ connection, access: accessTo(database, part), php: 'php', scripts, signal: never }),
  );
}

interface Dump {
  readonly sql: Buffer;
  readonly lacking: readonly string[];
}

async function dumpOf(host: SshHost, database: Database, part = {}): Promise<Dump> {
  let sql = Buffer.alloc(0);
  const lacking = await on(
    host,
    database,
    (work) =>
      dumpTo(work, async (stdout) => {
        sql = await buffer(stdout);
      }),
    part,
  );
  return { sql, lacking };
}

async function restore(host: SshHost, database: Database, sql: Buffer, kept: readonly string[], part = {}) {
  await on(host, database, (work) => restoreFrom(work, async (stdin) => void stdin.end(sql), kept), part);
}

/** What the server's own program says is in a database, all of it. */
function contentOf(database: Database): string {
  return execFileSync(
    'mariadb-dump',
    [
      ...['--no-defaults', '-uroot', `--socket=${mariadb.socket}`, '--skip-dump-date', '--skip-comments'],
      ...[
        '--order-by-primary',
        '--hex-blob',
        '--routines',
        '--events',
        '--triggers',
        '--skip-extended-insert',
        database.name,
      ],
    ],
    { encoding: 'latin1', maxBuffer: 1024 * 1024 * 1024 },
  );
}

/** A database that its own user has filled. */
function aDatabaseWith(sql: string): Database {
  const database = mariadb.aDatabase();
  const login = [`--socket=${database.socket}`, `--user=${database.user}`, `--password=${database.password}`];
  execFileSync('mariadb', ['--no-defaults', ...login, '--default-character-set=utf8mb4', database.name], {
    input: sql,
  });
  return database;
}

/** Has everything in it that dumps get wrong. */
const aNastyDatabase = () => aDatabaseWith(nasty);

async function namesIn(host: SshHost, database: Database): Promise<string[]> {
  return (await on(host, database, countRows)).map(({ name }) => name);
}

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;

/** A value's bytes, as HEX() shows them. */
function hexOf(cell: Cell | undefined): string {
  if (cell === undefined || cell.kind === 'null') return '-';
  return (cell.kind === 'binary' ? cell.hex : Buffer.from(cell.text).toString('hex')).toUpperCase();
}

/** That two databases hold the same; their names, and their users', may differ. */
function expectEqual(one: Database, other: Database): void {
  const [a, b] = [one, other].map((database) =>
    contentOf(database).replaceAll(one.name, 'NAME').replaceAll(other.name, 'NAME'),
  );
  expect(a).toBe(b);
}

describe.each([
  ['PHP’s mysqli', () => withMysqli],
  ['PHP’s PDO', () => withPdo],
  ['the server’s own tools', () => complete],
])('a dump by %s', (_name, find) => {
  it('makes the same database again, with everything that is hard to dump', async () => {
    const [host, from, to] = [find(), aNastyDatabase(), mariadb.aDatabase()];
    const dump = await dumpOf(host, from);
    expect(dump.lacking).toEqual([]);
    await restore(host, to, dump.sql, await namesIn(host, from));
    expectEqual(to, from);
  });

  it('is the same bytes each time, and leads back to what it was made of', async () => {
    const [host, database] = [find(), aNastyDatabase()];
    const [first, before, names] = [
      await dumpOf(host, database),
      contentOf(database),
      await namesIn(host, database),
    ];
    expect((await dumpOf(host, database)).sql.equals(first.sql)).toBe(true);
    mariadb.sql(
      "DELETE FROM every_type; DROP VIEW a_view; CREATE TABLE later (a INT); CREATE VIEW later_view AS SELECT 1; UPDATE plain SET name = 'changed'; DROP TRIGGER before_plain",
      database.name,
    );
    await restore(host, database, first.sql, names);
    expect(contentOf(database)).toBe(before);
  });

  it('can be restored by any of the others', async () => {
    const from = aNastyDatabase();
    const { sql } = await dumpOf(find(), from);
    const names = await namesIn(find(), from);
    for (const host of [complete, withMysqli, withPdo]) {
      const to = mariadb.aDatabase();
      await restore(host, to, sql, names);
      expectEqual(to, from);
    }
  });

  it('counts rows and reads the schema as the client does', async () => {
    const database = aNastyDatabase();
    expect(await on(find(), database, countRows)).toEqual(await on(complete, database, countRows));
    const asked = (host: SshHost) =>
      on(host, database, (work) =>
        queryRows(work, [
          'CREATE TABLE IF NOT EXISTS asked (name varchar(20) PRIMARY KEY)',
          "INSERT IGNORE INTO asked VALUES ('one')",
          'SELECT name, 2 FROM asked',
          'SELECT 3',
        ]),
      );
    expect(await asked(find())).toEqual([['one', '2'], ['3']]);
    expect(await on(find(), database, databaseBytes)).toBe(await on(complete, database, databaseBytes));
    expect(await on(find(), database, databaseBytes)).toBeGreaterThan(10_000);
    mariadb.sql('DROP TABLE asked', database.name);
    expect((await on(find(), database, readSchema)).length).toBeGreaterThan(100);
  });

  it('has rows that are read here as the server has them', async () => {
    const database = aNastyDatabase();
    const dump = stored('mysql', (await dumpOf(find(), database)).sql, 1000);
    for (const [table, key, columns] of [
      ['plain', 'id', ['id', 'name']],
      [
        'every_type',
        'id',
        [
          ...['id', 'tiny', 'large', 'exact', 'zero_date', 'exact_time', 'clock', 'var_bytes', 'photo'],
          ...['empty_photo', 'choice', 'several', 'document', 'latin', 'emoji', 'hidden'],
        ],
      ],
      ["odd `name;'", '`a``b`', ['a`b']],
    ] as const) {
      const { rows, table: known } = await read(dump, table, 0, 100, 100_000);
      const asked = columns.map(
        (column) =>
          `IFNULL(HEX(IF(CHARSET(${quoted(column)}) = 'binary', ${quoted(column)}, CONVERT(${quoted(column)} USING utf8mb4))), '-')`,
      );
      const wanted = mariadb.sql(
        `SELECT ${asked.join(', ')} FROM ${quoted(table)} ORDER BY ${key}`,
        database.name,
      );
      const found = rows.map((row) =>
        columns.map((column) => hexOf(row[known?.columns.indexOf(column) ?? -1])).join('\t'),
      );
      expect(found.join('\n'), table).toBe(wanted.trim());
    }
  });

  it('holds only what is the site’s where others share the database', async () => {
    const database = aNastyDatabase();
    mariadb.sql('CREATE TABLE wp_own (a INT PRIMARY KEY); INSERT INTO wp_own VALUES (1)', database.name);
    const { sql } = await dumpOf(find(), database, { prefix: 'wp_' });
    const text = sql.toString('latin1');
    expect(text).toContain('CREATE TABLE `wp_own`');
    expect(text).not.toMatch(/every_type|PROCEDURE|EVENT `/);
    mariadb.sql('CREATE TABLE wp_later (a INT); DELETE FROM wp_own', database.name);
    await restore(find(), database, sql, ['wp_own'], { prefix: 'wp_' });
    expect(
      mariadb.sql(
        'SELECT * FROM wp_own; SELECT COUNT(*) FROM plain; SHOW TABLES LIKE "wp_later"',
        database.name,
      ),
    ).toBe('1\n3\n');
  });

  it('of what acts as an administrator is restored as the site’s own', async () => {
    const [database, to] = [mariadb.aDatabase(), mariadb.aDatabase()];
    mariadb.sql(
      `CREATE TABLE t (a INT); CREATE DEFINER=root@localhost TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1;
      CREATE DEFINER=root@localhost VIEW v AS SELECT a FROM t;`,
      database.name,
    );
    const { sql } = await dumpOf(find(), database);
    await restore(find(), to, sql, ['t', 'v']);
    expect(mariadb.sql('INSERT INTO t VALUES (1); SELECT * FROM v', to.name)).toBe('2\n');
    expect(mariadb.sql('SHOW CREATE VIEW v', to.name)).toContain(`DEFINER=\`${to.user}\`@`);
  });

  it('says that a database does not let it in', async () => {
    const database = mariadb.aDatabase();
    await expect(dumpOf(find(), database, { password: 'wrong' })).rejects.toMatchObject({
      code: 'database-refused',
      answered: expect.stringContaining('Access denied') as string,
    });
  });
});

it('a dump that does not go into the client whole is no restore', async () => {
  const database = aNastyDatabase();
  const { sql } = await dumpOf(complete, database);
  const names = await namesIn(complete, database);
  await expect(restore(withMortalSed, database, sql, names)).rejects.toMatchObject({
    code: 'remote-failed',
    answered: expect.stringContaining('the dump did not go in whole') as string,
  });
});

describe('our own dumper', () => {
  it('takes a row of 64 MB, and more rows than there is memory', async () => {
    const [from, to] = [mariadb.aDatabase(), mariadb.aDatabase()];
    mariadb.sql(
      `CREATE TABLE many (id INT PRIMARY KEY, text TEXT); INSERT INTO many SELECT seq, REPEAT(MD5(seq), 64) FROM seq_1_to_80000;`,
      from.name,
    );
    const { sql } = await dumpOf(withPdo, from);
    expect(sql.length).toBeGreaterThan(160_000_000);
    mariadb.sql(
      `DROP TABLE many; CREATE TABLE one (id INT PRIMARY KEY, photo LONGBLOB); INSERT INTO one VALUES (1, REPEAT(0xff00, 32 * 1024 * 1024))`,
      from.name,
    );
    await restore(withMysqli, to, (await dumpOf(withMysqli, from)).sql, ['one']);
    const checksum = 'SELECT LENGTH(photo), MD5(photo) FROM one';
    expect(mariadb.sql(checksum, to.name)).toBe(mariadb.sql(checksum, from.name));
  });

  it('shows the database as it was at one instant, whatever is written meanwhile', async () => {
    const database = aDatabaseWith(
      `CREATE TABLE a (id INT PRIMARY KEY, text TEXT); INSERT INTO a SELECT seq, REPEAT(MD5(seq), 64) FROM seq_1_to_20000;
      CREATE TABLE b (id INT PRIMARY KEY, text TEXT); INSERT INTO b VALUES (1, 'as it was')`,
    );
    const parts: Buffer[] = [];
    await on(withMysqli, database, (work) =>
      dumpTo(work, async (stdout) => {
        for await (const part of stdout) {
          if (parts.length === 0)
            mariadb.sql(
              "UPDATE b SET text = 'changed'; INSERT INTO b VALUES (2, 'new'); DELETE FROM a",
              database.name,
            );
          parts.push(Buffer.from(part as Uint8Array));
        }
      }),
    );
    const text = Buffer.concat(parts).toString('latin1');
    expect(text).toContain("(1,'as it was');");
    expect(text).toContain('(20000,');
    expect(text).not.toContain('new');
  });

  it('changes little of its output when a row comes in between', async () => {
    const database = mariadb.aDatabase();
    mariadb.sql(
      'CREATE TABLE t (id INT PRIMARY KEY, text TEXT); INSERT INTO t SELECT seq * 2, REPEAT(MD5(seq), 10) FROM seq_1_to_20000',
      database.name,
    );
    const statements = async () =>
      new Set((await dumpOf(withMysqli, database)).sql.toString('latin1').split(';\n'));
    const before = await statements();
    mariadb.sql("INSERT INTO t VALUES (2001, 'new')", database.name);
    const after = await statements();
    expect(before.size).toBeGreaterThan(20);
    expect([...after].filter((statement) => !before.has(statement)).length).toBeLessThan(3);
  });

  it('makes views in an order in which they can be made', async () => {
    const to = mariadb.aDatabase();
    const from = aDatabaseWith(
      `CREATE TABLE t (id INT); CREATE VIEW z AS SELECT id FROM t; CREATE VIEW m AS SELECT id AS z FROM z WHERE id > 0 WITH CASCADED CHECK OPTION;
      CREATE VIEW a AS SELECT z AS m FROM m WHERE z < 9 WITH LOCAL CHECK OPTION`,
    );
    await restore(withMysqli, to, (await dumpOf(withMysqli, from)).sql, ['t', 'z', 'm', 'a']);
    expectEqual(to, from);
  });

  it('keeps every digit of a number', async () => {
    const [from, to] = [mariadb.aDatabase(), mariadb.aDatabase()];
    mariadb.sql(
      'CREATE TABLE t (a FLOAT, b DOUBLE); INSERT INTO t VALUES (16777215, 0.1), (-3.4028234e38, 1e-300)',
      from.name,
    );
    await restore(withPdo, to, (await dumpOf(withPdo, from)).sql, ['t']);
    const exact = 'SELECT a + 0e0, b FROM t';
    expect(mariadb.sql(exact, to.name)).toBe(mariadb.sql(exact, from.name));
  });

  it('leaves out a view that not even the site can read, and says so', async () => {
    const [database, to] = [mariadb.aDatabase(), mariadb.aDatabase()];
    mariadb.sql(
      'CREATE TABLE t (a INT); CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone',
      database.name,
    );
    const { sql, lacking } = await dumpOf(withMysqli, database);
    expect(lacking).toEqual([expect.stringContaining('broken')]);
    await restore(withMysqli, to, sql, ['t']);
    expect(mariadb.sql('SHOW TABLES', to.name)).toBe('t\n');
  });

  it('that breaks off in the middle is no restore', async () => {
    const [from, to] = [aNastyDatabase(), mariadb.aDatabase()];
    const { sql } = await dumpOf(withMysqli, from);
    const cut = sql.subarray(0, sql.indexOf('quo') + 1);
    await expect(restore(withMysqli, to, cut, [])).rejects.toMatchObject({ code: 'remote-failed' });
  });

  it('shows no password to others on the host', async () => {
    const database = mariadb.aDatabase();
    mariadb.sql('CREATE TABLE t (a INT)', database.name);
    const seen: string[] = [];
    const host = await anSshHost(
      { php: `tr '\\0' ' ' < /proc/$$/cmdline; env; exec /usr/bin/php "$@"` },
      { without: CLIENTS },
    );
    using mine = aPool([host]);
    await mine.use(wayTo(host), (connection) =>
      dumpTo(
        { connection, access: accessTo(database), php: 'php', scripts, signal: never },
        async (stdout) => {
          seen.push((await buffer(stdout)).toString('latin1'));
        },
      ),
    );
    await host.stop();
    const hex = Buffer.from(database.password).toString('hex');
    expect(seen[0]).toContain('GkLink');
    expect([database.password, hex].filter((secret) => seen[0]?.includes(secret))).toEqual([]);
  });

  it('says what to ask the host for where PHP cannot reach a database either', async () => {
    await expect(dumpOf(withNothing, mariadb.aDatabase())).rejects.toMatchObject({
      code: 'no-database-tools',
      todo: expect.stringContaining('mysqli') as string,
    });
  });
});

describe('a dump that holds commands for the client', () => {
  it.each([
    ['by the client', () => complete],
    ['by PHP', () => withMysqli],
    ['by PHP, the client being too old to be told', () => withOldClient],
  ])('has none of them run when it is restored %s', async (_name, find) => {
    const host = find();
    const mark = path.join(host.folder, 'was-run');
    for (const command of [
      `\\! touch ${mark}`,
      `system touch ${mark}`,
      `SELECT 1 \\! touch ${mark}`,
      `pager touch ${mark}\nSELECT 1;`,
      `tee ${mark}\nSELECT 1;`,
      `DELIMITER ;;\nSELECT 1;;\n\\! touch ${mark}\nDELIMITER ;`,
    ]) {
      const to = mariadb.aDatabase();
      await restore(host, to, Buffer.from(`CREATE TABLE t (a INT);\n${command}\n`), ['t']).catch(() => {});
      expect(mariadb.sql('SHOW TABLES', to.name), command).toBe('t\n');
      expect(fs.existsSync(mark), command).toBe(false);
    }
  });

  it('cannot read a file of the server that it is restored on', async () => {
    mariadb.sql('SET GLOBAL local_infile = 1');
    for (const host of [complete, withMysqli, withPdo]) {
      const [to, file] = [mariadb.aDatabase(), path.join(host.folder, 'secret')];
      fs.writeFileSync(file, 'secret\n');
      const sql = `CREATE TABLE t (a TEXT);\nLOAD DATA LOCAL INFILE '${file}' INTO TABLE t;\n`;
      await expect(restore(host, to, Buffer.from(sql), ['t'])).rejects.toThrow();
      expect(mariadb.sql('SELECT * FROM t', to.name)).toBe('');
    }
  });
});

describe('one table of a dump', () => {
  it.each([
    ['PHP', () => withMysqli],
    ['the server’s own tools', () => complete],
  ])('by %s is put back with its triggers, and nothing else is touched', async (_name, find) => {
    const [host, database] = [find(), aNastyDatabase()];
    const dump = stored('mysql', (await dumpOf(host, database)).sql, 3000);
    const before = contentOf(database);
    mariadb.sql(
      'DELETE FROM every_type; ALTER TABLE plain DROP COLUMN name; DROP TRIGGER before_plain; DELETE FROM no_key; CREATE TABLE later (a INT)',
      database.name,
    );
    const names = await namesIn(host, database);
    const parts: Buffer[] = [];
    for await (const part of onlyTables(dump.snapshot, dump.database, ['plain', 'every_type']))
      parts.push(part);
    const text = Buffer.concat(parts).toString('latin1');
    expect(text).not.toMatch(/PROCEDURE|FUNCTION|CREATE .*VIEW|EVENT |INTO `no_key`|nothing_in_it/);
    await restore(host, database, Buffer.concat(parts), names);
    expect(mariadb.sql('SELECT COUNT(*) FROM no_key; SHOW TABLES LIKE "later"', database.name)).toBe(
      '0\nlater\n',
    );
    mariadb.sql(
      "DROP TABLE later; INSERT INTO no_key VALUES (2, 'first'), (1, 'second'), (2, 'first'), (NULL, NULL)",
      database.name,
    );
    expect(contentOf(database)).toBe(before);
  });

  it('that is not there is said not to be', async () => {
    const dump = stored('mysql', 'CREATE TABLE `t` (\n  `a` int\n);\n', 10);
    await expect(onlyTables(dump.snapshot, dump.database, ['t', 'u']).next()).rejects.toMatchObject({
      code: 'no-such-table',
      answered: 'u',
    });
  });
});
