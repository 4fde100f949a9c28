<?php
/*
 * MySQL's and MariaDB's client and dump program, for hosts that have neither: over mysqli or PDO, whichever this
 * PHP has. mysql-dump.php, mysql-restore.php and mysql-link.php stand before this file, and all four travel as one.
 * Arguments: action (dump, restore, tables, schema, about, query), file on the server (empty: stdout, stdin).
 * File descriptor 3: the way in, one value a line, in hex (host, port, socket, user, password, name, prefix); then
 * the tables that a restored dump has, or the statements of a query, one a line. Nothing secret is in an argument.
 */
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '-1');
@set_time_limit(0);

try {
  list(, $gk_action, $gk_file) = $argv;
  $gk_lines = explode("\n", stream_get_contents(fopen('php://fd/3', 'r')));
  $gk_access = array_map('hex2bin', array_slice($gk_lines, 0, 7));
  $gk_link = new GkLink($gk_access);
  $gk_prefix = $gk_access[6];
  if ($gk_action === 'dump') {
    umask(0077);
    $gk_out = fopen($gk_file === '' ? 'php://stdout' : "$gk_file.part", 'wb');
    gk_dump($gk_link, $gk_prefix, $gk_out);
    if (!fflush($gk_out) || !fclose($gk_out)) throw new Exception('the dump could not be written to its end');
    if ($gk_file !== '') rename("$gk_file.part", $gk_file);
  } elseif ($gk_action === 'restore') {
    $gk_in = fopen($gk_file === '' ? 'php://stdin' : $gk_file, 'rb');
    if ($gk_in === false) throw new Exception("no such dump: $gk_file");
    gk_restore($gk_link, $gk_prefix, $gk_in, array_filter(array_slice($gk_lines, 7), 'strlen'));
  } elseif ($gk_action === 'tables') {
    foreach (gk_counts($gk_link, $gk_prefix) as $gk_row) echo implode("\t", $gk_row), "\n";
  } elseif ($gk_action === 'query') {
    foreach (array_slice($gk_lines, 7) as $gk_sql) {
      if (trim($gk_sql, "; ") === '') continue;
      if (stripos($gk_sql, 'SELECT') === 0) foreach ($gk_link->rows($gk_sql) as $gk_row) echo implode("\t", $gk_row), "\n";
      else $gk_link->run($gk_sql);
    }
  } elseif ($gk_action === 'about') {
    foreach (array(
      'server' => "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'hostname', 'port', 'datadir', 'socket')",
      'database' => 'SELECT DATABASE()', 'table' => 'SHOW FULL TABLES', 'collation' => 'SHOW COLLATION',
    ) as $gk_what => $gk_sql) foreach ($gk_link->rows($gk_sql) as $gk_row) echo $gk_what, "\t", implode("\t", $gk_row), "\n";
  } else {
    foreach ($gk_link->rows('SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA, HEX(COLUMN_DEFAULT), COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION') as $gk_row)
      if (strncmp($gk_row[0], $gk_prefix, strlen($gk_prefix)) === 0) echo implode("\t", $gk_row), "\n";
  }
} catch (GkQueryFailed $problem) {
  // In the words of the client, which are what is looked for.
  fwrite(STDERR, 'ERROR ' . $problem->getCode() . ': ' . $problem->getMessage() . "\n");
  exit(1);
} catch (GkNoClient $problem) {
  fwrite(STDERR, $problem->getMessage());
  exit(64);
} catch (Exception $problem) {
  fwrite(STDERR, $problem->getMessage() . "\n");
  exit($problem->getCode() === 65 ? 65 : 1);
}
