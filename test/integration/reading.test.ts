import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlatforms, type Component, type Reading } from '../../main/platforms/index.ts';
import { never } from '../main/samples.ts';
import {
  aMariaDb,
  anSshHost,
  aPlugin,
  aWordPressSite,
  badPlugins,
  brokenTheme,
  goodPlugins,
  meadow,
  meadowChild,
  singleFilePlugin,
  strangePlugins,
  type MariaDb,
  type SshHost,
  type WordPressSite,
} from '../rig/index.ts';
import { aPool, at, platformFolder, wayTo } from './reach.ts';

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

const platforms = openPlatforms([platformFolder]);
const module = platforms.get('wordpress').module;
if (module === null) throw new TypeError('WordPress has no module');
const wordpress = module;
const options = (root: string, php: string | null = null) => ({
  root: at(root),
  php,
  signal: never,
  now: 1_000,
});

const read = (root: string, php: string | null = null): Promise<Reading> =>
  pool.use(wayTo(host), (connection) => wordpress.read(connection, options(root, php)));
const readIfChanged = (root: string, fingerprint: string) =>
  pool.use(wayTo(host), (connection) => wordpress.readIfChanged(connection, options(root), fingerprint));

const of = (reading: Reading, kind: Component['kind']) =>
  reading.inventory.components.filter((component) => component.kind === kind);
const named = (reading: Reading, slug: string) =>
  reading.inventory.components.find((component) => component.slug === slug);
const chown = (folder: string) =>
  execFileSync('chown', ['-R', `${host.account.uid}:${host.account.gid}`, folder]);

/** Puts a line into a site's wp-config.php, before what it has. */
function configure(site: WordPressSite, lines: string): void {
  const file = path.join(site.root, 'wp-config.php');
  site.write('wp-config.php', fs.readFileSync(file, 'utf8').replace('<?php\n', `<?php\n${lines}\n`));
}
/** Replaces the whole of it. */
const reconfigure = (site: WordPressSite, change: (text: string) => string) =>
  site.write('wp-config.php', change(fs.readFileSync(path.join(site.root, 'wp-config.php'), 'utf8')));

describe('a real WordPress', () => {
  it.each(['6.1', '6.2', '6.3', '6.4', '6.5'])('%s on MySQL is read whole', async (version) => {
    await using site = await aWordPressSite({
      on: host,
      version,
      database: mariadb.aDatabase(),
      plugins: [goodPlugins.openingHours.old],
      themes: [meadow.old],
      theme: 'meadow',
    });
    const reading = await read(site.root);
    expect(reading.inventory).toMatchObject({
      platform: 'wordpress',
      readAt: 1000,
      gaps: [],
      multisite: false,
      locale: 'en_US',
      database: { kind: 'mariadb', version: expect.stringMatching(/^1\d\.\d+/) as string },
    });
    expect(of(reading, 'core')).toMatchObject([{ slug: 'wordpress', version: site.version, active: 'yes' }]);
    expect(named(reading, 'opening-hours')).toMatchObject({
      kind: 'plugin',
      version: '1.2.0',
      active: 'yes',
      file: 'opening-hours/opening-hours.php',
      path: 'wp-content/plugins/opening-hours',
      name: 'Opening Hours',
      author: 'The rig',
      requires: { core: '5.8', php: '7.2' },
    });
    expect(named(reading, 'meadow')).toMatchObject({ kind: 'theme', version: '1.4', active: 'yes' });
    expect(
      of(reading, 'theme')
        .filter((theme) => theme.active === 'yes')
        .map((theme) => theme.slug),
    ).toEqual(['meadow']);
    expect(reading.facts).toMatchObject({
      url: site.url,
      title: site.title,
      databaseProblem: null,
      database: { kind: 'mysql', host: '127.0.0.1', prefix: 'wp_' },
    });
    expect(reading.inventory.php).toMatch(/^8\./);
  });

  it('on SQLite is read whole', async () => {
    await using site = await aWordPressSite({
      on: host,
      plugins: [strangePlugins.premium, strangePlugins.latinNames, goodPlugins.oddlyNamed.old],
    });
    site.write('wp-content/plugins/snippets.php', singleFilePlugin('2.5').content);
    const reading = await read(site.root);
    expect(reading.inventory).toMatchObject({ gaps: [], database: { kind: 'sqlite' } });
    expect(reading.facts.database).toEqual({
      kind: 'sqlite',
      file: `${site.root}/wp-content/database/.ht.sqlite`,
    });
    expect(named(reading, 'grand-slider-pro')).toMatchObject({
      version: '6.6.1',
      updateUri: 'https://vendor.example/grand-slider-pro/',
      active: 'yes',
    });
    expect(named(reading, 'menu-card')).toMatchObject({ name: 'Menükarte & "Specials"', active: 'yes' });
    expect(named(reading, 'Tidy_Forms.v2')).toMatchObject({
      version: '1.9',
      file: 'Tidy_Forms.v2/Main File.php',
    });
    expect(named(reading, 'snippets')).toMatchObject({
      version: '2.5',
      file: 'snippets.php',
      path: 'wp-content/plugins/snippets.php',
      active: 'no',
    });
    expect(of(reading, 'drop-in').map((dropIn) => dropIn.slug)).toContain('db');
    expect(of(reading, 'plugin').filter((plugin) => plugin.slug.includes('decoy'))).toEqual([]);
  });

  it('is found by looking below the home folder', async () => {
    await using site = await aWordPressSite({ on: host });
    const found = await pool.use(wayTo(host), (connection) =>
      platforms.findAll(connection, at(host.folder), { php: null, signal: never, now: 0 }),
    );
    expect(found).toContainEqual({
      root: site.root,
      platform: 'wordpress',
      platformName: 'WordPress',
      version: site.version,
      url: site.url,
      title: site.title,
    });
  });
});

