<?php
/*
 * Lists, packs, unpacks and hashes files where the server has no program that could. Arguments:
 *   list MARKER ./START ./LEFT-OUT…   records as main/backups/pull/stat-listing.ts reads them
 *   look MARKER                       the same for the names on stdin alone, each ended by a NUL
 *   pack                              names on stdin, each ended by a NUL; a tar archive on stdout
 *   hash ALGORITHM ./PLACE…           each file below the places (none: those named on stdin) as md5sum -z and sha256sum -z print it
 *   unpack                            an archive of main/backups/pull/tar.ts on stdin, into this folder
 * pack ends as GNU's tar does: 1 when a file changed while it was read, 2 when one could not be.
 */
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '-1');
@set_time_limit(0);
$said = 0;
// Names go as GNU's tar writes them.
function say($code, $path, $text) { global $said; $said = max($said, $code); fwrite(STDERR, addcslashes($path, "\0..\37\\\177..\377") . ": $text\n"); }
function fail($text) { fwrite(STDERR, "$text\n"); exit(3); }
function put($bytes) {
  for ($at = 0; $at < strlen($bytes); $at += $n) {
    $n = fwrite(STDOUT, $at === 0 ? $bytes : substr($bytes, $at));
    if (!$n) fail('the archive could not be written');
  }
}
function number($value, $length) {
  if ($value < pow(8, $length - 1)) return str_pad(decoct((int) $value), $length - 1, '0', STR_PAD_LEFT) . "\0";
  $bytes = '';
  for ($left = $value; strlen($bytes) < $length - 1; $left = floor($left / 256)) $bytes = chr((int) fmod($left, 256)) . $bytes;
  return "\x80$bytes";
}
function block($name, $type, $size, $mode, $mtime) {
  $head = str_pad(substr($name, 0, 100), 100, "\0") . number($mode & 07777, 8) . number(0, 8) . number(0, 8) . number($size, 12) . number(max(0, $mtime), 12);
  $tail = $type . str_repeat("\0", 100) . "ustar  \0" . str_repeat("\0", 247);
  $sum = 8 * 32;
  foreach (array($head, $tail) as $part) foreach (count_chars($part, 1) as $byte => $count) $sum += $byte * $count;
  return $head . str_pad(decoct($sum), 6, '0', STR_PAD_LEFT) . "\0 " . $tail;
}
function padding($size) { return str_repeat("\0", (512 - (int) fmod($size, 512)) % 512); }

function list_files($marker, $start, $left_out) {
  $left_out = array_flip($left_out);
  echo $marker, 'n', time(), "\n";
  for ($waiting = array($start); $waiting;) {
    $path = array_pop($waiting);
    if (isset($left_out[$path])) continue;
    if (list_one($marker, $path) !== 0040000) continue;
    $names = names_in($path);
    if ($names === false) { echo $marker, 'x', $path, "\n"; continue; }
    foreach ($names as $name) $waiting[] = "$path/$name";
  }
}
function list_one($marker, $path) {
  $stat = @lstat($path);
  if ($stat === false) { fwrite(STDERR, "$path: not there, or not to be looked at\n"); return 0; }
  $type = $stat['mode'] & 0170000;
  if ($type !== 0100000 && $type !== 0040000 && $type !== 0120000) return 0;
  echo $marker, 's', dechex($stat['mode']), ' ', $stat['size'], ' ', $stat['mtime'], ' ', $stat['ctime'], ' ', $stat['ino'], ' ', $path, "\n";
  if ($type === 0120000) {
    $target = @readlink($path);
    if ($target !== false) echo $marker, 'l', $path, "\n", $marker, 't', $target, "\n";
  }
  return $type;
}
function names_in($folder) {
  $names = is_readable($folder) && is_executable($folder) ? @scandir($folder, SCANDIR_SORT_DESCENDING) : false;
  return $names === false ? false : array_diff($names, array('.', '..'));
}
function look_at_named($marker) {
  echo $marker, 'n', time(), "\n";
  each_named(function ($name) use ($marker) { list_one($marker, $name); });
}

function hash_one($algorithm, $path) {
  $hash = is_file($path) && is_readable($path) ? @hash_file($algorithm, $path) : false;
  if ($hash === false) say(1, $path, 'cannot be read');
  else echo $hash, '  ', $path, "\0";
}
function hash_below($algorithm, $place) {
  for ($waiting = array($place); $waiting;) {
    $path = array_pop($waiting);
    $stat = @lstat($path);
    $type = $stat === false ? 0 : $stat['mode'] & 0170000;
    if ($type === 0100000) hash_one($algorithm, $path);
    elseif ($type === 0040000) foreach (names_in($path) ?: array() as $name) $waiting[] = "$path/$name";
  }
}

