import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe, type DatabaseAccess } from '../../main/platforms/index.ts';
import { askHttp } from '../../main/updates/files-only/ask-http.ts';
import { bytesByPhp, dumpByPhp, restoreByPhp, schemaByPhp } from '../../main/updates/files-only/by-php.ts';
import { linterByPhp } from '../../main/updates/files-only/lint.ts';
import { readSaid, type Runner, type Said } from '../../main/updates/files-only/runner.ts';
import {
  countNameOf,
  newRunnerKey,
  newRunnerName,
  runnerFile,
  signedRequest,
  type RunnerRequest,
} from '../../main/updates/files-only/runner-file.ts';
import { schemaChanges, schemaSentence } from '../../main/updates/schema-change.ts';
import { Problem, remotePath } from '../../main/words/index.ts';
import { never } from '../main/samples.ts';
import { aMariaDb, aTempFolder, type Database, type MariaDb, type TempFolder } from '../rig/index.ts';
import { startPhp, type PhpServer } from '../rig/php.ts';

const resources = path.join(import.meta.dirname, '..', '..', 'resources');
const read = (...names: string[]) => fs.readFileSync(path.join(resources, ...names), 'utf8');
const parts = {
  guard: read('updates', 'runner', 'guard.php'),
  verbs: read('updates', 'runner', 'verbs.php'),
  database: ['mysql-dump.php', 'mysql-restore.php', 'mysql-link.php'].map((name) => read('database', name)),
};
const recipe = loadRecipe(path.join(resources, 'platforms', 'wordpress'));
const nasty = fs.readFileSync(path.join(import.meta.dirname, 'nasty.sql'), 'utf8');

let folder: TempFolder;
let php: PhpServer;
let mariadb: MariaDb;
beforeAll(async () => {
  folder = aTempFolder('runner');
  [php, mariadb] = await Promise.all([
    startPhp({ root: folder.path, errorLog: path.join(folder.path, 'php.log') }),
    aMariaDb(),
  ]);
});
afterAll(async () => {
  await Promise.all([php.stop(), mariadb.stop()]);
  folder.remove();
});

const seconds = () => Math.floor(Date.now() / 1000);
const MARKER = `gk-${'ab'.repeat(16)}`;

/** A runner in the web root. */
function aRunner(end = seconds() + 600) {
  const name = newRunnerName();
  const key = newRunnerKey();
  const identity = { run: 'cd'.repeat(16), host: 'shop.example', end, publicKey: key.publicKey };
  fs.writeFileSync(path.join(folder.path, name), runnerFile(parts, recipe, identity));
  fs.writeFileSync(path.join(folder.path, countNameOf(name)), '0'.padEnd(16));
  let number = 0;
  const url = new URL(`${php.url}/${name}`);
  const post = (body: string | null) =>
    askHttp(url, { body, signal: never, timeLimit: 60_000, mostBytes: 64 * 1024 * 1024 });
  const request = (part: Partial<RunnerRequest> = {}, by = key, to = identity) =>
    signedRequest(
      { verb: 'hello', number: (number += 1), until: seconds() + 60, marker: MARKER, question: {}, ...part },
      to,
      by,
    );
  return {
    ...{ name, url, post, request, identity },
    there: () => fs.readdirSync(folder.path).filter((file) => file.includes(name.replace('.php', ''))),
  };
}

/** The whole runner as the app has it, without a server to place it by. */
function asked(small: { memory?: number; post?: number } = {}): Runner {
  const runner = aRunner();
  return {
    now: seconds,
    async hello() {
      const { answer } = readSaid((await runner.post(runner.request())).body, {
        ...{ status: 200, marker: MARKER, attempted: 'hello' },
      });
      // A small host: more parts, and statements that do not fit into the first of them.
      const hello = answer as Awaited<ReturnType<Runner['hello']>>;
      return { ...hello, memory: 1, post: 0, ...small };
    },
    async ask(schema, { verb, question }) {
      const { status, body } = await runner.post(runner.request({ verb, question }));
      const said: Said<unknown> = readSaid(body, { status, marker: MARKER, attempted: verb });
      return { ...said, answer: schema.parse(said.answer) };
    },
    remove: async () => {},
  };
}

const NOTHING = { status: 404, body: Buffer.alloc(0) };

