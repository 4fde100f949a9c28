# Dumps, restores, counts a site's tables with the server's own tools, or with ours in PHP where those are missing. What is secret
# travels over a file descriptor, never in an argument: `options` (an option file's text), `access` (for PHP).
# Variables: action (dump, restore, tables, schema, about, query), options, access, name, prefix, php, code (the PHP), kept (the tables
# of a dump that is restored), file (empty: stdout/stdin).
find_tool() { for tool in "$@"; do if command -v "$tool" >/dev/null 2>&1; then printf %s "$tool"; return 0; fi; done; return 1; }
client=$(find_tool mariadb mysql)
dump=$(find_tool mariadb-dump mysqldump)
# A dump is data, perhaps a hostile site's: the client must not take `\! command` or `system command` in it for one of its own. One that
# is too old to know how (before 5.6) does not restore.
safely='--binary-mode --local-infile=0'
if [ "$action" = restore ] && [ -n "$client" ] && ! "$client" --no-defaults $safely --version >/dev/null 2>&1; then client=; fi
# Around the clients, these are needed too.
for tool in sed grep awk cut; do command -v "$tool" >/dev/null 2>&1 || client=; done
if [ -z "$client" ] || { [ "$action" = dump ] && [ -z "$dump" ]; }; then
  php=$(find_tool "$php" php php8.4 php8.3 php8.2 php8.1 php8.0 php7.4) ||
    { echo "neither the clients of MySQL and MariaDB nor PHP for the command line are on this server" >&2; exit 64; }
  exec "$php" -d auto_prepend_file= -d auto_append_file= -d open_basedir= -r "$code" -- "$action" "$file" 3<<ACCESS
$access
$kept
ACCESS
fi
sql() { "$client" --defaults-file=/dev/fd/3 --batch --skip-column-names "$@" "$name" 3<<OPTIONS
$options
OPTIONS
}
# Every table and view of the site; with `full`, and what it is (a tabulator between them).
all() { full | cut -f1; }
full() { names=$(sql -e 'SHOW FULL TABLES') || return; printf '%s\n' "$names" | own; }
own() { while IFS= read -r line; do [ -n "$line" ] || continue; case $line in "$prefix"*) printf '%s\n' "$line";; esac; done; }
case $action in
dump)
  all=$(all) || exit
  [ -n "$all" ] || { echo "no table in $name begins with '$prefix'" >&2; exit 65; }
  set --
  while IFS= read -r table; do set -- "$@" "$table"; done <<TABLES
