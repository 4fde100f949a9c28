import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  anSshHost,
  aPostgres,
  aTempFolder,
  groundskeeper,
  type Postgres,
  type PostgresDatabase,
  type SshHost,
  type TempFolder,
} from '../rig/index.ts';

/** What an agency writes for its in-house CMS, as docs/platforms.md teaches it. */
const RECIPE = `
platform: acme
name: Acme CMS
updates: false
versions: none
sources: []
recognise: { marker: acme/settings.php, files: [index.php] }
interpreter: php
backup: { leaveOut: [cache] }
probe: { paths: ['/'], faults: [] }
database: { title: Read how the database is reached, php: database.php, timeLimit: 20 }
steps: {}
`;
const SCRIPT = `
[, $root, $marker] = $argv;
$settings = include "$root/acme/settings.php";
echo $marker, json_encode(['kind' => 'postgresql'] + $settings['database']);
`;

let host: SshHost;
let postgres: Postgres;
let database: PostgresDatabase;
let data: TempFolder;
let root: string;
const gk = (...args: string[]) => groundskeeper(data.path, null, args).ended;
const rows = () => postgres.sql('SELECT id, title FROM pages ORDER BY id', database).trim().split('\n');

beforeAll(async () => {
  [host, postgres] = await Promise.all([anSshHost(), aPostgres()]);
  data = aTempFolder('own-platform');
  database = postgres.aDatabase();
  postgres.sql(
    `CREATE TABLE pages (id int PRIMARY KEY, title text); INSERT INTO pages VALUES (1, 'Home'), (2, 'Garten''s "Tür"');
     CREATE TABLE visits (id int); INSERT INTO visits SELECT generate_series(1, 500);`,
    database,
  );
  const recipe = path.join(data.path, 'platforms', 'acme');
  fs.mkdirSync(recipe, { recursive: true });
  fs.writeFileSync(path.join(recipe, 'platform.yaml'), RECIPE);
  fs.writeFileSync(path.join(recipe, 'database.php'), SCRIPT);
  root = path.join(host.folder, 'acme-site');
  fs.mkdirSync(path.join(root, 'acme'), { recursive: true });
  fs.writeFileSync(path.join(root, 'index.php'), '<?php echo "Acme";');
  settle({ ...database, host: database.socket });
  execFileSync('chown', ['-R', `${host.user}:`, root]);
});
afterAll(async () => {
  await Promise.all([host.stop(), postgres.stop()]);
  data.remove();
});

/** The site's own configuration, which prints something of its own besides. */
function settle({ host: socket, port, name, user, password }: PostgresDatabase & { host: string }): void {
  const quoted = Object.entries({ host: socket, port: String(port), name, user, password })
    .map(([key, value]) => `'${key}' => '${value}'`)
    .join(', ');
  fs.writeFileSync(
    path.join(root, 'acme', 'settings.php'),
    `<?php echo "a notice of the site's own\\n"; return ['database' => [${quoted}]];\n`,
  );
}

it('an in-house CMS on PostgreSQL is added, backed up with its database, looked into, and a table and all of it put back', async () => {
  const added = await gk(
    ...['sites', 'add', 'Acme', '--ssh', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file],
    ...['--root', root, '--url', 'http://127.0.0.1:9', '--accept-host-key', host.hostKey()],
  );
  expect(added).toMatchObject({ code: 0 });
  expect(await gk('backup', 'Acme')).toMatchObject({ code: 0 });
  const tables = await gk('--json', 'backups', 'tables', 'latest');
  expect(tables).toMatchObject({ code: 0, out: expect.stringContaining('pages') as string });
  expect(await gk('backups', 'rows', 'latest', 'pages', '--find', 'Tür')).toMatchObject({
    code: 0,
    out: expect.stringContaining('Garten') as string,
  });

  postgres.sql("UPDATE pages SET title = 'Hacked'; DELETE FROM visits", database);
  expect(
    await gk('backups', 'restore', 'latest', '--table', 'pages', '--to-site'),
    'one table',
  ).toMatchObject({ code: 0 });
  expect(rows()).toEqual(['1\tHome', '2\tGarten\'s "Tür"']);
  expect(postgres.sql('SELECT count(*) FROM visits', database).trim(), 'the other stays').toBe('0');

  const [first] = (JSON.parse((await gk('--json', 'backups', 'list', 'Acme')).out) as { id: string }[]).slice(
    -1,
  );
  postgres.sql('DROP TABLE pages', database);
  fs.writeFileSync(path.join(root, 'index.php'), 'broken');
  const all = await gk('backups', 'restore', first?.id ?? '', '--to-site', '--database');
  expect(all, all.err).toMatchObject({ code: 0 });
  expect(rows()).toHaveLength(2);
  expect(postgres.sql('SELECT count(*) FROM visits', database).trim()).toBe('500');
  expect(fs.readFileSync(path.join(root, 'index.php'), 'utf8')).toContain('Acme');
});

it('is not restored to another site of its kind: where it writes its own address is not known, and that is said', async () => {
  const other = path.join(host.folder, 'acme-other');
  fs.cpSync(root, other, { recursive: true });
  execFileSync('chown', ['-R', `${host.user}:`, other]);
  const added = await gk(
    ...['sites', 'add', 'Other', '--ssh', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file],
    ...['--root', other, '--url', 'http://127.0.0.1:9'],
  );
  expect(added).toMatchObject({ code: 0 });
  const refused = await gk('restore', 'latest', '--to', 'Other');
  expect(refused.code).toBe(1);
  expect(refused.out + refused.err).toContain('own address in it is not known');
});

it('a database that does not let us in fails the backup in words; half a backup is none', async () => {
  settle({ ...database, host: database.socket, password: 'wrong' });
  const refused = await gk('backup', 'Acme');
  expect(refused.code).toBe(1);
  expect(refused.out + refused.err).toMatch(/did not let us in/);
});

it('a script whose answer makes no sense is named, with what is wrong', async () => {
  fs.writeFileSync(
    path.join(data.path, 'platforms', 'acme', 'database.php'),
    `echo $argv[2], '{"kind":"postgresql","name":""}';`,
  );
  const refused = await gk('backup', 'Acme');
  expect(refused.code).toBe(1);
  expect(refused.out + refused.err).toContain(
    'The recipe of Acme CMS does not tell how the database is reached.',
  );
  expect(refused.err).toContain('name');
});
