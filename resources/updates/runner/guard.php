<?php
/*
 * The one-time runner, for hosts that give SFTP and no shell: what only PHP can do there (ask the configuration and the database, dump, restore, upgrade, forget
 * compiled code), for the length of one run. It lies in the web root under a name that nobody can guess, knows one public key and fixed verbs, does nothing but
 * what that run has signed, each request once and in time, and removes itself when its end has come and anybody calls it. PHP 7.0 and newer.
 *
 * This file comes first; mysql-dump.php, mysql-restore.php, mysql-link.php and verbs.php follow, and all travel as one. In it are put: the run's name, the host that
 * it was made for, its end (seconds, by this server's clock), and the public key.
 *
 * A request is a POST: a line `VERB NUMBER UNTIL MARKER SIGNATURE`, then its question as JSON in base64 (what looks like SQL or PHP is often kept from a
 * web root by the host). SIGNATURE is ECDSA with P-256 and SHA-256, in base64, over all of it. NUMBER only ever grows: the last one lies in a file beside this one,
 * which is locked as long as a request is at work, so that no two are.
 */
error_reporting(0);
ini_set('display_errors', '0');
ini_set('html_errors', '0');
@ini_set('zlib.output_compression', '0');

const GK_RUN = '{{run}}';
const GK_HOST = '{{host}}';
const GK_END = {{end}};
const GK_KEY = '{{key}}';
/** Bytes of a request that are read. */
const GK_MOST = 33554432;

/** What everybody hears who may not ask: nothing, as if nothing were there. */
function gk_nothing() {
  http_response_code(404);
  header_remove('X-Powered-By');
  exit;
}
function gk_counter() {
  return dirname(__FILE__) . '/.' . basename(__FILE__, '.php') . '.count';
}
function gk_gone() {
  @unlink(gk_counter());
  @unlink(__FILE__);
  if (function_exists('opcache_invalidate')) @opcache_invalidate(__FILE__, true);
}

if (time() >= GK_END) {
  gk_gone();
  gk_nothing();
}
if (!isset($_SERVER['REQUEST_METHOD']) || $_SERVER['REQUEST_METHOD'] !== 'POST' || !function_exists('openssl_verify')) gk_nothing();
$gk_body = (string) file_get_contents('php://input', false, null, 0, GK_MOST + 1);
$gk_line = strpos($gk_body, "\n");
if ($gk_line === false || $gk_line > 500 || strlen($gk_body) > GK_MOST) gk_nothing();
if (!preg_match('/^([a-z]{1,20}) ([1-9][0-9]{0,14}) ([0-9]{1,12}) (gk-[0-9a-f]{32}) ([A-Za-z0-9+\/=]{1,200})$/', substr($gk_body, 0, $gk_line), $gk_said)) gk_nothing();
$gk_body = substr($gk_body, $gk_line + 1);
$gk_signed = implode("\n", array('groundskeeper runner 1', GK_RUN, GK_HOST, $gk_said[1], $gk_said[2], $gk_said[3], $gk_said[4], hash('sha256', $gk_body)));
if (openssl_verify($gk_signed, (string) base64_decode($gk_said[5], true), "-----BEGIN PUBLIC KEY-----\n" . chunk_split(GK_KEY, 64, "\n") . "-----END PUBLIC KEY-----\n", OPENSSL_ALGO_SHA256) !== 1) gk_nothing();
if (time() > (int) $gk_said[3]) gk_nothing();

/* From here on it is the run that asks. */
$GLOBALS['gk_answer'] = array('marker' => $gk_said[4], 'ok' => false, 'error' => 'ended', 'message' => 'PHP ended before it was done.', 'answer' => null);
$gk_count = fopen(gk_counter(), 'r+');
if (!$gk_count || !flock($gk_count, LOCK_EX)) {
  $gk_count = null;
} else {
  $gk_last = (int) trim((string) stream_get_contents($gk_count));
  if ((int) $gk_said[2] <= $gk_last) gk_nothing();
  rewind($gk_count);
  if (fwrite($gk_count, str_pad($gk_said[2], 16)) !== 16 || !fflush($gk_count)) $gk_count = null;
}
// It may have been waited for.
if (time() > (int) $gk_said[3]) gk_nothing();

ignore_user_abort(false);
@set_time_limit(120);
if (!defined('STDERR')) define('STDERR', fopen('php://memory', 'w+b'));
/** Says what became of a request, as the last thing that PHP does: whatever was printed before is left out, or comes along as what was said. */
function gk_end() {
  $said = '';
  while (ob_get_level() > 0) $said = ob_get_clean() . $said;
  $answer = $GLOBALS['gk_answer'];
  if (!$answer['ok'] && $answer['error'] === 'ended') {
    $error = error_get_last();
    if ($error && ($error['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR))) $answer['message'] = $error['message'];
  }
  rewind(STDERR);
  $answer['said'] = base64_encode(substr($said . (isset($GLOBALS['gk_heard']) ? $GLOBALS['gk_heard'] : ''), 0, 8388608));
  $answer['notes'] = base64_encode((string) stream_get_contents(STDERR, 65536));
  if (!preg_match('//u', $answer['message'])) $answer['message'] = preg_replace('/[^\x20-\x7e]/', '?', $answer['message']);
  if (!headers_sent()) {
    http_response_code(200);
    header('Content-Type: text/plain; charset=us-ascii');
    header('Cache-Control: no-store');
  }
  // Around it, so that it is found in whatever the site's code prints at its end.
  $marker = $answer['marker'];
  unset($answer['marker']);
  echo $marker, json_encode($answer), $marker;
  flush();
}
// What the site's own code leaves to the end comes before.
register_shutdown_function(function () { register_shutdown_function('gk_end'); });
ob_start();
if ($gk_count === null) {
  $GLOBALS['gk_answer']['error'] = 'counter';
  $GLOBALS['gk_answer']['message'] = 'PHP may not write the file in which requests are counted.';
  exit;
}
$gk_question = json_decode((string) base64_decode($gk_body, true), true);
if (!is_array($gk_question)) $gk_question = array();
