# A maintenance page for visitors, while whoever knows the secret passes. WordPress reads .maintenance at
# each request and ignores one that is older than ten minutes: so it can never stay for good.
# Variables: root, digest (SHA-256 of the secret, hex), now (seconds).
umask 022
cat > "$root/.maintenance.gk-new" <<PHP
<?php
// Groundskeeper is updating this site; it removes this file itself.
\$upgrading = (isset(\$_SERVER['HTTP_X_GROUNDSKEEPER']) && hash_equals('$digest', hash('sha256', \$_SERVER['HTTP_X_GROUNDSKEEPER']))) ? 0 : $now;
PHP
mv -f "$root/.maintenance.gk-new" "$root/.maintenance"
