# A maintenance page for visitors, while whoever knows the secret passes. WordPress runs .maintenance at each request and ignores one
# that is older than ten minutes: so it does not stay for good. PHP may never look again whether a file that it compiled has changed
# (opcache.validate_timestamps=0): so .maintenance is always the same, and what changes stands beside it.
# Variables: root, digest (SHA-256 of the secret, hex), now (seconds; `always`: it stays until it is taken away; 0: nobody is kept out).
umask 022
printf '%s %s\n' "$digest" "$now" > "$root/.maintenance.gk-new" && mv -f "$root/.maintenance.gk-new" "$root/.maintenance.gk" || exit 1
cat > "$root/.maintenance.gk-new" <<'PHP' || exit 1
<?php
// Groundskeeper is updating this site; it removes this file itself.
$upgrading = call_user_func(function () {
  $said = explode(' ', trim((string) @file_get_contents(__DIR__ . '/.maintenance.gk')));
  if (count($said) < 2) return 0;
  $secret = isset($_SERVER['HTTP_X_GROUNDSKEEPER']) ? (string) $_SERVER['HTTP_X_GROUNDSKEEPER'] : '';
  if ($secret === '' || !hash_equals($said[0], hash('sha256', $secret))) return $said[1] === 'always' ? time() : (int) $said[1];
  // WordPress runs this once more as a request ends.
  if (isset($_SERVER['HTTP_X_GROUNDSKEEPER_FORGET']) && !defined('GROUNDSKEEPER_HEARD')) {
    define('GROUNDSKEEPER_HEARD', true);
    $cached = function_exists('opcache_reset') && ini_get('opcache.enable');
    $forgotten = false;
    if ($cached && $_SERVER['HTTP_X_GROUNDSKEEPER_FORGET'] === 'forget') {
      // What has not changed stays compiled: making all of it anew keeps visitors waiting, also those of other sites on the server.
      $tells = ini_get('opcache.validate_timestamps') && function_exists('opcache_get_status') && function_exists('opcache_invalidate');
      $about = $tells ? @opcache_get_status(false) : false;
      $few = isset($about['opcache_statistics']['num_cached_scripts']) && $about['opcache_statistics']['num_cached_scripts'] < 5000;
      $kept = $few ? @opcache_get_status(true) : false;
      if (isset($kept['scripts'])) {
        $forgotten = true;
        foreach ($kept['scripts'] as $file => $script) {
          $time = strpos($file, __DIR__ . '/') === 0 ? @filemtime($file) : false;
          if ($time === false || (isset($script['timestamp']) && $script['timestamp'] === $time)) continue;
          $forgotten = @opcache_invalidate($file, true) && $forgotten;
        }
      }
      if (!$forgotten) $forgotten = @opcache_reset();
    }
    header('X-Groundskeeper: php=' . PHP_VERSION . ' sapi=' . PHP_SAPI . ' cached=' . ($cached ? 'yes' : 'no')
      . ' forgotten=' . ($forgotten ? 'yes' : 'no') . ' looks=' . ($cached && !ini_get('opcache.validate_timestamps') ? 'never' : 'again'));
    // This request goes on with what was compiled before: so no plugin of before may run in it, and change a database that is of now.
    exit;
  }
  return 0;
});
PHP
mv -f "$root/.maintenance.gk-new" "$root/.maintenance"
