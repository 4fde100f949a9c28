/*
 * Reads a WordPress installation without booting it and prints two JSON lines behind a marker: what the
 * files say, then what the configuration and the database say. The first line is out before any code of
 * the site runs, so a fatally broken site still has its inventory.
 *
 * Sent over stdin and run by `php`; writes nothing. PHP 5.6 and newer.
 * Arguments: root, marker, `files` (the first line only) or `all`.
 */
error_reporting(0);
ini_set('display_errors', '0');
ini_set('memory_limit', '256M');
set_time_limit(30);
$GLOBALS['gk_root'] = rtrim($argv[1], '/');
$GLOBALS['gk_marker'] = $argv[2];
$GLOBALS['gk_said'] = false;

/* Bytes that are not UTF-8 travel as base64. */
function gk_text($bytes) {
  if ($bytes === null || $bytes === false) return null;
  $bytes = (string) $bytes;
  return preg_match('//u', $bytes) ? $bytes : array('base64' => base64_encode($bytes));
}
function gk_say($what) {
  // The runner answers with all of it at its end.
  if (isset($GLOBALS['gk_heard'])) {
    $GLOBALS['gk_heard'] .= $GLOBALS['gk_marker'] . json_encode($what) . "\n";
    return;
  }
  echo $GLOBALS['gk_marker'], json_encode($what), "\n";
  flush();
}
/* The header fields of a file, read as WordPress's get_file_data() reads them: the first 8 KiB. */
function gk_headers($file, $fields) {
  $handle = @fopen($file, 'rb');
  if (!$handle) return null;
  $head = str_replace("\r", "\n", (string) fread($handle, 8192));
  fclose($handle);
  $found = array();
  foreach ($fields as $key => $label) {
    $found[$key] = '';
    if (preg_match('/^(?:[ \t]*<\?php)?[ \t\/*#@]*' . preg_quote($label, '/') . ':(.*)$/mi', $head, $match)) {
      $found[$key] = trim(preg_replace('/\s*(?:\*\/|\?>).*/', '', $match[1]));
    }
  }
  return $found;
}
function gk_names($folder) {
  $names = @scandir($folder);
  if (!$names) return array();
  return array_values(array_filter($names, function ($name) { return $name !== '.' && $name !== '..' && $name[0] !== '.'; }));
}
function gk_component($file, $headers) {
  $entry = array('file' => gk_text($file));
  foreach ($headers as $key => $value) $entry[$key] = gk_text($value);
  return $entry;
}
function gk_plugins($folder, $depth) {
  $fields = array('name' => 'Plugin Name', 'version' => 'Version', 'author' => 'Author', 'homepage' => 'Plugin URI', 'requiresCore' => 'Requires at least',
    'requiresPhp' => 'Requires PHP', 'needs' => 'Requires Plugins', 'updateUri' => 'Update URI');
  $files = array();
  foreach (gk_names($folder) as $name) {
    if ($depth > 0 && is_dir("$folder/$name")) {
      foreach (gk_names("$folder/$name") as $inner) if (substr($inner, -4) === '.php') $files[] = "$name/$inner";
    } elseif (substr($name, -4) === '.php') {
      $files[] = $name;
    }
  }
  $found = array();
  foreach ($files as $file) {
    $headers = gk_headers("$folder/$file", $fields);
    if ($headers && ($headers['name'] !== '' || $depth === 0)) $found[] = gk_component($file, $headers);
  }
  return $found;
}
function gk_themes($folder) {
  $fields = array('name' => 'Theme Name', 'version' => 'Version', 'author' => 'Author', 'homepage' => 'Theme URI', 'parent' => 'Template',
    'requiresCore' => 'Requires at least', 'requiresPhp' => 'Requires PHP', 'updateUri' => 'Update URI');
  $found = array();
  foreach (gk_names($folder) as $name) {
    $places = is_file("$folder/$name/style.css") ? array($name) : array_map(function ($inner) use ($name) { return "$name/$inner"; }, gk_names("$folder/$name"));
    foreach ($places as $place) {
      $headers = is_file("$folder/$place/style.css") ? gk_headers("$folder/$place/style.css", $fields) : null;
      if ($headers) $found[] = gk_component($place, $headers);
    }
  }
  return $found;
}
function gk_dropins($content) {
  $known = array('advanced-cache.php', 'db.php', 'db-error.php', 'install.php', 'maintenance.php', 'object-cache.php', 'php-error.php',
    'fatal-error-handler.php', 'sunrise.php', 'blog-deleted.php', 'blog-inactive.php', 'blog-suspended.php');
  $found = array();
  foreach ($known as $name) {
    if (is_file("$content/$name")) $found[] = gk_component($name, gk_headers("$content/$name", array('name' => 'Plugin Name', 'version' => 'Version', 'author' => 'Author')));
  }
  return $found;
}
function gk_languages($folder) {
  $found = array();
  foreach (array('' => 'core', 'plugins/' => 'plugin', 'themes/' => 'theme') as $below => $of) {
    foreach (gk_names("$folder/$below") as $name) {
      if (substr($name, -3) !== '.po') continue;
      $head = (string) @file_get_contents("$folder/$below$name", false, null, 0, 4096);
      $date = preg_match('/PO-Revision-Date:\s*([^"\\\\]+)/', $head, $match) ? trim($match[1]) : '';
      $found[] = array('file' => gk_text($below . $name), 'of' => $of, 'version' => gk_text($date));
    }
  }
  return $found;
}
function gk_version($root) {
  $text = (string) @file_get_contents("$root/wp-includes/version.php", false, null, 0, 65536);
  $found = array();
  foreach (array('wp_version' => 'version', 'wp_db_version' => 'databaseVersion', 'wp_local_package' => 'package', 'required_php_version' => 'requiresPhp',
    'required_mysql_version' => 'requiresDatabase') as $variable => $key) {
    if (preg_match('/\$' . $variable . '\s*=\s*(?:\'([^\']*)\'|"([^"]*)"|([0-9]+))/', $text, $match)) $found[$key] = gk_text(end($match));
  }
  return $found;
}
function gk_files($root, $content, $plugins, $mu) {
  return array(
    'part' => 'files', 'php' => PHP_VERSION, 'sapi' => PHP_SAPI, 'phpBinary' => gk_text(PHP_BINARY), 'core' => gk_version($root),
    'content' => gk_text($content), 'pluginFolder' => gk_text($plugins), 'muFolder' => gk_text($mu),
    'plugins' => gk_plugins($plugins, 1), 'mustUse' => gk_plugins($mu, 0), 'dropIns' => gk_dropins($content),
    'themes' => gk_themes("$content/themes"), 'languages' => gk_languages("$content/languages"),
    'maintenance' => is_file("$root/.maintenance"), 'extensions' => array_map('gk_text', get_loaded_extensions()),
  );
}

