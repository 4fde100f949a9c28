<?php
/*
 * The way into a database of MySQL or MariaDB, over mysqli or PDO, whichever this PHP has.
 */

class GkQueryFailed extends Exception {}
class GkNoClient extends Exception {}

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
      throw new GkNoClient('PHP has neither mysqli nor PDO for MySQL');
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
      try {
        while ($row = $result->fetch_row()) yield $row;
        // A row that never came looks like the end.
        if ($this->mysqli->errno) $this->failed($sql);
      } finally {
        $result->free();
      }
    } else {
      $this->pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
      $result = $this->pdo->query($sql);
      if ($result === false) $this->failed($sql);
      try {
        while ($row = $result->fetch(PDO::FETCH_NUM)) yield $row;
        $end = $result->errorInfo();
        if (isset($end[1]) && $end[1]) throw new GkQueryFailed($end[2], (int)$end[1]);
      } finally {
        $result->closeCursor();
        $this->pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, true);
      }
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

/** The site's tables and sequences with their rows; a view has no rows of its own, and may not even be readable. */
function gk_counts($link, $prefix) {
  list($own) = gk_tables($link, $prefix);
  $counts = array();
  foreach ($own as $name => $type) {
    $count = $type === 'VIEW' ? array(array(0)) : $link->rows('SELECT COUNT(*) FROM ' . gk_name((string)$name));
    $counts[] = array((string)$name, (int)$count[0][0]);
  }
  return $counts;
}
