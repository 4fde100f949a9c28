<?php
/*
 * Reads a dump as `mysql` would (this dumper's or mysqldump's, with DELIMITER, comments and all quotes) and runs it, one
 * statement in memory at a time.
 */

/** Runs a dump; tables of the site that it does not have go. */
function gk_restore($link, $prefix, $in, $kept) {
  list($before) = gk_tables($link, $prefix);
  $link->run("SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO', autocommit = 0");
  $escape = '\\';
  foreach (gk_statements($in, $escape) as $sql) gk_put($link, $sql, $escape);
  $link->run('COMMIT');
  gk_drop_others($link, $before, $kept);
}

/**
 * Runs as many whole statements of a part of a dump as there is time for. Each part has a session of its own: what the one before had set is in
 * `state`, and what would put back what an earlier session remembered in variables is left out.
 * @param state what this gave for the part before; null: the first
 * @param full tells, after each statement, whether it is enough
 * @return the state after it, with `passed`: bytes of it that are done
 */
function gk_restore_part($link, $bytes, $state, $full) {
  $settings = array('foreign_key_checks', 'unique_checks', 'sql_mode', 'time_zone', 'character_set_client', 'collation_connection');
  $link->run("SET SESSION foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', autocommit = 0");
  $escape = '\\';
  $end = ';';
  if ($state !== null) {
    list($end, $escape) = array($state['end'], $state['escape']);
    foreach ($settings as $at => $setting) {
      $value = (string)$state['settings'][$at];
      $link->run("SET SESSION $setting = " . ($value === '0' || $value === '1' ? $value : $link->quote($value)));
    }
  }
  $in = fopen('php://memory', 'w+b');
  fwrite($in, $bytes);
  rewind($in);
  $passed = 0;
  foreach (gk_statements($in, $escape, $end, $passed) as $sql) {
    if (!preg_match('/^\s*(\/\*M?!\d+\s*)?SET\b[^\'"]*=\s*@\w/i', $sql)) gk_put($link, $sql, $escape);
    if ($full()) break;
  }
  $now = $link->rows('SELECT @@' . implode(', @@', $settings));
  $link->run('COMMIT');
  return array('passed' => $passed, 'end' => $end, 'escape' => $escape, 'settings' => array_map('strval', $now[0]));
}

function gk_put($link, $sql, &$escape) {
  try {
    $link->run($sql);
    // Under NO_BACKSLASH_ESCAPES a backslash in what follows is one.
    if (stripos(substr($sql, 0, 200), 'sql_mode') !== false) {
      $mode = $link->rows('SELECT @@sql_mode');
      $escape = stripos($mode[0][0], 'NO_BACKSLASH_ESCAPES') === false ? '\\' : '';
    }
  } catch (GkQueryFailed $problem) {
    if ($problem->getCode() === 1065) return; // nothing but comments
    // Only an administrator may make something that acts as somebody else. It is made as our own then.
    $own = gk_without_definer($sql);
    if (!in_array($problem->getCode(), array(1227, 1698)) || $own === $sql) throw $problem;
    $link->run($own);
  }
}

function gk_drop_others($link, $before, $kept) {
  $link->run('SET SESSION foreign_key_checks = 0');
  foreach ($before as $name => $type) {
    if (in_array((string)$name, $kept, true)) continue;
    $link->run('DROP ' . ($type === 'VIEW' || $type === 'SEQUENCE' ? $type : 'TABLE') . ' IF EXISTS ' . gk_name($name));
  }
}

function gk_without_definer($sql) {
  if (!preg_match('/^\s*(CREATE|\/\*!\d+ CREATE)\b/i', $sql)) return $sql;
  return preg_replace('/\bDEFINER\s*=\s*(`([^`]|``)*`|"[^"]*"|[^\s@]+)@(`([^`]|``)*`|"[^"]*"|[^\s*]+)/i', '', $sql, 1);
}

/**
 * One statement after the other. A string may be longer than what is read at once: the place in it is kept.
 * @param passed given for a part of a dump: how much of it is behind the last whole statement; what it ends in the middle of is left
 */
function gk_statements($in, &$escape, &$end = ';', &$passed = null) {
  $part = $passed !== null;
  $buffer = '';
  $base = $start = $at = 0;
  $inside = ''; // the quote, or the end of the comment, that is waited for
  $leading = false; // whether that comment is the first of its statement
  for (;;) {
    // Enough to recognise whatever begins here.
    if (strlen($buffer) - $at < 256 && !feof($in)) {
      if ($start > 0) {
        $buffer = substr($buffer, $start);
        $base += $start;
        $at -= $start;
        $start = 0;
      }
      $buffer .= fread($in, 1048576);
      continue;
    }
    $length = strlen($buffer);
    if ($at >= $length) break;
    if ($inside === "\n" || $inside === '*/') {
      $found = strpos($buffer, $inside, $at);
      // The first half of the end may be the last byte read.
      $at = $found !== false ? $found + strlen($inside) : (feof($in) ? $length : max($at, $length - 1));
      if ($found === false && !feof($in)) continue;
      $inside = '';
      // DELIMITER stands at the beginning of a statement, and a comment before it is none of it.
      if ($leading) $start = $at;
      continue;
    }
    if ($inside !== '') {
      $at += strcspn($buffer, $inside === '`' ? '`' : $inside . $escape, $at);
      if ($at >= $length) continue;
      if ($buffer[$at] === '\\') $at += 2;
      else {
        $at += 1;
        $inside = '';
      }
      continue;
    }
    if ($start === $at) {
      $start = $at += strspn($buffer, " \t\r\n", $at);
      if ($length - $at < 256 && !feof($in)) continue;
      if (preg_match($part ? '/\GDELIMITER[ \t]+(\S+)[ \t]*(\r?\n)/i' : '/\GDELIMITER[ \t]+(\S+)[ \t]*(\r?\n|$)/i', $buffer, $line, 0, $at)) {
        $end = $line[1];
        $start = $at += strlen($line[0]);
        $passed = $base + $at;
        continue;
      }
    }
    $at += strcspn($buffer, "'\"`/-#" . $end[0], $at);
    if ($length - $at < 256 && !feof($in)) continue;
    if ($at >= $length) break;
    if (substr_compare($buffer, $end, $at, strlen($end)) === 0) {
      $from = $start;
      $start = $at + strlen($end);
      $passed = $base + $start;
      if ($at > $from) yield substr($buffer, $from, $at - $from);
      $at = $start;
      continue;
    }
    $char = $buffer[$at];
    $leading = $start === $at;
    if ($char === "'" || $char === '"' || $char === '`') $inside = $char;
    elseif ($char === '#' || ($char === '-' && preg_match('/\G--(\s|$)/', $buffer, $line, 0, $at))) $inside = "\n";
    // What follows /*! or /*M! is run, not skipped.
    elseif ($char === '/' && preg_match('/\G\/\*(?!M?!)/', $buffer, $line, 0, $at)) $inside = '*/';
    $at += $inside === '*/' ? 2 : ($inside === "\n" && $char === '-' ? 2 : 1);
  }
  if ($part) return;
  if ($inside !== '') throw new Exception('the dump ends in the middle of a statement');
  if (trim(substr($buffer, $start)) !== '') yield substr($buffer, $start);
}
