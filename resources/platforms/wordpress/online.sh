# Takes the maintenance page away, if it is ours. Variables: root.
rm -f "$root/.maintenance.gk-new"
case $(cat "$root/.maintenance" 2>/dev/null) in *Groundskeeper*) rm -f "$root/.maintenance" ;; esac
[ ! -f "$root/.maintenance" ] || { echo "another updater's .maintenance is there" >&2; exit 3; }
