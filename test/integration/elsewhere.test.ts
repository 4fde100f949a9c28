import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElsewherePlan } from '../../main/api/index.ts';
import type { Backup } from '../../main/backups/index.ts';
import type { Site } from '../../main/sites/index.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressSite,
  groundskeeper,
  type Database,
  type MariaDb,
  type SshHost,
  type TestApp,
  type WordPressSite,
} from '../rig/index.ts';

/** A client that fails in the middle of a dump with another site's prefix, as long as a file says so. */
const breaksOff = (
  name: string,
  when: string,
) => `case " $* " in *" --binary-mode "*" --default-character-set"*) ;; *) exec /usr/bin/${name} "$@";; esac
dump=$(mktemp); cat > "$dump"
if [ -f ${when} ] && grep -q Hollyhock "$dump"; then head -c 200000 "$dump" | /usr/bin/${name} "$@"; rm "$dump"; echo 'it broke off' >&2; [ ! -s ${when} ] || { : > ${when}.hangs; sleep 120; }; exit 1; fi
/usr/bin/${name} "$@" < "$dump"; code=$?; rm "$dump"; exit $code`;

const flag = path.join(fs.mkdtempSync('/tmp/gk-elsewhere-'), 'break');
let host: SshHost;
let mariadb: MariaDb;
let a: WordPressSite;
let b: WordPressSite;
let app: TestApp;
let siteA: Site;
let siteB: Site;
let backup: Backup;
let databaseB: Database;

beforeAll(async () => {
  fs.chmodSync(path.dirname(flag), 0o777);
  [host, mariadb] = await Promise.all([
    anSshHost({ mariadb: breaksOff('mariadb', flag), mysql: breaksOff('mysql', flag) }),
    aMariaDb(),
  ]);
  databaseB = mariadb.aDatabase();
  a = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
  b = await aWordPressSite({ on: host, database: databaseB, tablePrefix: 'b7_', title: 'Staging' });
  a.php(`
    global $wpdb;
    update_option('widget_text', array(2 => array('title' => '🥐 é', 'text' => '<a href="${a.url}/menu">menu</a> ${a.root}/wp-content'), '_multiwidget' => 1));
    update_option('nested', serialize(array('url' => '${a.url}', 'again' => serialize(array('path' => '${a.root}/x')))));
    update_option('an_object', new ArrayObject(array('${a.url}/1', '//' . substr('${a.url}', 7) . '/2')));
    update_option('as_json', json_encode(array('data' => serialize(array('u' => '${a.url}/j')))));
    $wpdb->insert($wpdb->options, array('option_name' => 'broken', 'option_value' => 'a:1:{s:1:"u";s:9:"${a.url}";}'));
    $wpdb->insert($wpdb->options, array('option_name' => 'b7_user_roles', 'option_value' => 'left behind'));
    $bread = wp_insert_post(array('post_title' => '🍞', 'post_status' => 'publish', 'post_name' => 'bread'));
    $wpdb->update($wpdb->posts, array('post_content' => '<!-- wp:image {"url":"' . str_replace('/', '\\/', '${a.url}/a.png')
      . '"} --><img src="${a.url}/a.png"> share?u=' . rawurlencode('${a.url}/bread') . '<!-- /wp:image -->'), array('ID' => $bread));
    wp_create_user('editor', 'secret', 'editor@bakery.example');
    (new WP_User(get_user_by('login', 'editor')->ID))->set_role('editor');
  `);
  a.sql(
    'CREATE TABLE wp_log (id INT PRIMARY KEY, what TEXT); CREATE TABLE wp_lines (id INT PRIMARY KEY, log INT, CONSTRAINT wp_lines_fk FOREIGN KEY (log) REFERENCES wp_log (id)); ' +
      "INSERT INTO wp_log VALUES (1, 'it''s \\\\ \"so\"\n'); INSERT INTO wp_lines VALUES (1, 1); " +
      'CREATE VIEW wp_recent AS SELECT id, what FROM wp_log; ' +
      'CREATE TRIGGER wp_logged AFTER INSERT ON wp_lines FOR EACH ROW UPDATE wp_log SET what = NEW.id WHERE id = NEW.log; ' +
      "CREATE TABLE wp_blobs (b BLOB); INSERT INTO wp_blobs VALUES ('" +
      a.url +
      "')",
  );
  a.write('wp-content/mu-plugins/mark.php', '<?php // the bakery');
  a.write('.htaccess', '# of the bakery');
  b.write('.htaccess', '# of staging');
  b.write('wp-content/only-b.txt', 'goes');
  b.sql('CREATE TABLE b7_old (a INT); CREATE TABLE other_options (a INT)');
  app = await anApp(null);
  siteA = await app.add(a, host, 'Bakery');
  siteB = await app.add(b, host, 'Staging');
  await app.ended(await app.client.backups.start({ siteId: siteA.id }));
  const [first] = await app.client.backups.list({ siteId: siteA.id });
  if (first === undefined) throw new Error('no backup');
  backup = first;
});
afterAll(async () => {
  await app.close();
  await Promise.all([a.stop(), b.stop()]);
  await Promise.all([host.stop(), mariadb.stop()]);
  fs.rmSync(path.dirname(flag), { recursive: true });
});

