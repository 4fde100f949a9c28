# Has PHP read files without running them. One line for each that it cannot read: whether it could read the one that it takes
# the place of (`worse`, `new`, `before`), the name, and what PHP says, with tabulators between them. One process reads them all
# (a process for each took 30 s for a WordPress); what it stumbles over, and the first one, `php -l` says.
# Variables: php, live, staged (folders), names (one a line; the first is the most important one).
gk_reads() { said=$("$php" -d display_errors=stderr -d log_errors=0 -d html_errors=0 -l "$1" 2>&1 </dev/null); }
command -v "$php" >/dev/null 2>&1 || { echo none; exit 0; }
doubtful=$(printf '%s\n' "$names" | "$php" -d display_errors=stderr -r '
  ini_set("memory_limit", "-1");
  foreach (explode("\n", stream_get_contents(STDIN)) as $at => $name) {
    if ($name === "") continue;
    $code = @file_get_contents($argv[1] . "/" . $name);
    $sound = $at > 0 && $code !== false && defined("TOKEN_PARSE");
    if ($sound) try { @token_get_all($code, TOKEN_PARSE); } catch (Throwable $error) { $sound = false; }
    if (!$sound) echo $name, "\n";
  }' -- "$staged") || exit 1
printf '%s\n' "$doubtful" | while IFS= read -r name; do
  [ -n "$name" ] || continue
  gk_reads "$staged/$name" && continue
  words=
  while IFS= read -r line; do case $line in *rror*:*) words=$line; break ;; esac; done <<SAID
$said
SAID
  if [ ! -f "$live/$name" ]; then kind=new; elif gk_reads "$live/$name"; then kind=worse; else kind=before; fi
  printf '%s\t%s\t%s\n' "$kind" "$name" "$words"
done
