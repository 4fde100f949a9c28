# Looks at what an update needs, and writes nothing that stays. One `key value` a line.
# Variables: root, private, parents (folders whose entries are renamed, one a line), targets (what is replaced, one a line).
say() { printf '%s %s\n' "$1" "$2"; }
cd -- "$root" || exit 66
device=$(stat -c %d -- "$root" 2>/dev/null)
base=$private
while [ ! -d "$base" ]; do base=${base%/*}; [ -n "$base" ] || base=/; done
[ "$(stat -c %d -- "$base" 2>/dev/null)" = "$device" ] && say same-device yes
[ -w "$base" ] && say private-writable yes
say free "$(df -Pk -- "$base" 2>/dev/null | awk 'NR==2{print $4}')"
printf '%s\n' "$parents" | while IFS= read -r one; do [ -z "$one" ] || [ -w "$one" ] || say not-writable "$one"; done
printf '%s\n' "$targets" | while IFS= read -r one; do
  [ -n "$one" ] || continue
  if [ -L "$one" ]; then say link "$one"; elif [ -e "$one" ]; then
    [ -w "$one" ] || say not-writable "$one"
    [ "$(stat -c %d -- "$one" 2>/dev/null)" = "$device" ] || say other-device "$one"
    find "$one" -maxdepth 3 \( -name .git -o -name .svn -o -name .hg -o -name .bzr \) -prune 2>/dev/null | head -n 1 | while IFS= read -r hit; do say version-control "$hit"; done
  fi
done
up=$root
while [ -n "$up" ]; do for vcs in .git .svn .hg .bzr; do [ -e "$up/$vcs" ] && say version-control "$up/$vcs"; done; up=${up%/*}; done
has() { for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 && return 0; done; return 1; }
has tar php python3 || say missing-tool tar
has sha256sum shasum sha256 openssl php || say missing-tool sha256sum
[ -e .maintenance ] && { grep -q Groundskeeper .maintenance && say maintenance ours || say maintenance foreign; }
[ -f "$private/lock/owner" ] && say locked "$(cat "$private/lock/owner")"
say end yes
