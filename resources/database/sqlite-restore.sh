# Puts an SQLite database back by renaming; needs no PHP. Variables: database, file (empty: stdin).
umask 077
mode=$(stat -c %a -- "$database" 2>/dev/null || echo 660)
if [ -n "$file" ]; then cp -- "$file" "$database.gk-restore"; else cat > "$database.gk-restore"; fi || { rm -f -- "$database.gk-restore"; exit 1; }
chmod "$mode" -- "$database.gk-restore" && rm -f -- "$database-wal" "$database-shm" "$database-journal" && mv -f -- "$database.gk-restore" "$database"
