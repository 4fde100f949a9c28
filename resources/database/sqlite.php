/*
 * Hands out an SQLite database as one consistent file while the site runs: a reserved lock keeps writers
 * out for as long as the bytes take. Arguments: action (dump, tables, schema), database file, file to write to (empty: stdout).
 */
error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
set_time_limit(0);
$action = $argv[1]; $source = $argv[2]; $file = $argv[3];
if (!class_exists('SQLite3')) { fwrite(STDERR, 'PHP on the command line has no SQLite3'); exit(64); }
if (!is_file($source)) { fwrite(STDERR, "no such database: $source"); exit(65); }
$link = new SQLite3($source, SQLITE3_OPEN_READWRITE);
$link->busyTimeout(20000);
$link->enableExceptions(true);
if ($action === 'dump') {
  $link->exec('PRAGMA wal_checkpoint(TRUNCATE)');
  $link->exec('BEGIN IMMEDIATE');
  $in = fopen($source, 'rb');
  umask(0077);
  $out = fopen($file === '' ? 'php://stdout' : "$file.part", 'wb');
  $copied = stream_copy_to_stream($in, $out);
  if ($copied !== filesize($source) || !fflush($out) || !fclose($out)) { fwrite(STDERR, "only $copied bytes could be written"); exit(1); }
  if ($file !== '') rename("$file.part", $file);
  $link->exec('ROLLBACK');
} else {
  $names = array();
  $rows = $link->query("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
  while ($row = $rows->fetchArray(SQLITE3_NUM)) {
    if ($action === 'schema') { echo str_replace("\n", ' ', $row[0] . "\t" . $row[1]), "\n"; continue; }
    echo $row[0], "\t", $link->querySingle('SELECT COUNT(*) FROM "' . str_replace('"', '""', $row[0]) . '"'), "\n";
  }
}