const restore = (site: Site) =>
  app.client.backups.restore({ backupId: backup.id, to: { kind: 'site', siteId: site.id } });
const plan = (site: Site): Promise<ElsewherePlan> =>
  app.client.backups.elsewhere({ backupId: backup.id, siteId: site.id });

/** What of a site is its own: files and database. */
const stateOf = (site: WordPressSite) => ({
  files: site.files(),
  database: site.dump(),
});

describe('a restore to another site', () => {
  it('says beforehand what it would do, and changes nothing', async () => {
    const before = stateOf(b);
    const found = await plan(siteB);
    expect(found).toMatchObject({
      blockers: [],
      files: { stays: ['wp-config.php', '.htaccess'] },
      database: {
        prefix: { from: 'wp_', to: 'b7_' },
        moves: expect.arrayContaining([
          { kind: 'url', from: a.url, to: b.url },
          { kind: 'path', from: a.root, to: b.root },
        ]) as unknown,
        dropped: ['b7_old'],
        rewritten: { dropped: [{ table: 'wp_options', rows: 1 }] },
      },
    });
    expect(found.database?.rewritten.values).toBeGreaterThan(8);
    expect(found.database?.rewritten.left.map(({ because, column }) => `${because} ${column}`)).toEqual(
      expect.arrayContaining([
        'kept wp_posts.guid',
        'broken-serialized wp_options.option_value',
        'binary wp_blobs.b',
      ]),
    );
    expect(stateOf(b)).toEqual(before);
  });

  it('that breaks off in the middle of the database puts the site back, byte for byte', async () => {
    const before = stateOf(b);
    fs.writeFileSync(flag, '');
    const run = await app.ended(await restore(siteB));
    fs.rmSync(flag);
    expect(run).toMatchObject({ state: 'rolled-back' });
    expect(stateOf(b)).toEqual(before);
    expect(await b.page('/')).toMatchObject({
      status: 200,
      text: expect.stringContaining('Staging') as string,
    });
  });

  it('after which the site is not well puts it back, byte for byte', async () => {
    const before = stateOf(b);
    a.write(
      'wp-content/mu-plugins/dies.php',
      `<?php if (strpos(__DIR__, '${b.root}') === 0) { http_response_code(500); die('Fatal error: no'); }`,
    );
    await app.ended(await app.client.backups.start({ siteId: siteA.id }));
    const [sick] = await app.client.backups.list({ siteId: siteA.id });
    const started = await app.client.backups.restore({
      backupId: sick?.id ?? backup.id,
      to: { kind: 'site', siteId: siteB.id },
    });
    expect(await app.ended(started)).toMatchObject({ state: 'rolled-back' });
    a.remove('wp-content/mu-plugins/dies.php');
    expect(stateOf(b)).toEqual(before);
    expect((await b.page('/')).status).toBe(200);
  });

  it('gives it the other’s content under its own address, and keeps its configuration', async () => {
    const config = fs.readFileSync(path.join(b.root, 'wp-config.php'), 'utf8');
    const run = await app.ended(await restore(siteB));
    expect(run.problem).toBe(null);
    expect(run.summary).toContain('Bakery restored to Staging');
    expect(run.state).toBe('done');
    const front = await b.page('/');
    expect(front).toMatchObject({ status: 200, text: expect.stringContaining('Hollyhock Bakery') as string });
    expect(front.text).not.toContain(a.url);
    expect(fs.readFileSync(path.join(b.root, 'wp-config.php'), 'utf8')).toBe(config);
    expect(fs.readFileSync(path.join(b.root, '.htaccess'), 'utf8')).toBe('# of staging');
    expect(fs.existsSync(path.join(b.root, 'wp-content/only-b.txt'))).toBe(false);
    expect(fs.existsSync(path.join(b.root, '.maintenance'))).toBe(false);
    expect(fs.readFileSync(path.join(b.root, 'wp-content/mu-plugins/mark.php'), 'utf8')).toContain('bakery');

    // Nothing names the other site but what was said to.
    b.sql("UPDATE b7_posts SET guid = ''; DELETE FROM b7_options WHERE option_name = 'broken'");
    const dump = b.dump();
    expect(dump).not.toContain(a.root);
    expect(dump.split('\n').filter((line) => line.includes(a.url.slice(7)))).toEqual([
      expect.stringContaining('b7_blobs') as string,
    ]);
    expect(dump).not.toMatch(/(?:TABLE|VIEW|INTO|REFERENCES|CONSTRAINT|TRIGGER|from|ON|UPDATE) `?wp_/);
    expect(
      b.php(`
        $widgets = get_option('widget_text');
        $nested = unserialize(get_option('nested'));
        $json = json_decode(get_option('as_json'), true);
        echo json_encode(array($widgets[2]['title'], $widgets[2]['text'], $nested['url'], unserialize($nested['again']),
          get_option('an_object')->getArrayCopy(), unserialize($json['data']), get_page_by_path('bread', OBJECT, 'post')->post_content,
          user_can(get_user_by('login', 'editor'), 'edit_others_posts'), user_can(get_user_by('login', 'editor'), 'manage_options'),
          user_can(get_user_by('login', 'owner'), 'manage_options')), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);`),
    ).toBe(
      JSON.stringify([
        '🥐 é',
        `<a href="${b.url}/menu">menu</a> ${b.root}/wp-content`,
        b.url,
        { path: `${b.root}/x` },
        [`${b.url}/1`, `//${b.url.slice(7)}/2`],
        { u: `${b.url}/j` },
        `<!-- wp:image {"url":"${`${b.url}/a.png`.replaceAll('/', '\\/')}"} --><img src="${b.url}/a.png"> share?u=${encodeURIComponent(`${b.url}/bread`)}<!-- /wp:image -->`,
        true,
        false,
        true,
      ]),
    );
    expect(
      b.sql('SELECT what FROM b7_recent; INSERT INTO b7_lines VALUES (2, 1); SELECT what FROM b7_log'),
    ).toBe('it\'s \\\\ "so"\\n\n2\n');
    expect(b.sql("SHOW TABLES LIKE 'b7_old'; SHOW TABLES LIKE 'other_options'")).toBe('other_options\n');
    expect(run.summary).toContain('rewritten');
  });
});

