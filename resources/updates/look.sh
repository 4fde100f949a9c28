# Looks at what an update or a restore needs, and writes nothing that stays. One `key value` a line. Needs no program that a poor host may lack.
# Variables: root, private, parents (folders whose entries are renamed, one a line), targets (what is replaced, one a line).
say() { printf '%s %s\n' "$1" "$2"; }
# What tells one filesystem from another; without stat, PHP and Python, where it is mounted.
device_of() {
  stat -c %d -- "$1" 2>/dev/null || stat -f %d -- "$1" 2>/dev/null && return
  php -r '$stat = @stat($argv[1]); if (!$stat) exit(1); echo $stat["dev"];' -- "$1" 2>/dev/null && return
  python3 -c 'import os, sys; print(os.stat(sys.argv[1]).st_dev)' "$1" 2>/dev/null && return
  mounted=$(free_of "$1" mount) && [ -n "$mounted" ] && printf %s "$mounted"
}
# free_of FOLDER WHAT: KiB that are free there, or (`mount`) where its filesystem is mounted.
free_of() {
  df -Pk -- "$1" 2>/dev/null | { read -r head && read -r system blocks used free percent mount || exit 1; if [ "$2" = mount ]; then printf %s "$mount"; else printf %s "$free"; fi; }
}
cd -- "$root" || exit 66
device=$(device_of "$root")
base=$private
while [ ! -d "$base" ]; do base=${base%/*}; [ -n "$base" ] || base=/; done
[ -n "$device" ] && [ "$(device_of "$base")" = "$device" ] && say same-device yes
[ -w "$base" ] && say private-writable yes
say free "$(free_of "$base" free)"
printf '%s\n' "$parents" | while IFS= read -r one; do [ -z "$one" ] || [ -w "$one" ] || say not-writable "$one"; done
printf '%s\n' "$targets" | while IFS= read -r one; do
  [ -n "$one" ] || continue
  if [ -L "$one" ]; then say link "$one"; elif [ -e "$one" ]; then
    [ -w "$one" ] || say not-writable "$one"
    [ "$(device_of "$one")" = "$device" ] || say other-device "$one"
    for hit in "$one"/.git "$one"/.svn "$one"/.hg "$one"/.bzr "$one"/*/.git "$one"/*/.svn "$one"/*/.hg "$one"/*/.bzr "$one"/*/*/.git "$one"/*/*/.svn "$one"/*/*/.hg "$one"/*/*/.bzr; do
      if [ -e "$hit" ]; then say version-control "$hit"; break; fi
    done
  fi
done
up=$root
while [ -n "$up" ]; do for vcs in .git .svn .hg .bzr; do [ -e "$up/$vcs" ] && say version-control "$up/$vcs"; done; up=${up%/*}; done
has() { for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 && return 0; done; return 1; }
has tar php python3 || say missing-tool tar
has sha256sum shasum sha256 openssl php python3 || say missing-tool sha256sum
[ -e .maintenance ] && { case $(cat .maintenance 2>/dev/null) in *Groundskeeper*) say maintenance ours ;; *) say maintenance foreign ;; esac; }
[ -f "$private/lock/owner" ] && say locked "$(cat "$private/lock/owner")"
say end yes
