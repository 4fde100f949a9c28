<?php
require __DIR__ . '/wp-load.php';
$home = get_option('home');
if (isset($_GET['rest_route'])) {
  header('Content-Type: application/json');
  exit(json_encode(array('name' => 'The smallest shop', 'url' => $home)));
}
if (isset($_GET['feed']) || isset($_GET['sitemap'])) {
  header('Content-Type: text/xml');
  exit("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>The smallest shop</title><link>$home</link></channel></rss>");
}
preg_match('/^ \* Version: (.*)$/m', file_get_contents(__DIR__ . '/wp-content/themes/meadow/style.css'), $theme);
?>
<!doctype html>
<html lang="en">
<head><title>The smallest shop</title></head>
<body>
<main><h1>The smallest shop</h1><p>Bread, cake and coffee, every day from seven in the morning until there is none left.</p></main>
<footer><p>Theme <?php echo trim($theme[1]); ?></p><?php do_action('wp_footer'); ?></footer>
</body>
</html>