describe('what is refused before anything is changed', () => {
  it('a site in the same database', async () => {
    const config = fs.readFileSync(path.join(b.root, 'wp-config.php'), 'utf8');
    const { name, user, password } = a.plan.database === 'sqlite' ? databaseB : a.plan.database;
    b.write(
      'wp-config.php',
      config
        .replaceAll(databaseB.name, name)
        .replace(databaseB.password, password)
        .replaceAll(databaseB.user, user),
    );
    const before = stateOf(a);
    expect((await plan(siteB)).blockers[0]).toMatchObject({ code: 'same-database' });
    expect(await app.ended(await restore(siteB))).toMatchObject({
      state: 'failed',
      problem: { code: 'same-database' },
    });
    expect(stateOf(a)).toEqual(before);
    b.write('wp-config.php', config);
  });

  it('the same folder, and the same site', async () => {
    // Under another name it is the same folder all the same.
    const link = path.join(path.dirname(a.root), 'twin');
    fs.symlinkSync(a.root, link);
    const twin = await app.add({ ...a, root: link }, host, 'Twin');
    expect((await plan(twin)).blockers[0]).toMatchObject({ code: 'same-root' });
    expect((await plan(siteA)).blockers[0]).toMatchObject({ code: 'same-site' });
    await app.client.sites.remove({ siteId: twin.id, backups: 'keep' });
  });
});

it('is taken back after the app died in the middle of the database', async () => {
  const data = aTempFolder('elsewhere');
  const gk = (...args: string[]) => groundskeeper(data.path, null, args);
  const way = ['--ssh', `${host.user}@${host.host}:${host.port}`, '--key', host.key.file];
  const key = ['--accept-host-key', host.hostKey()];
  await gk('sites', 'add', 'A', '--url', a.url, '--root', a.root, ...way, ...key).ended;
  await gk('sites', 'add', 'B', '--url', b.url, '--root', b.root, ...way).ended;
  expect(await gk('backup', 'A').ended).toMatchObject({ code: 0 });
  expect(await gk('restore', 'latest', '--to', 'B').ended).toMatchObject({ code: 2 });
  b.sql("UPDATE b7_options SET option_value = 'Mine' WHERE option_name = 'blogname'");
  b.write('wp-content/only-b.txt', 'stays');
  const before = stateOf(b);
  fs.writeFileSync(flag, 'hang');
  const line = gk('restore', 'latest', '--to', 'B', '--yes');
  await expect.poll(() => fs.existsSync(`${flag}.hangs`), { timeout: 60_000 }).toBe(true);
  line.process.kill('SIGKILL');
  await line.ended;
  fs.rmSync(flag);
  expect(stateOf(b)).not.toEqual(before);
  const recovered = await gk('runs', 'recover').ended;
  expect(recovered.out).toContain('brought back');
  expect(stateOf(b)).toEqual(before);
  expect((await b.page('/')).text).toContain('Mine');
  data.remove();
});
