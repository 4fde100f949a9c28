import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  groundskeeper,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

/** A client that takes only the beginning of a dump of options that nobody has called “Mine”, and fails. */
const breaksOff = (
  name: string,
) => `case " $* " in *" --binary-mode "*" --default-character-set"*) ;; *) exec /usr/bin/${name} "$@";; esac
dump=$(mktemp); cat > "$dump"
if grep -q 'INTO .wp_options.' "$dump" && ! grep -q Mine "$dump"; then head -c 6000 "$dump" | /usr/bin/${name} "$@"; rm "$dump"; echo 'it broke off' >&2; exit 1; fi
/usr/bin/${name} "$@" < "$dump"; code=$?; rm "$dump"; exit $code`;

let host: SshHost;
let org: WordPressOrg;
let mariadb: MariaDb;
let wp: WordPressSite;
let data: TempFolder;
const gk = (...args: string[]) => groundskeeper(data.path, org, args).ended;

beforeAll(async () => {
  data = aTempFolder('tables');
  [host, org, mariadb] = await Promise.all([
    anSshHost({ mariadb: breaksOff('mariadb'), mysql: breaksOff('mysql') }),
    aWordPressOrg(),
    aMariaDb(),
  ]);
  wp = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
  wp.sql(
    "CREATE TABLE wp_orders (id INT PRIMARY KEY, what TEXT); INSERT INTO wp_orders VALUES (1, 'bread'), (2, NULL)",
  );
  wp.sql(
    'CREATE TRIGGER wp_twice BEFORE INSERT ON wp_orders FOR EACH ROW SET NEW.what = CONCAT(NEW.what, NEW.what)',
  );
  const way = ['--ssh', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file, '--root', wp.root];
  await gk('sites', 'add', 'Bakery', ...way, '--accept-host-key', host.hostKey());
  expect(await gk('backup', 'Bakery')).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await wp.stop();
  await Promise.all([host.stop(), org.stop(), mariadb.stop()]);
  data.remove();
});

const orders = () => wp.sql('SELECT * FROM wp_orders ORDER BY id');
const first = async (): Promise<string> => {
  const { out } = await gk('--json', 'backups', 'list', 'Bakery');
  const all: unknown = JSON.parse(out);
  const last: unknown = Array.isArray(all) ? all.at(-1) : null;
  return typeof last === 'object' && last !== null && 'id' in last ? String(last.id) : '';
};

it('a table is looked into, and written into a file', async () => {
  const { out } = await gk('--json', 'backups', 'rows', 'latest', 'wp_orders');
  expect(JSON.parse(out)).toMatchObject({
    columns: ['id', 'what'],
    rows: [
      { at: 0, cells: [{ text: '1' }, { text: 'bread' }] },
      { at: 1, cells: [{ text: '2' }, { kind: 'null' }] },
    ],
    next: null,
  });
  const file = path.join(data.path, 'orders.sql');
  const write = ['backups', 'restore', 'latest', '--table', 'wp_orders', '--to', file];
  expect(await gk(...write)).toMatchObject({ code: 0 });
  const to = mariadb.aDatabase();
  mariadb.sql(fs.readFileSync(file, 'utf8').replace(/^\/\*M!.*$/m, ''), to.name);
  expect(mariadb.sql('SHOW TABLES; SELECT COUNT(*) FROM wp_orders', to.name)).toBe('wp_orders\n2\n');
  expect(await gk(...write)).toMatchObject({
    code: 1,
    out: expect.stringContaining('there already') as string,
  });
});

it('one table goes back with its triggers; the rest of the site stays as it is now', async () => {
  wp.sql(
    "DROP TABLE wp_orders; CREATE TABLE wp_later (a INT); UPDATE wp_options SET option_value = 'Now' WHERE option_name = 'blogname'",
  );
  const restored = await gk('backups', 'restore', await first(), '--table', 'wp_orders', '--to-site');
  expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('wp_orders 0 → 2 rows') as string });
  expect(orders()).toBe('1\tbread\n2\tNULL\n');
  wp.sql("INSERT INTO wp_orders VALUES (3, 'x')");
  expect(orders()).toContain('3\txx');
  expect(
    wp.sql("SHOW TABLES LIKE 'wp_later'; SELECT option_value FROM wp_options WHERE option_name = 'blogname'"),
  ).toBe('wp_later\nNow\n');
  expect((await wp.page('/')).status).toBe(200);
});

it('a table whose restore breaks off is put back as it was', async () => {
  wp.sql("UPDATE wp_options SET option_value = 'Mine' WHERE option_name = 'blogname'");
  const before = wp.sql('SELECT * FROM wp_options ORDER BY option_id');
  const failed = await gk('backups', 'restore', await first(), '--table', 'wp_options', '--to-site');
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('put back as they were') as string });
  expect(wp.sql('SELECT * FROM wp_options ORDER BY option_id')).toBe(before);
  expect((await wp.page('/')).status).toBe(200);
});

it('a table that is not in the backup is said not to be, before anything is done', async () => {
  const before = wp.dump();
  expect(await gk('backups', 'restore', await first(), '--table', 'wp_nothing', '--to-site')).toMatchObject({
    code: 1,
    out: expect.stringContaining('no such table') as string,
  });
  expect(wp.dump()).toBe(before);
});
