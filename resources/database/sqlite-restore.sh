# Puts an SQLite database back by renaming; needs no PHP. Variables: database, file (empty: stdin).
umask 077
rm -f -- "$database.gk-restore"
# What is written over a copy keeps its mode.
if [ -f "$database" ]; then cp -p -- "$database" "$database.gk-restore"; else : > "$database.gk-restore" && chmod 660 -- "$database.gk-restore"; fi || exit 1
cat -- ${file:+"$file"} > "$database.gk-restore" || { rm -f -- "$database.gk-restore"; exit 1; }
rm -f -- "$database-wal" "$database-shm" "$database-journal" && mv -f -- "$database.gk-restore" "$database"
