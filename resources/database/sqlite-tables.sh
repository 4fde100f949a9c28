# Has PHP put packed tables, which come over stdin, into an SQLite database. Variables: database, php, code, size (of what comes).
umask 077
trap 'rm -f -- "$database.gk-tables" "$database.gk-tables-journal"' EXIT
trap 'exit 1' HUP INT TERM
cat > "$database.gk-tables" && "$php" -r "$code" -- put "$database" "$database.gk-tables" "$size"
