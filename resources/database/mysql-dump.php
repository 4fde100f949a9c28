<?php
/*
 * Writes a site's tables as plain SQL, which `mysql` reads as well: from one consistent transaction, in the order of
 * the primary keys, without dates, one row in memory at a time. The same content always gives the same bytes.
 */

/** Bytes of a statement, on average and at most. */
const GK_STATEMENT = 65536;
const GK_STATEMENT_MAX = 1048576;
/** Rows that are asked for at once where a table comes in parts. */
const GK_PAGE = 200;

function gk_dump($link, $prefix, $out) {
  gk_dump_begin($link);
  $all = gk_dump_all($link, $prefix);
  gk_dump_head($link, $all, $out);
  foreach ($all['tables'] as $name) gk_dump_table($link, $name, $out);
  gk_dump_tail($link, $all, $out);
}

/** From here on the session sees one state of the database, and writes it as everybody else does. */
function gk_dump_begin($link) {
  $link->run("SET SESSION sql_mode = ''");
  $link->run("SET SESSION time_zone = '+00:00'");
  $link->run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  foreach (array('net_write_timeout', 'wait_timeout') as $limit) $link->run("SET SESSION $limit = 28800");
  $link->run('START TRANSACTION WITH CONSISTENT SNAPSHOT');
}

/** What there is to dump. */
function gk_dump_all($link, $prefix) {
  list($own, $alone) = gk_tables($link, $prefix);
  if (count($own) === 0) throw new Exception("no table of this database begins with '$prefix'", 65);
  $all = array('own' => $own, 'alone' => $alone, 'views' => array_keys($own, 'VIEW', true), 'sequences' => array_keys($own, 'SEQUENCE', true), 'tables' => array());
  foreach ($own as $name => $type) if ($type !== 'VIEW' && $type !== 'SEQUENCE') $all['tables'][] = (string)$name;
  return $all;
}

/** What stands before the tables. */
function gk_dump_head($link, $all, $out) {
  gk_write($out, "/*!40101 SET NAMES utf8mb4 */;\nSET @gk_time_zone = @@time_zone, @gk_unique = @@unique_checks, @gk_foreign = @@foreign_key_checks, @gk_mode = @@sql_mode, @gk_notes = @@sql_notes;\n"
    . "SET time_zone = '+00:00', unique_checks = 0, foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO', sql_notes = 0;\n");
  foreach ($all['sequences'] as $name) gk_dump_sequence($link, $name, $out);
  foreach ($all['views'] as $name) gk_write($out, (string)gk_placeholder($link, $name));
}

/** What stands behind the tables. */
function gk_dump_tail($link, $all, $out) {
  $own = $all['own'];
  $alone = $all['alone'];
  $placeholders = array();
  foreach ($all['views'] as $name) $placeholders[$name] = gk_placeholder($link, $name);
  // In a database that is shared they may be a neighbour's, whom a restore must not touch.
  if ($alone) foreach ($link->rows("SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1, 2") as $row) {
    $made = gk_show($link, 'SHOW CREATE ' . $row[0] . ' ' . gk_name($row[1]));
    if ($made === null || $made[2] === null) gk_note(strtolower($row[0]) . " $row[1]: this account may not read it");
    else gk_write($out, 'DROP ' . $row[0] . ' IF EXISTS ' . gk_name($row[1]) . ";\n" . gk_program($link, $made[2], $made[3], $made[4], $made[1]));
  }
  $made = array();
  foreach ($placeholders as $name => $placeholder) {
    $made[$name] = $placeholder === null ? null : gk_show($link, 'SHOW CREATE VIEW ' . gk_name($name));
    if ($made[$name] === null) gk_note("view $name: it cannot be read even by the site itself");
  }
  foreach (gk_views_in_order(array_filter($made)) as $name => $view)
    gk_write($out, 'DROP VIEW IF EXISTS ' . gk_name($name) . ";\n" . gk_program($link, $view[1], $view[2], $view[3], null));
  foreach ($link->rows('SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, TRIGGER_NAME') as $row) {
    if (!isset($own[$row[0]])) continue;
    $made = gk_show($link, 'SHOW CREATE TRIGGER ' . gk_name($row[1]));
    if ($made === null) gk_note("trigger $row[1]: this account may not read it");
    else gk_write($out, gk_program($link, $made[2], $made[3], $made[4], $made[1]));
  }
  if ($alone) foreach ($link->rows('SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1') as $row) {
    $made = gk_show($link, 'SHOW CREATE EVENT ' . gk_name($row[0]));
    if ($made === null) gk_note("event $row[0]: this account may not read it");
    else gk_write($out, 'DROP EVENT IF EXISTS ' . gk_name($row[0]) . ";\nSET time_zone = " . $link->quote($made[2]) . ";\n" . gk_program($link, $made[3], $made[4], $made[5], $made[1]) . "SET time_zone = '+00:00';\n");
  }
  gk_write($out, "SET time_zone = @gk_time_zone, unique_checks = @gk_unique, foreign_key_checks = @gk_foreign, sql_mode = @gk_mode, sql_notes = @gk_notes;\n");
}

