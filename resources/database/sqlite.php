/*
 * Hands out an SQLite database as one consistent file while the site runs: a reserved lock keeps writers
 * out for as long as the bytes take. Puts single tables in place, all of them or none. Arguments: action (dump, tables, schema, put, query),
 * database file, file to write to (empty: stdout), statements, one a line, or file with packed tables, for those the file's size.
 */
function gkName($name) { return '"' . str_replace('"', '""', $name) . '"'; }
/* Of a text only the first statement is ever run. */
function gkRun($link, $sql, $values = array()) {
  $statement = $link->prepare($sql);
  foreach ($values as $at => $value) $statement->bindValue($at + 1, $value);
  $result = $statement->execute();
  $rows = array();
  if ($result->numColumns() > 0) while ($row = $result->fetchArray(SQLITE3_NUM)) $rows[] = $row;
  $statement->close();
  return $rows;
}
/* Rows that refer to rows that are not there, by table; null where that cannot be told. */
function gkOrphans($link) {
  try {
    $found = array();
    foreach (gkRun($link, 'PRAGMA main.foreign_key_check') as $row) {
      $key = "$row[0] to $row[2]";
      $found[$key] = isset($found[$key]) ? $found[$key] + 1 : 1;
    }
    return $found;
  } catch (Exception $error) { return null; }
}
/* Tables are dropped and made again: with foreign keys off that touches no other table, and views, which go by names, stay. */
function gkPut($link, $file) {
  $link->exec('PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON');
  gkRun($link, 'ATTACH ? AS gk', array($file));
  $link->exec('BEGIN IMMEDIATE');
  $before = gkOrphans($link);
  $tables = gkRun($link, 'SELECT name, rows, columns, sequence FROM gk.packed ORDER BY rows');
  foreach ($tables as $table) $link->exec('DROP TABLE IF EXISTS main.' . gkName($table[0]));
  foreach (gkRun($link, "SELECT sql FROM gk.made WHERE kind = 'table' ORDER BY at") as $made) gkRun($link, $made[0]);
  foreach ($tables as $table) {
    list($name, $rows, $columns, $sequence) = $table;
    $into = array_map('gkName', json_decode($columns));
    $from = array();
    foreach (array_keys($into) as $at) $from[] = "c$at";
    $link->exec('INSERT INTO main.' . gkName($name) . ' (' . implode(', ', $into) . ') SELECT ' . implode(', ', $from) . " FROM gk.rows_$rows ORDER BY at");
    if ($sequence === null) continue;
    gkRun($link, 'DELETE FROM main.sqlite_sequence WHERE name = ?', array($name));
    gkRun($link, 'INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)', array($name, $sequence));
  }
  foreach (gkRun($link, "SELECT sql FROM gk.made WHERE kind <> 'table' ORDER BY at") as $made) gkRun($link, $made[0]);
  foreach ($tables as $table)
    foreach (gkRun($link, "PRAGMA main.integrity_check('" . str_replace("'", "''", $table[0]) . "')") as $said)
      if ($said[0] !== 'ok') throw new Exception("the table would not be sound: $said[0]");
  $after = gkOrphans($link);
  $link->exec('COMMIT');
  if ($after === null) echo "Whether all rows that are referred to are there cannot be told.\n";
  else foreach ($after as $which => $many)
    if ($before === null || !isset($before[$which]) || $before[$which] < $many) echo "$many rows refer to rows that are not there: $which.\n";
}
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
  if ($file !== '' && !rename("$file.part", $file)) exit(1);
  $link->exec('ROLLBACK');
} elseif ($action === 'put') {
  if (filesize($file) !== (int) $argv[4]) { fwrite(STDERR, 'the tables did not come whole; nothing was changed'); exit(1); }
  try { gkPut($link, $file); } catch (Exception $error) { fwrite(STDERR, $error->getMessage() . '; nothing was changed'); exit(1); }
} elseif ($action === 'query') {
  foreach (explode("\n", $file) as $sql) foreach ($sql === '' ? array() : gkRun($link, $sql) as $row) echo implode("\t", $row), "\n";
} else {
  $names = array();
  $rows = $link->query("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
  while ($row = $rows->fetchArray(SQLITE3_NUM)) {
    if ($action === 'schema') { echo str_replace("\n", ' ', $row[0] . "\t" . $row[1]), "\n"; continue; }
    echo $row[0], "\t", $link->querySingle('SELECT COUNT(*) FROM "' . str_replace('"', '""', $row[0]) . '"'), "\n";
  }
}
