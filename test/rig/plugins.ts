import { aPlugin, type Component, type PluginDescription, type Release } from './component.ts';

type Version = Partial<PluginDescription>;

/** The same plugin twice: installed on a site, and as the update that waits for it. */
function release(common: Pick<PluginDescription, 'slug' | 'name'>, old: Version, newer: Version): Release {
  return {
    old: aPlugin({ version: '1.0.0', ...common, ...old }),
    new: aPlugin({ version: '2.0.0', ...common, ...newer }),
  };
}

const onPages = (code: string): string => `add_action('template_redirect', function () { ${code} });`;
const rewritesPage = (code: string): string => onPages(`ob_start(function ($page) { ${code} });`);

/** Plugins whose update goes well. */
export const goodPlugins = {
  /** Files changed, added and deleted; says its version in the footer. */
  openingHours: release(
    { slug: 'opening-hours', name: 'Opening Hours' },
    {
      version: '1.2.0',
      code: "require __DIR__ . '/inc/hours.php'; require __DIR__ . '/inc/legacy.php';",
      files: {
        'inc/hours.php': hoursOf('1.2.0', 'Open Monday to Friday'),
        'inc/legacy.php': "<?php\nfunction opening_hours_legacy() { return 'to be deleted'; }\n",
        'inc/unchanged.php': '<?php\n// The same in every version.\n',
        'assets/hours.css': '.opening-hours { color: green }\n',
      },
    },
    {
      version: '1.3.0',
      changes: 'Holidays. The old settings page is gone.',
      code: "require __DIR__ . '/inc/hours.php'; require __DIR__ . '/inc/holidays.php';",
      files: {
        'inc/hours.php': hoursOf('1.3.0', 'Open every day but Sunday'),
        'inc/holidays.php': "<?php\nfunction opening_hours_holidays() { return ['12-25', '01-01']; }\n",
        'inc/unchanged.php': '<?php\n// The same in every version.\n',
        'assets/hours.css': '.opening-hours { color: darkgreen }\n',
      },
    },
  ),
  /** Changes its own table at the first request after the update, through dbDelta and an option. */
  eventTickets: release(
    { slug: 'event-tickets', name: 'Event Tickets' },
    { code: ticketTable('1', 'title varchar(190) NOT NULL') },
    {
      code: ticketTable('2', 'title varchar(190) NOT NULL,\n  price int NOT NULL DEFAULT 25'),
      changes: 'Tickets have a price.',
    },
  ),
  /** A thousand files, two hundred of them different in the update. */
  photoGallery: release(
    { slug: 'photo-gallery', name: 'Photo Gallery' },
    { version: '1.0.0', files: manyFiles('1.0.0') },
    { version: '1.1.0', files: manyFiles('1.1.0') },
  ),
  /** The main file has a space in its name, and deeper files have headers that do not count. */
  oddlyNamed: release(
    { slug: 'Tidy_Forms.v2', name: 'Tidy Forms' },
    { mainFile: 'Main File.php', version: '1.9', files: decoy() },
    { mainFile: 'Main File.php', version: '1.10', files: decoy() },
  ),
  /** Needs a newer WordPress than any there is. */
  aheadOfItsTime: release(
    { slug: 'tomorrow-blocks', name: 'Tomorrow Blocks' },
    {},
    { requires: '9.0', tested: '9.0', changes: 'Needs WordPress 9.0.' },
  ),
  /** Needs a newer PHP than any there is. */
  needsNewPhp: release({ slug: 'sharp-images', name: 'Sharp Images' }, {}, { requiresPhp: '9.9' }),
} as const;

/** Plugins whose update breaks the site, each in its own way; the old version is healthy. */
export const badPlugins = {
  /** Every request ends with a 500 and a fatal error in the log. */
  diesOnLoad: release(
    { slug: 'contact-cards', name: 'Contact Cards' },
    { version: '2.0.1' },
    { version: '2.1.0', code: 'contact_cards_function_that_is_not_there();' },
  ),
  /** A file that PHP cannot parse. */
  cannotBeParsed: release(
    { slug: 'cookie-notice', name: 'Cookie Notice' },
    {},
    { code: "require __DIR__ . '/inc/notice.php';", files: { 'inc/notice.php': '<?php function {\n' } },
  ),
  /** Only the front page dies; every other page is well. */
  diesOnTheFrontPage: release(
    { slug: 'hero-slider', name: 'Hero Slider' },
    {},
    { code: onPages('if (is_front_page()) { hero_slider_function_that_is_not_there(); }') },
  ),
  /** 200 and nothing at all. */
  blanksThePage: release(
    { slug: 'speed-cache', name: 'Speed Cache' },
    {},
    { code: rewritesPage("return '';") },
  ),
  /** Visitors are sent to the login form. */
  redirectsToLogin: release(
    { slug: 'members-area', name: 'Members Area' },
    {},
    { code: onPages('wp_redirect(wp_login_url()); exit;') },
  ),
  /** Visitors are sent to another site. */
  redirectsElsewhere: release(
    { slug: 'short-links', name: 'Short Links' },
    {},
    { code: onPages("wp_redirect('http://127.0.0.1:9/elsewhere'); exit;") },
  ),
  /** 200 with the right title, and an empty body. */
  removesTheContent: release(
    { slug: 'page-layouts', name: 'Page Layouts' },
    {},
    { code: rewritesPage("return preg_replace('~(<body[^>]*>).*(</body>)~s', '$1$2', $page);") },
  ),
  /** Every page takes three seconds longer. */
  sleeps: release({ slug: 'related-posts', name: 'Related Posts' }, {}, { code: onPages('sleep(3);') }),
  /** The page looks well; a fatal error follows it, in the log only. */
  diesAfterThePage: release(
    { slug: 'visit-counter', name: 'Visit Counter' },
    {},
    {
      code: "register_shutdown_function(function () { if (PHP_SAPI === 'cli') { return; } ob_start(function () { return ''; }); visit_counter_function_that_is_not_there(); });",
    },
  ),
  /** Changes its table in a way that the old version cannot read, then dies on every request. */
  migratesThenDies: release(
    { slug: 'shop-orders', name: 'Shop Orders' },
    { code: orderTable('1', 'total', '') },
    { code: orderTable('2', 'amount', 'shop_orders_function_that_is_not_there();') },
  ),
} as const;

