<?php
/* What the runner knows to do. Each verb answers with what it found; a dump and a restore go on where the request before has stopped. */

function gk_done($answer) {
  $GLOBALS['gk_answer'] = array('marker' => $GLOBALS['gk_answer']['marker'], 'ok' => true, 'error' => '', 'message' => '', 'answer' => $answer);
}
function gk_bytes($setting) {
  $text = trim((string) ini_get($setting));
  $factor = array('k' => 1024, 'm' => 1048576, 'g' => 1073741824);
  $unit = strtolower(substr($text, -1));
  return (int) ($text === '' ? 0 : (float) $text * (isset($factor[$unit]) ? $factor[$unit] : 1));
}
/** Whether a request has done enough: so many seconds, or so many bytes written. */
function gk_enough($seconds, $out = null, $bytes = 0) {
  $until = microtime(true) + $seconds;
  return function () use ($until, $out, $bytes) { return microtime(true) >= $until || ($out !== null && ftell($out) >= $bytes); };
}
/** The site's database. One hand of ours at a time: what an earlier runner has under way is waited for. */
function gk_database($question) {
  $access = array();
  foreach (array('host', 'port', 'socket', 'user', 'password', 'name', 'prefix') as $key) $access[] = (string) base64_decode($question['access'][$key]);
  $link = new GkLink($access);
  $held = $link->rows("SELECT GET_LOCK(CONCAT('gk ', LEFT(SHA1(CONCAT(DATABASE(), ' ', " . $link->quote($access[6]) . ")), 40)), 60)");
  if ((string) $held[0][0] !== '1') throw new Exception('another request is at work in the database');
  return array($link, $access[6]);
}

/** What PHP says of code that it cannot read, without running any of it; null: it can. */
function gk_unreadable($code) {
  try {
    token_get_all($code, TOKEN_PARSE);
    return null;
  } catch (Throwable $problem) {
    return array($problem->getMessage(), $problem->getLine());
  }
}
/**
 * Reads files that are to take the place of others, as many as there is time for. The answer: how many were read; and of each that could not be its number, whether
 * what is there now could be read (`worse`, `new`, `before`), what PHP says, and in which line. null: this PHP has no reader.
 */
function gk_lint($question) {
  if (!function_exists('token_get_all') || !defined('TOKEN_PARSE')) return null;
  @ini_set('memory_limit', '-1');
  $code = (string) base64_decode($question['code'], true);
  if ($question['packed']) $code = (string) gzdecode($code);
  if (hash('sha256', $code) !== $question['sha256']) throw new Exception('the files did not come whole');
  $enough = gk_enough($question['seconds']);
  $found = array();
  $at = 0;
  foreach ($question['files'] as $number => $file) {
    if ($number > 0 && $enough()) return array('read' => $number, 'found' => $found);
    $said = gk_unreadable(substr($code, $at, $file['size']));
    $at += $file['size'];
    if ($said === null) continue;
    $live = dirname(__FILE__) . '/' . base64_decode($file['live']);
    $there = is_file($live) ? file_get_contents($live) : false;
    $kind = $there === false ? 'new' : (gk_unreadable($there) === null ? 'worse' : 'before');
    $found[] = array('file' => $number, 'kind' => $kind, 'said' => base64_encode(substr($said[0], 0, 500)), 'line' => (int) $said[1]);
  }
  return array('read' => count($question['files']), 'found' => $found);
}