$all
TABLES
  # In a database that is shared, routines and events may be a neighbour's, whom a restore must not touch. A routine whose text this
  # account may not see makes the dump fail.
  every=$(sql -e 'SHOW TABLES') || exit
  if [ "$all" = "$every" ]; then
    programs=$(sql -e 'SELECT COUNT(*), COUNT(ROUTINE_DEFINITION) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE(); SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()') || exit
    routines=$(printf '%s\n' "$programs" | sed -n 1p)
    if [ "${routines%	*}" != "${routines#*	}" ]; then echo "not in the dump: the routines, which this account may not read" >&2
    elif [ "${routines%	*}" != 0 ]; then set -- --routines "$@"; fi
    [ "$(printf '%s\n' "$programs" | sed -n 2p)" = 0 ] || set -- --events "$@"
  fi
  # Only Oracle's has these: statistics that MariaDB lacks, and a GTID that only an administrator may set.
  case $("$dump" --version) in *MariaDB*) ;; *) set -- --loose-column-statistics=0 --loose-set-gtid-purged=OFF "$@";; esac
  # Rows stand many to a statement: 200,000 rows with one each took 48 s to restore instead of 2 s (15 s in one transaction). Each
  # statement is up to a mebibyte, so that a row that comes in between moves the few places where statements end, and nearly all the
  # rest is stored already (of 24 MB, 0.4 MB were new).
  # No LOCK TABLES in the dump: an account that may not lock could not restore it.
  run() { "$dump" --defaults-file=/dev/fd/3 --single-transaction --quick --skip-lock-tables --skip-add-locks --no-tablespaces --skip-dump-date --skip-comments --order-by-primary \
    --extended-insert --net-buffer-length=1M --hex-blob --triggers --add-drop-table --default-character-set=utf8mb4 --max-allowed-packet=1G "$name" "$@" 3<<OPTIONS
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
  before=$(all) || exit
  # Only an administrator may make something that acts as somebody else. It is made as the site's own then.
  if sql -e 'SHOW GRANTS' | grep -Eq 'ALL PRIVILEGES ON \*\.\*|SUPER|SET USER|SET_USER_ID|SET_ANY_DEFINER'; then
    foreign() { cat; }
  else
    foreign() { LC_ALL=C sed 's#^\(CREATE \(ALGORITHM=[A-Z]* \)\{0,1\}\|/\*![0-9]* \(CREATE\*/ /\*![0-9]* \)\{0,1\}\)DEFINER=[`"][^`"]*[`"]@[`"][^`"]*[`"]#\1#'; }
  fi
  restored() {
    # Session settings first: an import must not stumble over the order of tables or strict modes.
    printf '%s\n' 'SET SESSION foreign_key_checks=0, unique_checks=0;'
    # A switch of newer MariaDB clients, which older ones and MySQL's stumble over.
    IFS= read -r first; case $first in '/*M!999999'*) ;; *) printf '%s\n' "$first";; esac
    foreign
  }
  if [ -n "$file" ]; then exec 4<"$file" || exit; else exec 4<&0; fi
  # A program before the client that cannot be started, or is ended, leaves the client with a part of the dump, or nothing, which it takes
  # for all of it. Only what is behind everything else tells.
  said=$({ restored <&4 && printf "\n%s\n" "SELECT 'restored-to-the-end';"; } | sql $safely --default-character-set=utf8mb4 --max-allowed-packet=1G) || exit
  exec 4<&-
  case $said in *restored-to-the-end*) ;; *) echo 'the dump did not go in whole' >&2; exit 1;; esac
  # Tables that did not exist when the dump was made go.
  now=$(full) || exit
  views=$(printf '%s\n' "$now" | sed -n 's/	VIEW$//p') || exit
  printf '%s\n' "$before" | while IFS= read -r table; do
    [ -n "$table" ] || continue
    case "
$kept
" in *"
$table
"*) continue;; esac
    kind=TABLE
    case "
$views
" in *"
$table
"*) kind=VIEW;; esac
    table=$(printf '%s' "$table" | sed 's/`/``/g')
    sql -e "SET SESSION foreign_key_checks=0; DROP $kind IF EXISTS \`$table\`" || exit 1
  done
  ;;
tables)
  # A view has no rows of its own, and may not even be readable.
  full=$(full) || exit
  [ -z "$full" ] || printf '%s\n' "$full" | awk -F '\t' -v q="'" '{
    text = $1; gsub(q, q q, text); table = $1; gsub(/`/, "``", table)
    print (NR > 1 ? "UNION ALL " : "") "SELECT " q text q ", " ($2 == "VIEW" ? 0 : "COUNT(*) FROM `" table "`")
  }' | sql
  ;;
schema)
  sql -e "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA, HEX(COLUMN_DEFAULT), COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION" | own
  ;;
query)
  # Statements of ours, in `kept`; rows tab-separated.
  sql -e "$kept"
  ;;
about)
  # Which server this is, what is in the database beside the site's, and which collations there are.
  sql -e "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'hostname', 'port', 'datadir', 'socket')" | sed 's/^/server	/' || exit
  sql -e 'SELECT "database", DATABASE()' || exit
  sql -e 'SHOW FULL TABLES' | sed 's/^/table	/' || exit
  sql -e 'SHOW COLLATION' | sed 's/^/collation	/'
  ;;
esac
