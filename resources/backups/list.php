<?php
/*
 * Lists files in the records of main/backups/stat-listing.ts, where the server has no program that could.
 * Arguments: marker, where to start (./path), then each path that is left out.
 */
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '-1');
@set_time_limit(0);
list(, $marker, $start) = $argv;
$left_out = array_flip(array_slice($argv, 3));
echo $marker, 'n', time(), "\n";
for ($waiting = array($start); $waiting;) {
  $path = array_pop($waiting);
  if (isset($left_out[$path])) continue;
  $stat = @lstat($path);
  if ($stat === false) { fwrite(STDERR, "$path: not there, or not to be looked at\n"); continue; }
  $type = $stat['mode'] & 0170000;
  if ($type !== 0100000 && $type !== 0040000 && $type !== 0120000) continue;
  echo $marker, 's', dechex($stat['mode']), ' ', $stat['size'], ' ', $stat['mtime'], ' ', $stat['ctime'], ' ', $stat['ino'], ' ', $path, "\n";
  if ($type === 0120000) {
    $target = @readlink($path);
    if ($target !== false) echo $marker, 'l', $path, "\n", $marker, 't', $target, "\n";
  } elseif ($type === 0040000) {
    $names = is_readable($path) && is_executable($path) ? @scandir($path, SCANDIR_SORT_DESCENDING) : false;
    if ($names === false) { echo $marker, 'x', $path, "\n"; continue; }
    foreach ($names as $name) if ($name !== '.' && $name !== '..') $waiting[] = "$path/$name";
  }
}