/*
 * In place of wp-settings.php. The configuration is evaluated by PHP itself, and wherever it includes
 * wp-settings.php (by ABSPATH or by its own path) it gets this instead, so that WordPress never starts.
 */
class GkFiles {
  public $context;
  private $handle;
  private $text = null;
  private $at = 0;
  private static function real($work) {
    stream_wrapper_restore('file');
    $result = $work();
    stream_wrapper_unregister('file');
    stream_wrapper_register('file', 'GkFiles');
    return $result;
  }
  public function stream_open($path, $mode, $options, &$opened) {
    if (basename($path) === 'wp-settings.php') {
      $this->text = '<?php gk_configured(get_defined_vars());';
      return true;
    }
    if ($mode[0] !== 'r' || strpos($mode, '+') !== false) return false;
    $this->handle = self::real(function () use ($path, $mode) { return @fopen($path, $mode); });
    return (bool) $this->handle;
  }
  public function stream_read($count) {
    if ($this->text === null) return fread($this->handle, $count);
    $part = (string) substr($this->text, $this->at, $count);
    $this->at += strlen($part);
    return $part;
  }
  public function stream_eof() { return $this->text === null ? feof($this->handle) : $this->at >= strlen($this->text); }
  public function stream_stat() { return $this->text === null ? fstat($this->handle) : array('size' => strlen($this->text), 'mode' => 0100644); }
  public function stream_seek($offset, $whence) { return $this->text === null ? fseek($this->handle, $offset, $whence) === 0 : false; }
  public function stream_tell() { return $this->text === null ? ftell($this->handle) : $this->at; }
  public function stream_close() { if ($this->handle) fclose($this->handle); }
  public function stream_set_option($option, $one, $two) { return false; }
  public function stream_lock($operation) { return true; }
  public function url_stat($path, $flags) {
    if (basename($path) === 'wp-settings.php') return array('size' => 1, 'mode' => 0100644);
    return self::real(function () use ($path, $flags) { return $flags & STREAM_URL_STAT_LINK ? @lstat($path) : @stat($path); });
  }
  public function dir_opendir($path, $options) { $this->handle = self::real(function () use ($path) { return @opendir($path); }); return (bool) $this->handle; }
  public function dir_readdir() { return readdir($this->handle); }
  public function dir_closedir() { closedir($this->handle); return true; }
  public function dir_rewinddir() { rewinddir($this->handle); return true; }
}
function gk_constant($name) { return defined($name) ? constant($name) : null; }

