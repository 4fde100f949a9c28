<?php
// What WordPress does around an update, and hardly anything else: a maintenance page, active plugins, hooks, options.
if (is_file(ABSPATH . '.maintenance')) {
  include ABSPATH . '.maintenance';
  if (time() - $upgrading < 600) {
    header('Retry-After: 600', true, 503);
    exit('<title>Maintenance</title>Briefly unavailable for scheduled maintenance. Check back in a minute.');
  }
}
$hooks = array();
$database = new SQLite3(__DIR__ . '/wp-content/database/.ht.sqlite');
$database->busyTimeout(10000);
function add_action($name, $work) { $GLOBALS['hooks'][$name][] = $work; }
function do_action($name) { foreach (isset($GLOBALS['hooks'][$name]) ? $GLOBALS['hooks'][$name] : array() as $work) $work(); }
function get_option($name) { return $GLOBALS['database']->querySingle("SELECT option_value FROM wp_options WHERE option_name = '$name'"); }
foreach (unserialize(get_option('active_plugins')) as $plugin)
  if (is_file(__DIR__ . "/wp-content/plugins/$plugin")) require __DIR__ . "/wp-content/plugins/$plugin";
do_action('init');