function pack_file($path) {
  clearstatcache();
  $stat = @lstat($path);
  if ($stat === false) return say(2, $path, 'No such file or directory');
  // What is no file any more is not opened: a pipe would never answer.
  if (($stat['mode'] & 0170000) !== 0100000) return say(1, $path, 'is no file any more');
  $file = @fopen($path, 'rb');
  if ($file === false) return say(2, $path, (file_exists($path) ? 'Permission denied' : 'No such file or directory'));
  $stat = fstat($file);
  $size = $stat['size'];
  if (strlen($path) > 100) put(block('././@LongLink', 'L', strlen($path) + 1, 0644, 0) . "$path\0" . padding(strlen($path) + 1));
  put(block($path, '0', $size, $stat['mode'], $stat['mtime']));
  for ($left = $size; $left > 0; $left -= strlen($part)) {
    $part = @fread($file, (int) min($left, 1048576));
    if ($part === false || $part === '') break;
    put($part);
  }
  $now = fstat($file);
  fclose($file);
  if ($left <= 0 && ($now['size'] !== $size || $now['ctime'] !== $stat['ctime'] || $now['mtime'] !== $stat['mtime'])) say(1, $path, 'file changed as we read it');
  if ($left > 0) {
    say(1, $path, "File shrank by $left bytes; padding with zeros");
    for (; $left > 0; $left -= $n) put(str_repeat("\0", $n = (int) min($left, 1048576)));
  }
  put(padding($size));
}
function each_named($work) {
  for ($held = ''; !feof(STDIN);) {
    $names = explode("\0", $held . fread(STDIN, 65536));
    $held = array_pop($names);
    foreach ($names as $name) $work($name);
  }
}
function pack_named() {
  each_named('pack_file');
  put(str_repeat("\0", 1024));
}

function take($length) {
  for ($bytes = ''; strlen($bytes) < $length; $bytes .= $part) {
    $part = fread(STDIN, $length - strlen($bytes));
    if ($part === false || $part === '') fail('the archive broke off');
  }
  return $bytes;
}
function read_number($field) {
  if (ord($field[0]) !== 0x80) return octdec(trim($field, "\0 "));
  for ($value = 0, $at = 1; $at < strlen($field); $at += 1) $value = $value * 256 + ord($field[$at]);
  return $value;
}
function up_to_nul($field) { $end = strpos($field, "\0"); return $end === false ? $field : substr($field, 0, $end); }
function unpack_all() {
  $long = array('L' => null, 'K' => null);
  $folders = array();
  for (;;) {
    $head = take(512);
    if (trim($head, "\0") === '') break;
    $type = $head[156];
    $size = read_number(substr($head, 124, 12));
    if ($type === 'L' || $type === 'K') { $long[$type] = up_to_nul(take($size)); take(strlen(padding($size))); continue; }
    $name = $long['L'] === null ? up_to_nul(substr($head, 0, 100)) : $long['L'];
    $target = $long['K'] === null ? up_to_nul(substr($head, 157, 100)) : $long['K'];
    $long = array('L' => null, 'K' => null);
    $mode = octdec(trim(substr($head, 100, 8), "\0 "));
    $mtime = (int) read_number(substr($head, 136, 12));
    if ($type === '5') {
      $name = rtrim($name, '/');
      if (!is_dir($name) && !@mkdir($name, 0700)) fail("$name: cannot be made");
      $folders[$name] = array($mode, $mtime);
      continue;
    }
    @unlink($name);
    if ($type === '2') { if (!@symlink($target, $name)) fail("$name: cannot be made"); continue; }
    $file = @fopen($name, 'xb');
    if ($file === false) fail("$name: cannot be made");
    for ($left = $size; $left > 0; $left -= strlen($part)) {
      $part = take((int) min($left, 1048576));
      if (fwrite($file, $part) !== strlen($part)) fail("$name: could not be written, No space left on device perhaps");
    }
    if (!fclose($file) || !chmod($name, $mode) || !touch($name, $mtime)) fail("$name: could not be finished");
    take(strlen(padding($size)));
  }
  foreach (array_reverse($folders, true) as $name => $stamp) { chmod((string) $name, $stamp[0]); touch((string) $name, $stamp[1]); }
}

switch ($argv[1]) {
  case 'list': list_files($argv[2], $argv[3], array_slice($argv, 4)); break;
  case 'look': look_at_named($argv[2]); break;
  case 'pack': pack_named(); break;
  case 'unpack': unpack_all(); break;
  case 'hash':
    $algorithm = $argv[2];
    if (count($argv) === 3) each_named(function ($name) use ($algorithm) { hash_one($algorithm, $name); });
    foreach (array_slice($argv, 3) as $place) hash_below($algorithm, $place);
    $said = 0;
    break;
  default: fail('what?');
}
exit($said);
