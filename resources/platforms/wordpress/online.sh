# Takes the maintenance page away, if it is ours. Variables: root.
rm -f "$root/.maintenance.gk-new"
if [ -f "$root/.maintenance" ]; then
  page=$(cat "$root/.maintenance") || exit 1
  case $page in
  *Groundskeeper*) rm -f "$root/.maintenance" "$root/.maintenance.gk" || exit 1 ;;
  *)
    echo "another updater's .maintenance is there" >&2
    exit 3
    ;;
  esac
fi
rm -f "$root/.maintenance.gk"
