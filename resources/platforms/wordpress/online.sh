# Takes the maintenance page away, if it is ours. Variables: root.
rm -f "$root/.maintenance.gk-new"
if [ -f "$root/.maintenance" ] && grep -q Groundskeeper "$root/.maintenance"; then rm -f "$root/.maintenance"; fi
[ ! -f "$root/.maintenance" ] || { echo "another updater's .maintenance is there" >&2; exit 3; }