$gk_verb = $gk_said[1];
try {
  if ($gk_verb === 'hello') {
    $gk_cached = function_exists('opcache_reset') && ini_get('opcache.enable');
    gk_done(array('php' => PHP_VERSION, 'sapi' => PHP_SAPI, 'root' => base64_encode(dirname(__FILE__)), 'time' => time(), 'end' => GK_END, 'post' => gk_bytes('post_max_size'),
      'memory' => gk_bytes('memory_limit'), 'seconds' => (int) ini_get('max_execution_time'), 'cached' => (bool) $gk_cached, 'looks' => !$gk_cached || ini_get('opcache.validate_timestamps'),
      'unpacks' => function_exists('gzdecode')));
  } elseif ($gk_verb === 'forget') {
    $gk_cached = function_exists('opcache_reset') && ini_get('opcache.enable');
    $gk_forgotten = $gk_cached && @opcache_reset();
    gk_done(array('php' => PHP_VERSION, 'sapi' => PHP_SAPI, 'cached' => (bool) $gk_cached, 'forgotten' => (bool) $gk_forgotten, 'looks' => !$gk_cached || (bool) ini_get('opcache.validate_timestamps')));
  } elseif ($gk_verb === 'tables') {
    list($gk_link, $gk_prefix) = gk_database($gk_question);
    $gk_rows = array();
    foreach (gk_counts($gk_link, $gk_prefix) as $gk_row) $gk_rows[] = array(base64_encode($gk_row[0]), $gk_row[1]);
    gk_done($gk_rows);
  } elseif ($gk_verb === 'query') {
    list($gk_link) = gk_database($gk_question);
    $gk_rows = array();
    foreach (array_map('base64_decode', $gk_question['statements']) as $gk_sql) {
      if (strncmp($gk_sql, 'SELECT ', 7) !== 0) $gk_link->run($gk_sql);
      else foreach ($gk_link->rows($gk_sql) as $gk_row) $gk_rows[] = array_map(function ($value) { return base64_encode((string) $value); }, $gk_row);
    }
    gk_done($gk_rows);
  } elseif ($gk_verb === 'dump') {
    list($gk_link, $gk_prefix) = gk_database($gk_question);
    $gk_out = fopen('php://memory', 'w+b');
    $gk_full = gk_enough($gk_question['seconds'], $gk_out, $gk_question['bytes']);
    gk_dump_begin($gk_link);
    $gk_all = gk_dump_all($gk_link, $gk_prefix);
    $gk_cursor = $gk_question['cursor'];
    if ($gk_cursor === null) gk_dump_head($gk_link, $gk_all, $gk_out);
    $gk_next = null;
    foreach ($gk_all['tables'] as $gk_table) {
      $gk_after = null;
      if ($gk_cursor !== null) {
        $gk_order = strcmp($gk_table, base64_decode($gk_cursor['table']));
        if ($gk_order < 0 || ($gk_order === 0 && $gk_cursor['after'] === 'end')) continue;
        if ($gk_order === 0) $gk_after = $gk_cursor['after'];
      }
      $gk_stopped = gk_dump_table($gk_link, $gk_table, $gk_out, $gk_after, $gk_full);
      if ($gk_stopped !== null || $gk_full()) {
        $gk_next = array('table' => base64_encode($gk_table), 'after' => $gk_stopped === null ? 'end' : $gk_stopped);
        break;
      }
    }
    if ($gk_next === null) gk_dump_tail($gk_link, $gk_all, $gk_out);
    $gk_link->run('ROLLBACK');
    rewind($gk_out);
    $gk_bytes = stream_get_contents($gk_out);
    fclose($gk_out);
    gk_done(array('data' => base64_encode($gk_bytes), 'sha256' => hash('sha256', $gk_bytes), 'next' => $gk_next));
  } elseif ($gk_verb === 'restore') {
    list($gk_link, $gk_prefix) = gk_database($gk_question);
    $gk_bytes = (string) base64_decode($gk_question['data'], true);
    if (hash('sha256', $gk_bytes) !== $gk_question['sha256']) throw new Exception('the part of the dump did not come whole');
    $gk_state = gk_restore_part($gk_link, $gk_bytes, $gk_question['state'], gk_enough($gk_question['seconds']));
    if ($gk_question['last'] && preg_match('/\A(?:\s+|(?:--\s|#)[^\n]*(?:\n|\z)|\/\*(?!M?!).*?\*\/|;)*\z/s', substr($gk_bytes, $gk_state['passed']))) $gk_state['passed'] = strlen($gk_bytes);
    gk_done($gk_state);
  } elseif ($gk_verb === 'others') {
    list($gk_link, $gk_prefix) = gk_database($gk_question);
    list($gk_before) = gk_tables($gk_link, $gk_prefix);
    gk_drop_others($gk_link, $gk_before, array_map('base64_decode', $gk_question['kept']));
    gk_done(true);
  } elseif ($gk_verb === 'lint') {
    gk_done(gk_lint($gk_question));
  } elseif ($gk_verb === 'bye') {
    gk_gone();
    gk_done(true);
  } elseif ($gk_verb === 'read') {
    $argv = array('', dirname(__FILE__), $GLOBALS['gk_answer']['marker'] . ' ', 'all');
    $GLOBALS['gk_heard'] = '';
    // What is compiled already would run in place of what the reader hands PHP instead of wp-settings.php.
    @ini_set('opcache.enable', '0');
    gk_done(true);
/* {{read}} */
  } elseif ($gk_verb === 'migrate') {
    $argv = array('', dirname(__FILE__), $GLOBALS['gk_answer']['marker'] . ' ', (string) $gk_question['host']);
    @set_time_limit(0);
/* {{migrate}} */
    gk_done(true);
  } else {
    $GLOBALS['gk_answer']['error'] = 'verb';
    $GLOBALS['gk_answer']['message'] = 'There is no such verb.';
  }
} catch (Throwable $gk_problem) {
  $GLOBALS['gk_answer']['error'] = $gk_problem instanceof GkQueryFailed ? 'database' : ($gk_problem instanceof GkNoClient ? 'no-client' : 'failed');
  $GLOBALS['gk_answer']['message'] = ($gk_problem instanceof GkQueryFailed ? 'ERROR ' . $gk_problem->getCode() . ': ' : '') . substr($gk_problem->getMessage(), 0, 2000);
}