/* As is_subdomain_install() tells it. */
function gk_subdomains() {
  if (gk_constant('SUBDOMAIN_INSTALL') !== null) return (bool) SUBDOMAIN_INSTALL;
  return gk_constant('VHOST') === 'yes';
}
function gk_number($value) { return $value === null ? null : (string) (int) $value; }

/* Host, port and socket of DB_HOST, as wpdb::parse_db_host() splits it. */
function gk_host($host) {
  $socket = null; $port = null;
  $cut = strpos($host, ':/');
  if ($cut !== false) { $socket = substr($host, $cut + 1); $host = substr($host, 0, $cut); }
  $pattern = substr_count($host, ':') > 1 ? '#^(?:\[)?(?P<host>[0-9a-fA-F:]+)(?:\]:(?P<port>[\d]+))?#' : '#^(?P<host>[^:/]*)(?::(?P<port>[\d]+))?#';
  if (preg_match($pattern, $host, $match)) { $host = $match['host']; $port = empty($match['port']) ? null : (int) $match['port']; }
  return array('host' => $host === '' ? 'localhost' : $host, 'port' => $port, 'socket' => $socket);
}
function gk_rows_mysql($access, $prefix, &$result) {
  if (!function_exists('mysqli_init')) { $result['gap'] = 'PHP on the command line has no mysqli, so the database could not be read.'; return; }
  mysqli_report(MYSQLI_REPORT_OFF);
  $link = mysqli_init();
  mysqli_options($link, MYSQLI_OPT_CONNECT_TIMEOUT, 5);
  $ok = @mysqli_real_connect($link, $access['host'], $access['user'], $access['password'], $access['name'], $access['port'] ? $access['port'] : 3306, $access['socket']);
  if (!$ok) { $result['refused'] = gk_text(mysqli_connect_error()); return; }
  @mysqli_set_charset($link, 'utf8mb4');
  $version = mysqli_get_server_info($link);
  $comment = ($answer = mysqli_query($link, 'SELECT VERSION()')) ? mysqli_fetch_row($answer) : array($version);
  $result['server'] = array('kind' => stripos($comment[0], 'mariadb') !== false ? 'mariadb' : 'mysql', 'version' => preg_replace('/^5\.5\.5-(?=\d+\.\d+\.\d+-mariadb)/i', '', $comment[0]));
  gk_options(function ($sql) use ($link) {
    $rows = array();
    $answer = @mysqli_query($link, $sql);
    if (!$answer) return null;
    while ($row = mysqli_fetch_row($answer)) $rows[] = $row;
    return $rows;
  }, $prefix, $result);
  mysqli_close($link);
}
function gk_rows_sqlite($file, $prefix, &$result) {
  if (!class_exists('SQLite3')) { $result['gap'] = 'PHP on the command line has no SQLite3, so the database could not be read.'; return; }
  try {
    $link = new SQLite3($file, SQLITE3_OPEN_READONLY);
    $link->busyTimeout(5000);
    $version = SQLite3::version();
    $result['server'] = array('kind' => 'sqlite', 'version' => $version['versionString']);
    gk_options(function ($sql) use ($link) {
      $rows = array();
      $answer = @$link->query($sql);
      if (!$answer) return null;
      while ($row = $answer->fetchArray(SQLITE3_NUM)) $rows[] = $row;
      return $rows;
    }, $prefix, $result);
    $link->close();
  } catch (Exception $error) {
    $result['refused'] = gk_text($error->getMessage());
  }
}
function gk_options($query, $prefix, &$result) {
  $prefix = preg_replace('/[^A-Za-z0-9_$]/', '', $prefix);
  $rows = $query("SELECT option_name, option_value FROM {$prefix}options WHERE option_name IN ('active_plugins','template','stylesheet','siteurl','home','blogname','WPLANG','db_version','auto_update_plugins','auto_update_themes')");
  if ($rows === null) { $result['gap'] = "The table {$prefix}options could not be read."; return; }
  foreach ($rows as $row) {
    $array = @unserialize($row[1], array('allowed_classes' => false));
    $result['options'][$row[0]] = is_array($array) ? array_map('gk_text', array_values($array)) : gk_text($row[1]);
  }
  if ($result['multisite']) {
    $network = $query("SELECT meta_value FROM {$prefix}sitemeta WHERE meta_key = 'active_sitewide_plugins' LIMIT 1");
    $array = $network ? @unserialize($network[0][0], array('allowed_classes' => false)) : false;
    if (is_array($array)) $result['networkActive'] = array_map('gk_text', array_keys($array));
    $blogs = $query("SELECT COUNT(*) FROM {$prefix}blogs");
    if ($blogs) $result['blogs'] = (int) $blogs[0][0];
  }
}
function gk_configured($variables) {
  if ($GLOBALS['gk_said']) return;
  $GLOBALS['gk_said'] = true;
  stream_wrapper_restore('file');
  while (ob_get_level() > 0) ob_end_clean();
  // The site may turn every notice into an exception.
  set_error_handler(function () { return true; });
  $root = $GLOBALS['gk_root'];
  $content = gk_constant('WP_CONTENT_DIR') ? rtrim(WP_CONTENT_DIR, '/') : "$root/wp-content";
  $plugins = gk_constant('WP_PLUGIN_DIR') ? rtrim(WP_PLUGIN_DIR, '/') : "$content/plugins";
  $mu = gk_constant('WPMU_PLUGIN_DIR') ? rtrim(WPMU_PLUGIN_DIR, '/') : "$content/mu-plugins";
  if ($content !== "$root/wp-content" || $plugins !== "$content/plugins" || $mu !== "$content/mu-plugins") gk_say(gk_files($root, $content, $plugins, $mu));
  $prefix = isset($variables['table_prefix']) ? $variables['table_prefix'] : (isset($GLOBALS['table_prefix']) ? $GLOBALS['table_prefix'] : 'wp_');
  $log = gk_constant('WP_DEBUG') && gk_constant('WP_DEBUG_LOG') ? (in_array(strtolower((string) WP_DEBUG_LOG), array('1', 'true'), true) ? "$content/debug.log" : WP_DEBUG_LOG) : null;
  $result = array('part' => 'configuration', 'prefix' => gk_text($prefix), 'multisite' => (bool) (gk_constant('MULTISITE') || gk_constant('SUBDOMAIN_INSTALL') || gk_constant('VHOST') || gk_constant('SUNRISE')),
    'home' => gk_text(gk_constant('WP_HOME')), 'siteurl' => gk_text(gk_constant('WP_SITEURL')), 'errorLog' => gk_text($log ? $log : ini_get('error_log')),
    'network' => gk_constant('MULTISITE') ? array('subdomains' => gk_subdomains(), 'domain' => gk_text(gk_constant('DOMAIN_CURRENT_SITE')), 'path' => gk_text(gk_constant('PATH_CURRENT_SITE')),
      'number' => gk_number(gk_constant('SITE_ID_CURRENT_SITE')), 'mainSite' => gk_number(gk_constant('BLOG_ID_CURRENT_SITE'))) : null,
    'fileModsForbidden' => (bool) gk_constant('DISALLOW_FILE_MODS'), 'options' => new ArrayObject(), 'networkActive' => array());
  $dropin = (string) @file_get_contents("$content/db.php", false, null, 0, 16384);
  $engine = gk_constant('DB_ENGINE') !== null ? gk_constant('DB_ENGINE') : gk_constant('DATABASE_TYPE');
  if ($engine === 'sqlite' || ($engine !== 'mysql' && stripos($dropin, 'sqlite') !== false)) {
    $folder = gk_constant('DB_DIR') ? rtrim(DB_DIR, '/') : (gk_constant('FQDBDIR') ? rtrim(FQDBDIR, '/') : "$content/database");
    $file = gk_constant('FQDB') ? FQDB : $folder . '/' . (gk_constant('DB_FILE') ? DB_FILE : '.ht.sqlite');
    $result['database'] = array('kind' => 'sqlite', 'file' => gk_text($file));
    gk_rows_sqlite($file, $prefix, $result);
  } else {
    $access = gk_host((string) gk_constant('DB_HOST'));
    $access += array('name' => (string) gk_constant('DB_NAME'), 'user' => (string) gk_constant('DB_USER'), 'password' => (string) gk_constant('DB_PASSWORD'));
    $result['database'] = array('kind' => 'mysql', 'host' => gk_text($access['host']), 'port' => $access['port'], 'socket' => gk_text($access['socket']),
      'name' => gk_text($access['name']), 'user' => gk_text($access['user']), 'password' => gk_text($access['password']), 'charset' => gk_text(gk_constant('DB_CHARSET')));
    gk_rows_mysql($access, $prefix, $result);
  }
  gk_say($result);
  exit(0);
}
register_shutdown_function(function () {
  if ($GLOBALS['gk_said']) return;
  $error = error_get_last();
  // Only what ended PHP counts, not the last notice on the way.
  if ($error && !($error['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR))) $error = null;
  $GLOBALS['gk_said'] = true;
  while (ob_get_level() > 0) ob_end_clean();
  gk_say(array('part' => 'failed', 'why' => gk_text($error ? $error['message'] . ' in ' . $error['file'] . ':' . $error['line'] : 'wp-config.php ended before it reached wp-settings.php')));
});

gk_say(gk_files($GLOBALS['gk_root'], $GLOBALS['gk_root'] . '/wp-content', $GLOBALS['gk_root'] . '/wp-content/plugins', $GLOBALS['gk_root'] . '/wp-content/mu-plugins'));
if ($argv[3] === 'files') { $GLOBALS['gk_said'] = true; exit(0); }
$GLOBALS['gk_config'] = is_file($GLOBALS['gk_root'] . '/wp-config.php') ? $GLOBALS['gk_root'] . '/wp-config.php'
  : (is_file(dirname($GLOBALS['gk_root']) . '/wp-config.php') && !is_file(dirname($GLOBALS['gk_root']) . '/wp-settings.php') ? dirname($GLOBALS['gk_root']) . '/wp-config.php' : null);
if ($GLOBALS['gk_config'] === null) {
  $GLOBALS['gk_said'] = true;
  gk_say(array('part' => 'failed', 'why' => 'There is no wp-config.php, neither in the root nor above it.'));
  exit(0);
}
$_SERVER += array('HTTP_HOST' => 'localhost', 'SERVER_NAME' => 'localhost', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1');
$_SERVER['DOCUMENT_ROOT'] = $GLOBALS['gk_root'];
chdir($GLOBALS['gk_root']);
if (!defined('ABSPATH')) define('ABSPATH', $GLOBALS['gk_root'] . '/');
set_time_limit(10);
ob_start();
stream_wrapper_unregister('file');
stream_wrapper_register('file', 'GkFiles');
require $GLOBALS['gk_config'];