/**
 * One table, or a part of it that ends with a statement: the parts of a table are, one after the other, the same bytes as the whole.
 * @param after where an earlier part has stopped; null: begin
 * @param full tells, after each statement, whether it is enough
 * @return where it has stopped; null: at its end
 */
function gk_dump_table($link, $table, $out, $after = null, $full = null) {
  $name = gk_name($table);
  $link->run('SAVEPOINT gk');
  if ($after === null) {
    $made = $link->rows("SHOW CREATE TABLE $name");
    gk_write($out, "DROP TABLE IF EXISTS $name;\n" . $made[0][1] . ";\n");
  }
  list($columns, $wanted, $kinds) = gk_columns($link, $table);
  // A table of nothing but generated columns has only a number of rows.
  $only = count($columns) === 0;
  if ($only) $wanted = array('1');
  $order = gk_order($link, $table);
  $begin = "INSERT INTO $name (" . implode(', ', $columns) . ") VALUES\n";
  $key = $full === null || $only ? null : gk_key($link, $table, $columns, $kinds);
  $select = 'SELECT ' . implode(', ', $wanted) . " FROM $name";
  $sorted = $order === '' ? '' : " ORDER BY $order";
  $size = 0;
  $rows = $after === null ? 0 : (int)$after['rows'];
  $values = $after === null ? null : $after['values'];
  for (;;) {
    // In parts, a page at a time: what is asked for and not wanted any more would all have to come.
    $page = 0;
    $place = $values === null ? ($rows === 0 ? '' : " OFFSET $rows") : '';
    $sql = $select . ($values === null ? '' : ' WHERE ' . gk_beyond($link, $key, $values)) . $sorted . ($full === null ? '' : ' LIMIT ' . GK_PAGE . $place);
    foreach ($link->stream($sql) as $found) {
      $page++;
      $rows++;
      $row = $found;
      if (!$only) foreach ($row as $at => $value) $row[$at] = gk_literal($link, $value, $kinds[$at]);
      $row = $only ? '()' : '(' . implode(',', $row) . ')';
      gk_write($out, $size === 0 ? $begin : ",\n");
      gk_write($out, $row);
      $size += strlen($row);
      if ($key !== null) {
        $values = array();
        foreach ($key as $column) $values[] = bin2hex((string)$found[$column['at']]);
      }
      // Statements end where the content says, so that one new row does not move the ends of all later ones, and
      // the rest of the table is stored already.
      if ($size > GK_STATEMENT_MAX || (crc32($row) & 0x7fffffff) % GK_STATEMENT < strlen($row)) {
        gk_write($out, ";\n");
        $size = 0;
        if ($full !== null && $full()) return array('rows' => $rows, 'values' => $key === null ? null : $values);
      }
    }
    if ($full === null || $page < GK_PAGE) break;
  }
  if ($size > 0) gk_write($out, ";\n");
  // Lets go of the lock on the table's definition; the transaction goes on.
  $link->run('ROLLBACK TO SAVEPOINT gk');
  return null;
}

/** The columns of the primary key, where their values can be told apart as they are written; null: rows are counted instead. */
function gk_key($link, $table, $columns, $kinds) {
  $key = array();
  foreach ($link->rows('SHOW INDEX FROM ' . gk_name($table)) as $row) {
    if ($row[2] !== 'PRIMARY') continue;
    $at = array_search(gk_name($row[4]), $columns, true);
    if ($at === false || $kinds[$at] === 'bits') return null;
    // What is sorted by its place in a list is compared by its text.
    $type = $link->rows('SHOW COLUMNS FROM ' . gk_name($table) . ' WHERE Field = ' . $link->quote($row[4]));
    if (preg_match('/^(enum|set)\b/i', $type[0][1])) return null;
    $key[] = array('name' => $columns[$at], 'at' => $at, 'kind' => $kinds[$at]);
  }
  return count($key) === 0 ? null : $key;
}

/** What comes after some values of a key, in its order. */
function gk_beyond($link, $key, $values) {
  $same = '';
  $ways = array();
  foreach ($key as $at => $column) {
    $value = gk_literal($link, hex2bin($values[$at]), $column['kind']);
    if ($column['kind'] === 'number' && !preg_match('/^-?[0-9.]+(e[-+]?[0-9]+)?$/i', $value)) throw new Exception('a cursor that is none');
    $ways[] = "($same{$column['name']} > $value)";
    $same .= "{$column['name']} = $value AND ";
  }
  return '(' . implode(' OR ', $ways) . ')';
}