describe('the runner', () => {
  it('answers who has signed, and says nothing to anybody else', async () => {
    const { post, request, identity, url } = aRunner();
    const good = await post(request());
    expect(readSaid(good.body, { status: good.status, marker: MARKER, attempted: 'hello' })).toMatchObject({
      answer: { php: expect.stringMatching(/^\d+\.\d+/) as string },
    });

    expect(await post(null)).toMatchObject(NOTHING);
    expect(await post('')).toMatchObject(NOTHING);
    expect(await post('hello')).toMatchObject(NOTHING);
    expect(await post(request({}, newRunnerKey()))).toMatchObject(NOTHING);
    expect(await post(request({}, undefined, { ...identity, host: 'other.example' }))).toMatchObject(NOTHING);
    expect(await post(request({}, undefined, { ...identity, run: 'ef'.repeat(16) }))).toMatchObject(NOTHING);
    expect(await post(request({ until: seconds() - 1 }))).toMatchObject(NOTHING);
    const whole = request({ verb: 'tables', question: { access: {} } });
    expect(await post(whole.replace('tables', 'others'))).toMatchObject(NOTHING);
    expect(await post(`${whole.slice(0, -4)}AAAA`)).toMatchObject(NOTHING);
    expect(await post(whole.replace(/^(\S+) \d+/, '$1 999'))).toMatchObject(NOTHING);
    const plain = await fetch(url);
    expect([plain.status, await plain.text()]).toEqual([404, '']);
  });

  it('hears each request once, and none that comes before another', async () => {
    const { post, request } = aRunner();
    const [first, second] = [request(), request()];
    expect(await post(second)).toMatchObject({ status: 200 });
    expect(await post(second)).toMatchObject(NOTHING);
    expect(await post(first)).toMatchObject(NOTHING);
    const same = request();
    const answers = await Promise.all([post(same), post(same), post(same)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404, 404]);
  });

  it('knows fixed verbs only', async () => {
    const { post, request } = aRunner();
    const { body } = await post(request({ verb: 'eval', question: { code: 'phpinfo();' } }));
    expect(() => readSaid(body, { status: 200, marker: MARKER, attempted: 'eval' })).toThrow('could not do');
  });

  it('is gone when its end has come and anybody asks', async () => {
    const { post, request, there } = aRunner(seconds() - 1);
    expect(there()).toHaveLength(2);
    expect(await post(request())).toMatchObject(NOTHING);
    expect(there()).toEqual([]);
  });

  it('says of a database that it cannot reach no password', async () => {
    const access = accessTo({ ...mariadb.aDatabase(), password: 'tell-nobody' });
    const failing = asked().ask(expect as never, {
      verb: 'tables',
      signal: never,
      question: encoded(access),
    });
    await expect(failing).rejects.toMatchObject({ code: 'database-refused' });
    await failing.catch((error: unknown) => expect(JSON.stringify(error)).not.toContain('tell-nobody'));
  });
});

function accessTo({ socket, name, user, password }: Database): Extract<DatabaseAccess, { kind: 'mysql' }> {
  return { kind: 'mysql', host: 'localhost', port: null, socket, name, user, password, prefix: '' };
}

function encoded(access: object) {
  return {
    access: Object.fromEntries(
      Object.entries(access).map(([key, value]) => [
        key,
        Buffer.from(String(value ?? '')).toString('base64'),
      ]),
    ),
  };
}

function fill(database: Database, sql: string): void {
  execFileSync('mariadb', [...login(database), '--default-character-set=utf8mb4', database.name], {
    input: sql,
  });
}
const login = ({ socket, user, password }: Database) => [
  ...['--no-defaults', `--socket=${socket}`, `--user=${user}`, `--password=${password}`],
];
function contentOf(database: Database): string {
  const options = ['--skip-dump-date', '--skip-comments', '--order-by-primary', '--hex-blob'];
  const more = ['--routines', '--events', '--triggers', '--skip-extended-insert', database.name];
  return execFileSync(
    'mariadb-dump',
    ['--no-defaults', '-uroot', `--socket=${mariadb.socket}`, ...options, ...more],
    { encoding: 'latin1', maxBuffer: 1024 * 1024 * 1024 },
  ).replaceAll(database.name, 'NAME');
}

