# Dumps, restores, counts a site's tables with PostgreSQL's own tools. The password travels in the environment, which only this
# account can read, never in an argument.
# Variables: action (dump, restore, tables, schema, definitions), host (a name, or the socket's folder), port, name, user, password, kept (the
# tables of a dump that is restored), file (empty: stdout/stdin), restrict (a key for psql's \\restrict; empty: it does not know
# that), part (not empty: what is restored is a part of a dump, and nothing else goes).
command -v psql >/dev/null 2>&1 || { echo "psql is not on this server" >&2; exit 64; }
export PGHOST="$host" PGDATABASE="$name" PGUSER="$user" PGPASSWORD="$password" PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT=20 PGOPTIONS='-c client_min_messages=warning'
[ -z "$port" ] || export PGPORT="$port"
sql() { psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }
# Every table and view that is no extension's and not the system's: what it is called here, what it is, its quoted name.
relations() { sql --field-separator='	' --command="
  SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname, c.relkind, format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1"; }
case $action in
dump)
  command -v pg_dump >/dev/null 2>&1 || { echo "pg_dump is not on this server" >&2; exit 64; }
  # Owners and rights are those of whoever restores it: the same site, or another. What a dump begins and ends with, \restrict, has a
  # key of its own each time.
  run() { pg_dump --no-password --format=plain --clean --if-exists --no-owner --no-privileges --encoding=UTF8; }
  if [ -n "$file" ]; then
    umask 077
    run > "$file.part" && mv -f "$file.part" "$file"
  else
    run
  fi
  ;;
restore)
  if [ -n "$part" ]; then before=''; else before=$(relations) || exit; fi
  if [ -n "$file" ]; then exec 4<"$file" || exit; else exec 4<&0; fi
  # What came after the dump was made goes first: it may refer to what is made anew.
  later=$(printf '%s\n' "$before" | while IFS='	' read -r relation kind quoted; do
    [ -n "$relation" ] || continue
    case "
$kept
" in *"
$relation
"*) continue;; esac
    case $kind in v) kind=VIEW;; m) kind='MATERIALIZED VIEW';; f) kind='FOREIGN TABLE';; *) kind=TABLE;; esac
    printf 'DROP %s IF EXISTS %s CASCADE;\n' "$kind" "$quoted"
  done)
  # All of it or nothing: what does not come to its own end, as when the connection breaks, is not committed. An extension stays: it may
  # be an administrator's, and holds nothing of the site's. Large objects come with a transaction of their own, which would end ours.
  # Rows, which end with \., are left alone. A dump is data, perhaps a hostile site's: psql is told with a key of ours, which the dump
  # cannot know, to run none of its own commands (`\!`, `\copy … to program`); the dump's own key goes.
  said=$({
    [ -z "$restrict" ] || printf '\\restrict %s\n' "$restrict"
    printf 'BEGIN;\n%s\n' "$later"
    LC_ALL=C sed -e '/^COPY .* FROM stdin;$/,/^\\\.$/b' -e '/^\\restrict /d' -e '/^\\unrestrict /d' -e '/^DROP EXTENSION /d' -e '/^COMMENT ON EXTENSION /d' \
      -e '/^-- Data for Name: BLOBS; Type: BLOBS;/,/^COMMIT;$/{' -e '/^BEGIN;$/d' -e '/^COMMIT;$/d' -e '}' \
      -e "/^-- PostgreSQL database dump complete\$/s/.*/COMMIT; SELECT 'restored-to-the-end';/" <&4
  } | sql --file=-) || exit
  case $said in *restored-to-the-end*) ;; *) echo 'the dump breaks off; nothing was changed' >&2; exit 1;; esac
  ;;
tables)
  all=$(relations) || exit
  # A view has no rows of its own.
  [ -z "$all" ] || printf '%s\n' "$all" | awk -F '\t' -v q="'" '{
    text = $1; gsub(q, q q, text)
    print (NR > 1 ? "UNION ALL " : "") "SELECT " q text q ", " ($2 == "v" ? 0 : "COUNT(*) FROM " $3)
  }' | sql --field-separator='	' --file=-
  ;;
schema)
  sql --field-separator='	' --command="SELECT CASE WHEN table_schema = 'public' THEN '' ELSE table_schema || '.' END || table_name, column_name, data_type, is_nullable, replace(replace(column_default, chr(9), ' '), chr(10), ' ') FROM information_schema.columns WHERE table_schema !~ '^pg_' AND table_schema <> 'information_schema' ORDER BY 1, ordinal_position"
  ;;
definitions)
  command -v pg_dump >/dev/null 2>&1 || { echo "pg_dump is not on this server" >&2; exit 64; }
  pg_dump --no-password --format=plain --schema-only --no-owner --no-privileges --encoding=UTF8
  ;;
esac