/** The columns that can be written: their names, what is asked for, and how each is written. */
function gk_columns($link, $table) {
  $names = $wanted = $kinds = array();
  foreach ($link->rows('SHOW COLUMNS FROM ' . gk_name($table)) as $row) {
    // MySQL's DEFAULT_GENERATED is an ordinary column.
    if (preg_match('/\b(VIRTUAL|STORED|PERSISTENT)\b/i', $row[5])) continue;
    $name = gk_name($row[0]);
    $type = strtolower(preg_replace('/[^a-z0-9].*/is', '', $row[1]));
    $names[] = $name;
    // A FLOAT is shown with six digits; as a DOUBLE it has all of them.
    $wanted[] = $type === 'float' ? "$name + 0e0" : ($type === 'bit' ? "HEX($name)" : $name);
    if (in_array($type, array('tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double'))) $kinds[] = 'number';
    elseif ($type === 'bit') $kinds[] = 'bits';
    elseif (preg_match('/^(binary|varbinary|(tiny|medium|long|)blob|geometry|(multi|)(point|linestring|polygon)|geom(etry|)collection|vector)$/', $type)) $kinds[] = 'bytes';
    else $kinds[] = 'text';
  }
  return array($names, $wanted, $kinds);
}

function gk_literal($link, $value, $kind) {
  if ($value === null) return 'NULL';
  if ($kind === 'number') return $value;
  if ($kind === 'bits') return "0x$value";
  if ($kind === 'bytes') return $value === '' ? "''" : '0x' . bin2hex($value);
  return $link->quote($value);
}

/** The columns of the primary key, else of the first unique one; without either the table's own order stands. */
function gk_order($link, $table) {
  $keys = array();
  foreach ($link->rows('SHOW INDEX FROM ' . gk_name($table)) as $row)
    if ((string)$row[1] === '0' && $row[4] !== null) $keys[$row[2]][] = gk_name($row[4]);
  $first = isset($keys['PRIMARY']) ? $keys['PRIMARY'] : reset($keys);
  return $first === false ? '' : implode(', ', $first);
}

function gk_dump_sequence($link, $sequence, $out) {
  $name = gk_name($sequence);
  $next = $link->rows("SELECT next_not_cached_value FROM $name");
  $made = $link->rows("SHOW CREATE SEQUENCE $name");
  gk_write($out, "DROP SEQUENCE IF EXISTS $name;\n" . $made[0][1] . ";\nDO SETVAL($name, " . $next[0][0] . ", 0);\n");
}

/** A view with the same columns, so that other views can be made in any order. Null when the view is broken. */
function gk_placeholder($link, $view) {
  try {
    $columns = $link->rows('SHOW COLUMNS FROM ' . gk_name($view));
  } catch (GkQueryFailed $broken) {
    return null;
  }
  $list = array();
  foreach ($columns as $row) $list[] = '1 AS ' . gk_name($row[0]);
  $name = gk_name($view);
  return "DROP TABLE IF EXISTS $name;\nDROP VIEW IF EXISTS $name;\nCREATE VIEW $name AS SELECT " . implode(', ', $list) . ";\n";
}

/**
 * Each view after those that its text names: WITH CHECK OPTION is not allowed over a placeholder. Where texts only seem
 * to name each other, the placeholders do.
 */
function gk_views_in_order($made) {
  $ordered = array();
  $visit = function ($name) use (&$visit, &$ordered, &$made) {
    if (!isset($made[$name])) return;
    $view = $made[$name];
    unset($made[$name]);
    foreach (array_keys($made) as $other) if (strpos($view[1], gk_name($other)) !== false) $visit($other);
    $ordered[$name] = $view;
  };
  foreach (array_keys($made) as $name) $visit($name);
  return $ordered;
}

/** What SHOW CREATE answers, in the bytes that it was made with. Null when this account may not see it. */
function gk_show($link, $sql) {
  $link->run("SET SESSION character_set_results = 'binary'");
  try {
    $rows = $link->rows($sql);
  } catch (GkQueryFailed $refused) {
    $rows = array(null);
  }
  $link->run("SET SESSION character_set_results = 'utf8mb4'");
  return $rows[0];
}

/** A program (trigger, routine, event, view) under the settings that it was made with. */
function gk_program($link, $sql, $characters, $collation, $mode) {
  foreach (array(';;', '$$', '@@gk@@') as $end) if (strpos($sql, $end) === false) break;
  $set = $mode === null ? '' : 'SET sql_mode = ' . $link->quote($mode) . ";\n";
  $unset = $mode === null ? '' : "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\n";
  return "SET character_set_client = $characters;\nSET collation_connection = $collation;\n{$set}DELIMITER $end\n$sql $end\nDELIMITER ;\n{$unset}/*!40101 SET NAMES utf8mb4 */;\n";
}

function gk_write($out, $bytes) {
  for ($at = 0; $at < strlen($bytes); $at += $written) {
    $written = fwrite($out, $at === 0 ? $bytes : substr($bytes, $at));
    if ($written === false || $written === 0) throw new Exception('the dump could not be written');
  }
}

function gk_note($text) {
  fwrite(STDERR, "not in the dump: $text\n");
}