describe('new files', () => {
  const fine = '<?php\nfunction of_hours() { return [1, 2]; }\n';
  const torn = '<?php\n$a = 1;\nfunction {\n';
  const inPlace = (files: Readonly<Record<string, string>>) => {
    fs.mkdirSync(path.join(folder.path, 'plugin'), { recursive: true });
    for (const [name, text] of Object.entries(files))
      fs.writeFileSync(path.join(folder.path, 'plugin', name), text);
  };
  /** What PHP there says of them, each line of its own. */
  const readThere = async (files: Readonly<Record<string, string>>, by: Runner) => {
    const tree = { folder: 'plugin', inPackage: 'new', added: [], changed: [], deleted: [], kept: [] };
    const names = Object.keys(files);
    const from = { read: async (at: string) => Buffer.from(files[at.slice('new/'.length)] ?? '') };
    const what = { tree, names, live: remotePath('/site/plugin'), staged: remotePath('/private') };
    const found = await linterByPhp(by, from, { root: '/site', signal: never }).read(what);
    return found?.map(({ kind, path: at, said }) => `${kind} ${at}: ${said}`);
  };

  it('are read and not run, in parts; what cannot be is told with what it takes the place of', async () => {
    inPlace({ 'worse.php': fine, 'before.php': torn });
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`many-${at}.php`, `${fine}// ${'x'.repeat(at * 50)}\n`]),
    );
    const files = {
      'runs.php': `<?php\ntouch(${JSON.stringify(path.join(folder.path, 'ran'))});\n`,
      ...many,
      ...{ 'worse.php': torn, 'new.php': torn, 'before.php': torn, 'empty.php': '' },
    };
    const said = await readThere(files, asked({ post: 6000 }));
    const words = /^\w+ \w+\.php: PHP Parse error: syntax error, unexpected .* in \w+\.php on line 3$/;
    expect(said?.map((line) => line.split(':')[0])).toEqual([
      ...['worse worse.php', 'new new.php', 'before before.php'],
    ]);
    for (const line of said ?? []) expect(line).toMatch(words);
    expect(fs.existsSync(path.join(folder.path, 'ran'))).toBe(false);
  });

  it('that end PHP itself are found among the rest', async () => {
    const runner = asked();
    let requests = 0;
    const dies: Runner = {
      ...runner,
      async ask(schema, options) {
        requests += 1;
        const { files } = options.question as { files: { live: string }[] };
        if (files.some(({ live }) => live === Buffer.from('plugin/huge.php').toString('base64')))
          throw new Problem({
            code: 'runner-failed',
            message: 'PHP ended.',
            answered: 'Allowed memory size',
          });
        return runner.ask(schema, options);
      },
    };
    const files = { 'a.php': fine, 'b.php': torn, 'huge.php': fine, 'c.php': fine, 'd.php': torn };
    expect(await readThere(files, dies)).toEqual([
      expect.stringContaining('new b.php: PHP Parse error') as string,
      'new huge.php: Allowed memory size',
      expect.stringContaining('new d.php: PHP Parse error') as string,
    ]);
    expect(requests).toBeLessThan(8);
  });
});

describe('a database that is asked', () => {
  it('says what its tables are made of, the site’s alone, and what they hold', async () => {
    const database = mariadb.aDatabase();
    const access = { ...accessTo(database), prefix: 'wp_' };
    fill(
      database,
      `CREATE TABLE other_a (a int);
       CREATE TABLE wp_a (id int PRIMARY KEY, name varchar(20) DEFAULT 'Käse', kind enum('a', 'b') NULL);
       INSERT INTO wp_a SELECT seq, REPEAT('x', 20), 'a' FROM seq_1_to_2000;`,
    );
    const runner = asked();
    const before = await schemaByPhp(runner, access, never);
    expect(before.split('\n').map((line) => line.split('\t').slice(0, 2).join('.'))).toEqual([
      ...['wp_a.id', 'wp_a.name', 'wp_a.kind', ''],
    ]);
    fill(database, 'ALTER TABLE wp_a DROP kind, ADD price int; CREATE TABLE wp_b (a int)');
    expect(schemaSentence(schemaChanges(before, await schemaByPhp(runner, access, never)))).toBe(
      'In the database it made wp_b; changed wp_a (kind removed, price added).',
    );
    const bytes = await bytesByPhp(runner, access, never);
    expect(bytes).toBeGreaterThan(40_000);
    expect(bytes).toBeLessThan(4_000_000);
  });
});

describe('a database, in parts', () => {
  it('makes the same database again, with everything that is hard to dump, and other tables gone', async () => {
    const [from, to] = [mariadb.aDatabase(), mariadb.aDatabase()];
    fill(from, nasty);
    // Parts end within these, by a key of two columns and by counting.
    fill(
      from,
      `CREATE TABLE by_key (a varchar(40) COLLATE utf8mb4_unicode_ci, b int, c longtext, PRIMARY KEY (a, b));
       INSERT INTO by_key SELECT CONCAT('Käse ', seq DIV 7), seq % 7, REPEAT(MD5(seq), 40) FROM seq_0_to_2000;
       CREATE TABLE by_count (c longtext);
       INSERT INTO by_count SELECT REPEAT(MD5(seq), 40) FROM seq_0_to_1200;`,
    );
    const [one, two] = [asked(), asked()];
    const source = dumpByPhp(one, accessTo(from), 'mariadb', never);
    const tables = await source.tables();
    const chunks: Buffer[] = [];
    for await (const chunk of source.dump()) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(8);
    expect(source.lacking()).toEqual([expect.stringContaining('parts') as string]);

    fill(to, 'CREATE TABLE later (a int); CREATE VIEW later_view AS SELECT 1');
    const dump = Buffer.concat(chunks);
    const snapshot = {
      database: { kind: 'mysql' as const, blobs: [], size: dump.length, tables },
      async *read() {
        for (let at = 0; at < dump.length; at += 100_003) yield dump.subarray(at, at + 100_003);
      },
    };
    await restoreByPhp(two, accessTo(to), snapshot, never);
    expect(contentOf(to)).toBe(contentOf(from));
  });
});
