/*
 * Forgets what was kept of another content: pages kept as files, and what the object cache holds (it outlives the database it was read from).
 * Arguments: root, marker, the host and the path of the site's address. Prints the marker and {"files"}: how many went.
 */
error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
set_time_limit(0);
$root = rtrim($argv[1], '/');
function gk_empty($folder) {
  $gone = 0;
  foreach ((array) @scandir($folder) as $name) {
    if ($name === '.' || $name === '..' || $name === false) continue;
    $path = "$folder/$name";
    if (is_dir($path) && !is_link($path)) {
      $gone += gk_empty($path);
      @rmdir($path);
    } elseif (@unlink($path)) $gone++;
  }
  return $gone;
}
$cache = "$root/wp-content/cache";
$files = is_dir($cache) && !is_link($cache) ? gk_empty($cache) : 0;
define('WP_INSTALLING', true);
define('WP_USE_THEMES', false);
define('DISABLE_WP_CRON', true);
$_SERVER += array('HTTP_HOST' => $argv[3], 'SERVER_NAME' => $argv[3], 'REQUEST_URI' => isset($argv[4]) ? $argv[4] : '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1', 'PHP_SELF' => '/index.php');
chdir($root);
require $root . '/wp-load.php';
wp_cache_flush();
echo $argv[2], json_encode(array('files' => $files)), "\n";