describe('what lies on a site', () => {
  let site: WordPressSite;
  beforeAll(async () => {
    site = await aWordPressSite({
      on: host,
      plugins: [goodPlugins.openingHours.old],
      themes: [meadow.old, meadowChild],
      theme: meadowChild.slug,
    });
  });
  afterAll(() => site.stop());

  it('a child theme and its parent are both in use', async () => {
    const reading = await read(site.root);
    expect(named(reading, meadowChild.slug)).toMatchObject({ active: 'yes', parent: 'meadow' });
    expect(named(reading, 'meadow')).toMatchObject({ active: 'yes', parent: null });
    expect(of(reading, 'theme').some((theme) => theme.active === 'no')).toBe(true);
  });

  it('must-use plugins, drop-ins and translations are there', async () => {
    site.write('wp-content/mu-plugins/loader.php', '<?php\n/* Plugin Name: Loader\n * Version: 3.1\n */');
    site.write('wp-content/mu-plugins/bare.php', '<?php // no header');
    site.write('wp-content/mu-plugins/deeper/not-loaded.php', '<?php /* Plugin Name: Not loaded */');
    site.write('wp-content/object-cache.php', '<?php /* Plugin Name: Redis Cache\nVersion: 2.5.0 */');
    site.write(
      'wp-content/languages/de_DE.po',
      'msgid ""\nmsgstr ""\n"PO-Revision-Date: 2024-03-01 10:00:00+0000\\n"\n',
    );
    site.write(
      'wp-content/languages/plugins/opening-hours-ja.po',
      '"PO-Revision-Date: 2024-04-01 10:00:00+0000\\n"\n',
    );
    const reading = await read(site.root);
    expect(of(reading, 'must-use').map(({ slug, name, version }) => [slug, name, version])).toEqual([
      ['bare', 'bare.php', ''],
      ['loader', 'Loader', '3.1'],
    ]);
    expect(named(reading, 'object-cache')).toMatchObject({
      kind: 'drop-in',
      name: 'Redis Cache',
      version: '2.5.0',
      path: 'wp-content/object-cache.php',
    });
    expect(of(reading, 'language')).toMatchObject([
      { slug: 'de_DE', version: '2024-03-01 10:00:00+0000' },
      { slug: 'plugins/opening-hours-ja', path: 'wp-content/languages/plugins/opening-hours-ja.po' },
    ]);
  });

  it('a plugin whose folder and header are not UTF-8', async () => {
    const folder = Buffer.concat([Buffer.from(`${site.root}/wp-content/plugins/caf`), Buffer.from([0xe9])]);
    fs.mkdirSync(folder);
    fs.writeFileSync(
      Buffer.concat([folder, Buffer.from('/main.php')]),
      Buffer.from('<?php\n/*\nPlugin Name: Caf\xe9\nVersion: 1.0\n*/', 'latin1'),
    );
    const reading = await read(site.root);
    expect(named(reading, 'caf\uDCE9')).toMatchObject({
      name: 'Caf\uDCE9',
      version: '1.0',
      file: 'caf\uDCE9/main.php',
      active: 'no',
    });
    fs.rmSync(folder, { recursive: true });
  });

  it.each([
    ['as WordPress writes it', "<?php\n$wp_version = '6.4.99';\n$wp_db_version = 56657;\n", '6.4.99'],
    ['minified', '<?php $wp_version="6.4.98";$wp_db_version=56657;$required_php_version="7.0.0";', '6.4.98'],
    ['with a pre-release', "<?php\n\t$wp_version   =   '6.6-beta2-58287' ; // comment", '6.6-beta2-58287'],
    ['with Windows line ends', "<?php\r\n$wp_version = '6.4.97';\r\n", '6.4.97'],
    ['empty', '', ''],
  ])('version.php %s', async (_name, text, version) => {
    const before = fs.readFileSync(path.join(site.root, 'wp-includes/version.php'));
    site.write('wp-includes/version.php', text);
    expect(of(await read(site.root), 'core')).toMatchObject([{ version }]);
    site.write('wp-includes/version.php', before);
  });

  it('headers as authors write them', async () => {
    site.write(
      'wp-content/plugins/oneline/oneline.php',
      '<?php /* Plugin Name: One Line */ /* Version: 1.1 */',
    );
    site.write('wp-content/plugins/macline/macline.php', '<?php\r/*\rPlugin Name: Old Mac\rVersion: 1.2\r*/');
    site.write(
      'wp-content/plugins/late/late.php',
      `<?php\n${'//\n'.repeat(4000)}/* Plugin Name: Too Late */`,
    );
    site.write('wp-content/plugins/two/one.php', '<?php /* Plugin Name: First\nVersion: 1 */');
    site.write('wp-content/plugins/two/two.php', '<?php /* Plugin Name: Second\nVersion: 2 */');
    const reading = await read(site.root);
    expect(named(reading, 'oneline')).toMatchObject({ name: 'One Line' });
    expect(named(reading, 'macline')).toMatchObject({ name: 'Old Mac', version: '1.2' });
    expect(named(reading, 'late')).toBeUndefined();
    expect([named(reading, 'two'), named(reading, 'two/two')]).toMatchObject([
      { version: '1' },
      { version: '2' },
    ]);
  });
});

