<?php
/*
 * Installs a WordPress whose files and wp-config.php are in place.
 * Usage: php install.php SITE.json, which holds root, url, title and password.
 */
$site = json_decode(file_get_contents($argv[1]), true);
$_SERVER['HTTP_HOST'] = parse_url($site['url'], PHP_URL_HOST) . ':' . parse_url($site['url'], PHP_URL_PORT);
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
define('WP_INSTALLING', true);
define('WP_SITEURL', $site['url']);
require $site['root'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install($site['title'], 'owner', 'owner@example.test', true, '', $site['password']);
echo get_option('db_version') ? "installed\n" : "not installed\n";