/** Plugins that are only there to be read. */
export const strangePlugins = {
  /** Premium: its updates come from its own vendor. */
  premium: aPlugin({
    slug: 'grand-slider-pro',
    name: 'Grand Slider Pro',
    version: '6.6.1',
    headers: { 'Update URI': 'https://vendor.example/grand-slider-pro/' },
  }),
  /** Holds files whose names are not UTF-8. */
  latinNames: aPlugin({
    slug: 'menu-card',
    name: 'Menükarte & "Specials"',
    version: '3.2',
    oddFiles: [
      Buffer.from('caf\xe9.txt', 'latin1'),
      Buffer.from('new\nline.txt'),
      Buffer.from("quo'te \\.txt"),
    ],
  }),
} as const;

/** A plugin that is one file directly in the plugins folder; its folder is only a place to keep the file. */
export function singleFilePlugin(version: string): { readonly file: string; readonly content: string } {
  const plugin: Component = aPlugin({ slug: 'snippets', name: 'Snippets', version });
  return { file: 'snippets.php', content: String(plugin.files.get('snippets.php')) };
}

function hoursOf(version: string, words: string): string {
  return `<?php\nadd_action('wp_footer', function () { echo '<p class="opening-hours">${words} (${version})</p>'; });\n`;
}

function ticketTable(version: string, columns: string): string {
  return `
add_action('init', function () {
  global $wpdb;
  if (get_option('event_tickets_db') === '${version}') { return; }
  require_once ABSPATH . 'wp-admin/includes/upgrade.php';
  dbDelta("CREATE TABLE {$wpdb->prefix}event_tickets (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  ${columns},
  PRIMARY KEY  (id)
) " . $wpdb->get_charset_collate() . ";");
  if (!get_option('event_tickets_db')) { $wpdb->insert($wpdb->prefix . 'event_tickets', ['title' => 'Summer concert']); }
  update_option('event_tickets_db', '${version}');
});
add_action('wp_footer', function () {
  global $wpdb;
  $row = $wpdb->get_row("SELECT * FROM {$wpdb->prefix}event_tickets LIMIT 1", ARRAY_A);
  echo '<p class="event-tickets">' . esc_html(implode(' ', (array) $row)) . '</p>';
});`;
}

function orderTable(version: string, column: string, after: string): string {
  return `
add_action('init', function () {
  global $wpdb;
  $table = $wpdb->prefix . 'shop_orders';
  if (get_option('shop_orders_db') !== '${version}') {
    $before = get_option('shop_orders_db') ? $wpdb->get_results("SELECT * FROM $table", ARRAY_N) : [[1, 120], [2, 80]];
    $wpdb->query("DROP TABLE IF EXISTS $table");
    $wpdb->query("CREATE TABLE $table (id bigint NOT NULL, ${column} bigint NOT NULL, PRIMARY KEY (id))");
    foreach ($before as $row) { $wpdb->insert($table, ['id' => $row[0], '${column}' => $row[1]]); }
    update_option('shop_orders_db', '${version}');
  }
  ${after}
});
add_action('wp_footer', function () {
  global $wpdb;
  $sum = $wpdb->get_var("SELECT SUM(${column}) FROM {$wpdb->prefix}shop_orders");
  echo '<p class="shop-orders">Orders: ' . (int) $sum . '</p>';
});`;
}

function manyFiles(version: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < 1000; index += 1) {
    const changes = index % 5 === 0 ? version : 'the same';
    files[`lib/${String(index % 40)}/part-${String(index)}.php`] =
      `<?php\n// ${changes}\nreturn ${JSON.stringify('x'.repeat(600))};\n`;
  }
  return files;
}

function decoy(): Record<string, string> {
  return {
    'vendor/other/other.php': '<?php\n/*\nPlugin Name: Not this one\nVersion: 99.0\n*/\n',
    'no-header.php': '<?php\n// Nothing to see here.\n',
  };
}
