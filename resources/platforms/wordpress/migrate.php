/*
 * WordPress's own database upgrade, in a process of its own so that the new code is what loads.
 * Arguments: root, marker. Prints the marker and {"before","after"}: the database's version.
 */
error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
set_time_limit(0);
$root = rtrim($argv[1], '/');
define('WP_INSTALLING', true);
define('WP_USE_THEMES', false);
define('DISABLE_WP_CRON', true);
$_SERVER += array('HTTP_HOST' => $argv[3], 'SERVER_NAME' => $argv[3], 'REQUEST_URI' => '/wp-admin/upgrade.php', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1', 'PHP_SELF' => '/wp-admin/upgrade.php');
chdir($root);
require $root . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
global $wpdb, $wp_db_version;
$before = (int) get_option('db_version');
wp_cache_flush();
wp_upgrade();
$count = 1;
if (is_multisite()) {
  foreach (get_sites(array('number' => 0, 'fields' => 'ids', 'spam' => 0, 'deleted' => 0, 'archived' => 0)) as $id) {
    if ((int) $id === (int) get_main_site_id()) continue;
    switch_to_blog($id);
    wp_upgrade();
    restore_current_blog();
    $count++;
  }
}
wp_cache_flush();
$after = (int) get_option('db_version');
if ($after !== (int) $wp_db_version) {
  fwrite(STDERR, "the database is at version $after after the upgrade, $wp_db_version was wanted; " . $wpdb->last_error);
  exit(1);
}
echo $argv[2], json_encode(array('before' => $before, 'after' => $after, 'sites' => $count)), "\n";
