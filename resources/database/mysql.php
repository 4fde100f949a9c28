<?php
/*
 * MySQL's and MariaDB's client and dump program, for hosts that have neither: over mysqli or PDO, whichever this
 * PHP has. mysql-dump.php and mysql-restore.php stand before this file, and all three travel as one.
 * Arguments: action (dump, restore, tables, schema, about), file on the server (empty: stdout, stdin).
 * File descriptor 3: the way in, one value a line, in hex (host, port, socket, user, password, name, prefix); then
 * the tables that a restored dump has, one a line. Nothing secret is in an argument.
 */
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '-1');
@set_time_limit(0);

class GkQueryFailed extends Exception {}

/** One session, with only what is needed, so that mysqli and PDO are the same to the rest. */
class GkLink {
  private $mysqli = null;
  private $pdo = null;

  public function __construct($access) {
    list($host, $port, $socket, $user, $password, $name) = $access;
    if ($host === '') $host = 'localhost';
    if (function_exists('mysqli_init')) {
      mysqli_report(MYSQLI_REPORT_OFF);
      $this->mysqli = mysqli_init();
      $this->mysqli->options(MYSQLI_OPT_CONNECT_TIMEOUT, 20);
      // A dump that is restored must not read this server's files.
      $this->mysqli->options(MYSQLI_OPT_LOCAL_INFILE, 0);
      if (!@$this->mysqli->real_connect($socket === '' ? $host : 'localhost', $user, $password, $name, (int)$port, $socket === '' ? null : $socket))
        throw new GkQueryFailed(mysqli_connect_error(), mysqli_connect_errno());
      $this->mysqli->set_charset('utf8mb4');
    } elseif (class_exists('PDO') && in_array('mysql', PDO::getAvailableDrivers())) {
      $way = $socket === '' ? "host=$host" . ($port === '' ? '' : ";port=$port") : "unix_socket=$socket";
      try {
        $this->pdo = new PDO("mysql:$way;dbname=$name;charset=utf8mb4", $user, $password, array(PDO::ATTR_TIMEOUT => 20, PDO::MYSQL_ATTR_LOCAL_INFILE => 0));
      } catch (PDOException $problem) {
        throw new GkQueryFailed($problem->getMessage(), (int)$problem->getCode());
      }
      $this->pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_SILENT);
      $this->pdo->setAttribute(PDO::ATTR_STRINGIFY_FETCHES, true);
    } else {
      fwrite(STDERR, 'PHP on the command line has neither mysqli nor PDO for MySQL');
      exit(64);
    }
  }

  /** Runs one statement; what it answers is thrown away. */
  public function run($sql) {
    $result = $this->mysqli ? $this->mysqli->query($sql) : $this->pdo->query($sql);
    if ($result === false) $this->failed($sql);
    if ($result instanceof mysqli_result) $result->free();
    elseif ($result instanceof PDOStatement) $result->closeCursor();
  }

  /** Every row of an answer that is small. */
  public function rows($sql) {
    $rows = array();
    foreach ($this->stream($sql) as $row) $rows[] = $row;
    return $rows;
  }

  /** One row after the other, never more than one in memory. Until the last one nothing else can be asked. */
  public function stream($sql) {
    if ($this->mysqli) {
      $result = $this->mysqli->query($sql, MYSQLI_USE_RESULT);
      if ($result === false) $this->failed($sql);
      while ($row = $result->fetch_row()) yield $row;
      // A row that never came looks like the end.
      if ($this->mysqli->errno) $this->failed($sql);
      $result->free();
    } else {
      $this->pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
      $result = $this->pdo->query($sql);
      if ($result === false) $this->failed($sql);
      while ($row = $result->fetch(PDO::FETCH_NUM)) yield $row;
      $end = $result->errorInfo();
      if (isset($end[1]) && $end[1]) throw new GkQueryFailed($end[2], (int)$end[1]);
      $result->closeCursor();
      $this->pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, true);
    }
  }

  /** A text as a literal. */
  public function quote($text) {
    return $this->mysqli ? "'" . $this->mysqli->real_escape_string($text) . "'" : $this->pdo->quote($text);
  }

  private function failed($sql) {
    $code = $this->mysqli ? $this->mysqli->errno : $this->pdo->errorInfo()[1];
    $said = $this->mysqli ? $this->mysqli->error : $this->pdo->errorInfo()[2];
    throw new GkQueryFailed($said . ' [' . substr(preg_replace('/\s+/', ' ', $sql), 0, 120) . ']', (int)$code);
  }
}

function gk_name($name) {
  return '`' . str_replace('`', '``', $name) . '`';
}

/** Names and types (BASE TABLE, VIEW, SEQUENCE, …) of all that is the site's, and whether the database is its alone. */
function gk_tables($link, $prefix) {
  $own = array();
  $alone = true;
  foreach ($link->rows('SHOW FULL TABLES') as $row) {
    if (strncmp($row[0], $prefix, strlen($prefix)) === 0) $own[$row[0]] = $row[1];
    else $alone = false;
  }
  ksort($own, SORT_STRING);
  return array($own, $alone);
}

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
    list($gk_own) = gk_tables($gk_link, $gk_prefix);
    foreach ($gk_own as $gk_table => $gk_type) {
      // A view has no rows of its own, and may not even be readable.
      $gk_count = $gk_type === 'VIEW' ? array(array(0)) : $gk_link->rows('SELECT COUNT(*) FROM ' . gk_name($gk_table));
      echo $gk_table, "\t", $gk_count[0][0], "\n";
    }
  } elseif ($gk_action === 'about') {
    foreach (array(
      'server' => "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'hostname', 'port', 'datadir', 'socket')",
      'database' => 'SELECT DATABASE()', 'table' => 'SHOW FULL TABLES', 'collation' => 'SHOW COLLATION',
    ) as $gk_what => $gk_sql) foreach ($gk_link->rows($gk_sql) as $gk_row) echo $gk_what, "\t", implode("\t", $gk_row), "\n";
  } else {
    foreach ($gk_link->rows('SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION') as $gk_row)
      if (strncmp($gk_row[0], $gk_prefix, strlen($gk_prefix)) === 0) echo implode("\t", $gk_row), "\n";
  }
} catch (GkQueryFailed $problem) {
  // In the words of the client, which are what is looked for.
  fwrite(STDERR, 'ERROR ' . $problem->getCode() . ': ' . $problem->getMessage() . "\n");
  exit(1);
} catch (Exception $problem) {
  fwrite(STDERR, $problem->getMessage() . "\n");
  exit($problem->getCode() === 65 ? 65 : 1);
}
