/** What waits for each small site: releases that go well, that migrate, and that make the site worse. */
import { aPlugin, type Release } from '../rig/component.ts';
import { badPlugins, goodPlugins } from '../rig/plugins.ts';
import { meadow } from '../rig/themes.ts';

/** A plugin that changes its table at the first request, as dbDelta() does for others. */
function till(slug: string, name: string, column: string, after: string): Release {
  const code = (version: string, change: string, more: string) => `
add_action('init', function () {
  global $database;
  $database->exec('BEGIN IMMEDIATE');
  if ((string) get_option('${slug}_db') !== '${version}') { // In place of dbDelta().
    ${change}
    $database->exec("REPLACE INTO wp_options (option_name, option_value) VALUES ('${slug}_db', '${version}')");
  }
  $database->exec('COMMIT');
});
add_action('wp_footer', function () {
  global $database;
  echo '<p>${name}: ' . implode(' ', (array) $database->querySingle('SELECT * FROM "wp_${slug}"', true)) . '</p>';
});
${more}`;
  const made = `$database->exec('CREATE TABLE "wp_${slug}" (id INTEGER PRIMARY KEY, total INTEGER); INSERT INTO "wp_${slug}" VALUES (1, 120)');`;
  const changed = `$database->exec('ALTER TABLE "wp_${slug}" ADD COLUMN ${column} INTEGER NOT NULL DEFAULT 25');`;
  return {
    old: aPlugin({ slug, name, version: '1.0.0', code: code('1', made, '') }),
    new: aPlugin({ slug, name, version: '2.0.0', code: code('2', changed, after) }),
  };
}

/** One thing that can be updated on a small site. */
export interface Ware {
  readonly release: Release;
  /** Whether its new version makes the site worse, so that only the old one may be there at the end. */
  readonly breaks: boolean;
}

export const WARES: readonly Ware[] = [
  { release: goodPlugins.openingHours, breaks: false },
  { release: till('till', 'Till', 'tax', ''), breaks: false },
  { release: meadow, breaks: false },
  { release: badPlugins.diesOnLoad, breaks: true },
  { release: till('orders', 'Orders', 'amount', 'orders_function_that_is_not_there();'), breaks: true },
];
