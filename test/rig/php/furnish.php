<?php
/*
 * Gives an installed WordPress its theme, its plugins and something to read.
 * Usage: php furnish.php SITE.json, which holds root, url, tagline, theme (or null), plugins, pages and posts.
 */
$site = json_decode(file_get_contents($argv[1]), true);
$_SERVER['HTTP_HOST'] = parse_url($site['url'], PHP_URL_HOST) . ':' . parse_url($site['url'], PHP_URL_PORT);
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
require $site['root'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
update_option('blogdescription', $site['tagline']);
update_option('permalink_structure', '/%postname%/');
if ($site['theme'] !== null) {
    switch_theme($site['theme']);
}
foreach ($site['plugins'] as $plugin) {
    $error = activate_plugin($plugin);
    if (is_wp_error($error)) {
        echo $plugin . ': ' . $error->get_error_message() . "\n";
        exit(1);
    }
}
foreach (['page' => $site['pages'], 'post' => $site['posts']] as $type => $texts) {
    foreach ($texts as $title => $text) {
        wp_insert_post(['post_type' => $type, 'post_status' => 'publish', 'post_title' => $title, 'post_content' => "<!-- wp:paragraph --><p>$text</p><!-- /wp:paragraph -->"]);
    }
}
flush_rewrite_rules(false);
echo "furnished\n";
