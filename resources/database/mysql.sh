# Dumps, restores, counts a site's tables with the server's own tools. The password travels in `options`
# (an option file's text) over a file descriptor, never in an argument.
# Variables: action (dump, restore, tables, schema), options, name, prefix, file (empty: stdout/stdin).
find_tool() { for tool in "$@"; do if command -v "$tool" >/dev/null 2>&1; then printf %s "$tool"; return 0; fi; done; return 1; }
client=$(find_tool mariadb mysql) || { echo "neither mariadb nor mysql is on this server" >&2; exit 64; }
sql() { "$client" --defaults-file=/dev/fd/3 --batch --skip-column-names "$@" "$name" 3<<OPTIONS
$options
OPTIONS
}
tables() { sql -e 'SHOW TABLES' | while IFS= read -r table; do case $table in "$prefix"*) printf '%s\n' "$table";; esac; done; }
case $action in
dump)
  dump=$(find_tool mariadb-dump mysqldump) || { echo "neither mariadb-dump nor mysqldump is on this server" >&2; exit 64; }
  all=$(tables) || exit
  [ -n "$all" ] || { echo "no table in $name begins with '$prefix'" >&2; exit 65; }
  set --
  while IFS= read -r table; do set -- "$@" "$table"; done <<TABLES
$all
TABLES
  run() { "$dump" --defaults-file=/dev/fd/3 --single-transaction --quick --skip-lock-tables --no-tablespaces --skip-dump-date --skip-comments --order-by-primary \
    --hex-blob --triggers --add-drop-table --default-character-set=utf8mb4 --max-allowed-packet=1G "$name" "$@" 3<<OPTIONS
$options
OPTIONS
  }
  if [ -n "$file" ]; then
    umask 077
    run "$@" > "$file.part" && mv -f "$file.part" "$file"
  else
    run "$@"
  fi
  ;;
restore)
  before=$(tables) || exit
  # Session settings first: an import must not stumble over the order of tables or strict modes.
  settings='SET SESSION foreign_key_checks=0, unique_checks=0;'
  if [ -n "$file" ]; then
    { printf '%s\n' "$settings"; cat -- "$file"; } | sql --default-character-set=utf8mb4 --max-allowed-packet=1G || exit
  else
    file=/dev/null
    { printf '%s\n' "$settings"; cat; } | sql --default-character-set=utf8mb4 --max-allowed-packet=1G || exit
  fi
  # Tables that did not exist when the dump was made go.
  printf '%s\n' "$before" | while IFS= read -r table; do
    [ -n "$table" ] || continue
    case "
$kept
" in *"
$table
"*) ;; *) sql -e "SET SESSION foreign_key_checks=0; DROP TABLE IF EXISTS \`$table\`" || exit 1;; esac
  done
  ;;
tables)
  tables | { query=; while IFS= read -r table; do query="$query${query:+ UNION ALL }SELECT '$table', COUNT(*) FROM \`$table\`"; done; [ -z "$query" ] || sql -e "$query"; }
  ;;
schema)
  sql -e "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION" |
    while IFS= read -r line; do case $line in "$prefix"*) printf '%s\n' "$line";; esac; done
  ;;
esac