describe('a configuration that is code', () => {
  let site: WordPressSite;
  let good: string;
  beforeAll(async () => {
    site = await aWordPressSite({
      on: host,
      database: mariadb.aDatabase(),
      plugins: [goodPlugins.openingHours.old],
    });
    good = fs.readFileSync(path.join(site.root, 'wp-config.php'), 'utf8');
  });
  afterAll(() => site.stop());
  const whole = { gaps: [], database: { kind: 'mariadb' } };
  const reset = () => site.write('wp-config.php', good);

  it.each([
    [
      'computes its constants',
      (text: string) =>
        text
          .replace(/define\('DB_NAME', '([^']+)'\);/, "define('DB_NAME', strrev(strrev('$1')) . '');")
          .replace(
            /define\('DB_PASSWORD', '([^']+)'\);/,
            "putenv('PW=$1'); define('DB_PASSWORD', getenv('PW'));",
          ),
    ],
    [
      'reads another file beside it',
      (text: string) =>
        text.replace(
          '<?php\n',
          "<?php\nif (file_exists(__DIR__ . '/local-config.php')) { require __DIR__ . '/local-config.php'; }\n",
        ),
    ],
    [
      'loads WordPress by its own folder',
      (text: string) =>
        text.replace(
          "require_once ABSPATH . 'wp-settings.php';",
          "require_once __DIR__ . '/wp-settings.php';",
        ),
    ],
    [
      'loads WordPress by include and a relative path',
      (text: string) =>
        text.replace("require_once ABSPATH . 'wp-settings.php';", "include './wp-settings.php';"),
    ],
    [
      'prints garbage',
      (text: string) => text.replace('<?php\n', '\uFEFFHello\n<?php\necho str_repeat("garbage\\n", 1000);\n'),
    ],
    [
      'asks for the host name',
      (text: string) =>
        text.replace(
          '<?php\n',
          "<?php\n$_host = $_SERVER['HTTP_HOST']; if (strlen($_host) === 0) { die('no host'); }\n",
        ),
    ],
    [
      'names the port apart from the host',
      (text: string) =>
        text.replace(/define\('DB_HOST', '[^']+'\);/, `define('DB_HOST', 'localhost:${mariadb.socket}');`),
    ],
    ['has Windows line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['has a closing tag and an end of line', (text: string) => `${text}\n?>\n\n`],
    [
      'turns errors into exceptions',
      (text: string) =>
        text.replace(
          '<?php\n',
          '<?php\nset_error_handler(function ($n, $s) { throw new ErrorException($s); });\n',
        ),
    ],
  ])('that %s is evaluated by PHP itself', async (_name, change) => {
    site.write('local-config.php', "<?php\ndefine('WP_HOME', 'https://from-local.example');\n");
    reconfigure(site, change);
    const reading = await read(site.root);
    reset();
    expect(reading.inventory).toMatchObject(whole);
    expect(named(reading, 'opening-hours')).toMatchObject({ active: 'yes' });
  });

  it('that says its URL wins over the database', async () => {
    configure(site, "define('WP_HOME', 'https://www.' . 'bakery.example');");
    expect((await read(site.root)).facts.url).toBe('https://www.bakery.example');
    reset();
  });

  it('one level above the root is found', async () => {
    const above = path.join(path.dirname(site.root), 'wp-config.php');
    fs.renameSync(path.join(site.root, 'wp-config.php'), above);
    fs.writeFileSync(above, good.replace("__DIR__ . '/'", "__DIR__ . '/public_html/'"));
    chown(above);
    const reading = await read(site.root);
    fs.rmSync(above);
    reset();
    expect(reading.inventory).toMatchObject(whole);
  });

  it.each([
    ['dies', "die('Configuration is broken');", /before it reached wp-settings/],
    ['cannot be parsed', 'function {', /syntax error/],
    ['throws', "throw new Exception('no secrets service');", /no secrets service/],
    ['calls what is not there', 'function_that_is_not_there();', /function_that_is_not_there/],
    ['hangs', 'while (true) { }', /time/i],
    ['needs a file that is not there', "require '/nowhere/secrets.php';", /secrets\.php/],
  ])(
    'that %s leaves the files readable, and says why the rest is not',
    { timeout: 100_000 },
    async (_name, line, why) => {
      configure(site, line);
      const reading = await read(site.root);
      reset();
      expect(of(reading, 'core')).toMatchObject([{ version: site.version }]);
      expect(named(reading, 'opening-hours')).toMatchObject({ version: '1.2.0', active: null });
      expect(reading.inventory.gaps.join('\n')).toMatch(why);
      expect(reading.facts).toMatchObject({ database: null });
      expect(reading.facts.databaseProblem).toMatch(/./);
      expect(reading.inventory.fingerprint).toBe('');
    },
  );

  it('that is not there leaves the files readable', async () => {
    fs.rmSync(path.join(site.root, 'wp-config.php'));
    const reading = await read(site.root);
    reset();
    expect(reading.inventory.gaps.join()).toContain('no wp-config.php');
    expect(named(reading, 'opening-hours')).toMatchObject({ version: '1.2.0', active: null });
  });

  it.each([
    [
      'a wrong password',
      /define\('DB_PASSWORD', '[^']+'\);/,
      "define('DB_PASSWORD', 'wrong');",
      /refused: .*Access denied/,
    ],
    [
      'no such database',
      /define\('DB_NAME', '[^']+'\);/,
      "define('DB_NAME', 'nothing');",
      /refused: .*(Unknown database|Access denied)/,
    ],
    [
      'a server that is not there',
      /define\('DB_HOST', '[^']+'\);/,
      "define('DB_HOST', '127.0.0.1:1');",
      /refused: .*/,
    ],
    [
      'another prefix',
      /\$table_prefix = 'wp_';/,
      "$table_prefix = 'other_';",
      /other_options could not be read/,
    ],
  ])('whose database refuses for %s leaves the files readable', async (_name, from, to, why) => {
    reconfigure(site, (text) => text.replace(from, to));
    const reading = await read(site.root);
    reset();
    expect(reading.inventory.gaps.join('\n')).toMatch(why);
    expect(named(reading, 'opening-hours')).toMatchObject({ version: '1.2.0', active: null });
  });

  it.each([["define('MULTISITE', true);"], ["define('SUBDOMAIN_INSTALL', false); define('MULTISITE', 1);"]])(
    'of a multisite says so: %s',
    async (line) => {
      configure(site, line);
      expect((await read(site.root)).inventory.multisite).toBe(true);
      reset();
    },
  );

  it('with network-active plugins names them', async () => {
    site.sql(
      `CREATE TABLE wp_sitemeta (meta_id bigint, site_id bigint, meta_key varchar(255), meta_value longtext); INSERT INTO wp_sitemeta VALUES (1, 1, 'active_sitewide_plugins', 'a:1:{s:31:"opening-hours/opening-hours.php";i:1700000000;}'); CREATE TABLE wp_blogs (blog_id bigint); INSERT INTO wp_blogs VALUES (1), (2)`,
    );
    configure(site, "define('MULTISITE', true);");
    const reading = await read(site.root);
    reset();
    expect(named(reading, 'opening-hours')).toMatchObject({ active: 'network' });
  });

  it('with folders elsewhere is followed', async () => {
    const content = path.join(path.dirname(site.root), 'content');
    fs.cpSync(path.join(site.root, 'wp-content'), content, { recursive: true });
    fs.cpSync(path.join(content, 'plugins/opening-hours'), path.join(content, 'plugins/moved'), {
      recursive: true,
    });
    chown(content);
    configure(site, `define('WP_CONTENT_DIR', '${content}');`);
    const reading = await read(site.root);
    reset();
    expect(reading.facts.contentFolder).toBe(content);
    expect(named(reading, 'moved')).toBeDefined();
    expect(reading.inventory.fingerprint).toBe('');
  });

  it('cannot write, however it tries', async () => {
    const proof = path.join(host.folder, 'written');
    configure(site, `@file_put_contents('${proof}', 'x');`);
    expect((await read(site.root)).inventory).toMatchObject(whole);
    reset();
    expect(fs.existsSync(proof)).toBe(false);
  });

  it('is told when the site forbids changes, is in maintenance, or logs errors', async () => {
    configure(
      site,
      "define('DISALLOW_FILE_MODS', true); define('WP_DEBUG', true); define('WP_DEBUG_LOG', true);",
    );
    site.write('.maintenance', '<?php $upgrading = time();');
    const { facts } = await read(site.root);
    reset();
    site.remove('.maintenance');
    expect(facts).toMatchObject({
      fileChangesForbidden: true,
      inMaintenance: true,
      errorLog: `${site.root}/wp-content/debug.log`,
    });
  });
});

describe('a site that is broken', () => {
  it.each(
    Object.entries({ ...badPlugins }).filter(([name]) =>
      ['diesOnLoad', 'cannotBeParsed', 'migratesThenDies'].includes(name),
    ),
  )('by the plugin %s is still read', async (_name, plugin) => {
    await using site = await aWordPressSite({ on: host, plugins: [plugin.old] });
    site.place(plugin.new);
    const reading = await read(site.root);
    expect(named(reading, plugin.new.slug)).toMatchObject({ version: plugin.new.version, active: 'yes' });
    expect(reading.inventory.gaps).toEqual([]);
  });

  it('by its theme is still read', async () => {
    await using site = await aWordPressSite({
      on: host,
      themes: [brokenTheme.old],
      theme: brokenTheme.old.slug,
    });
    site.place(brokenTheme.new);
    expect(named(await read(site.root), brokenTheme.new.slug)).toMatchObject({
      version: brokenTheme.new.version,
      active: 'yes',
    });
  });
});

describe('what cannot be read', () => {
  const complete = {
    attempted: expect.stringMatching(/./) as string,
    answered: expect.stringMatching(/./) as string,
    todo: expect.stringMatching(/./) as string,
  };

  it('a folder that is not there', async () => {
    await expect(read(`${host.folder}/nothing`)).rejects.toMatchObject({ code: 'no-such-root', ...complete });
  });

  it('a folder that is no WordPress', async () => {
    await expect(read(host.folder)).rejects.toMatchObject({ code: 'not-an-installation', ...complete });
  });

  it('a folder that belongs to somebody else', async () => {
    const closed = fs.mkdtempSync(path.join(host.folder, 'closed-'));
    await expect(read(closed)).rejects.toMatchObject({ code: 'no-such-root', ...complete });
  });

  it.each(['/nowhere/php', 'not-php', '/bin/true'])('a PHP that is none: %s', async (php) => {
    await using site = await aWordPressSite({ on: host });
    await expect(read(site.root, php)).rejects.toMatchObject({
      code: expect.stringMatching(/no-php|unreadable-answer|remote-failed/) as string,
      ...complete,
    });
  });
});

describe('a second look', () => {
  let site: WordPressSite;
  beforeAll(async () => {
    site = await aWordPressSite({ on: host, plugins: [goodPlugins.openingHours.old] });
  });
  afterAll(() => site.stop());

  it('finds nothing new where nothing changed, though visitors came', async () => {
    const { inventory } = await read(site.root);
    await site.page();
    site.write('wp-content/uploads/2024/photo.jpg', 'x');
    expect(inventory.fingerprint).toMatch(/./);
    expect(await readIfChanged(site.root, inventory.fingerprint)).toBeNull();
  });

  it.each([
    [
      'a plugin was edited in place',
      () =>
        site.write(
          'wp-content/plugins/opening-hours/opening-hours.php',
          '<?php /* Plugin Name: Opening Hours\nVersion: 9.9 */',
        ),
    ],
    [
      'a plugin was put there',
      () => site.place(aPlugin({ slug: 'newcomer', name: 'Newcomer', version: '1.0' })),
    ],
    ['a plugin was removed', () => site.remove('wp-content/plugins/newcomer')],
    [
      'a single file was put there',
      () => site.write('wp-content/plugins/single.php', '<?php /* Plugin Name: Single */'),
    ],
    ['a theme was edited', () => site.write('wp-content/themes/own/style.css', '/* Theme Name: Own */')],
    ['core was updated', () => site.write('wp-includes/version.php', "<?php $wp_version = '6.4.77';")],
    ['the configuration was changed', () => configure(site, "define('WP_HOME', 'https://new.example');")],
    ['a drop-in was put there', () => site.write('wp-content/object-cache.php', '<?php // cache')],
    ['a must-use plugin was put there', () => site.write('wp-content/mu-plugins/mu.php', '<?php // mu')],
    [
      'a translation was put there',
      () => site.write('wp-content/languages/ja.po', '"PO-Revision-Date: 2024-01-01\\n"'),
    ],
  ])('finds it when %s', async (_name, change) => {
    const { inventory } = await read(site.root);
    change();
    const again = await readIfChanged(site.root, inventory.fingerprint);
    expect(again).not.toBeNull();
    expect(again?.inventory.fingerprint).not.toBe(inventory.fingerprint);
  });
});
