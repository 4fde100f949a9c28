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
# What a plain `df` says nothing of: files that can still be made there, and what a quota leaves of both.
inodes_of() {
  df -Pi -- "$1" 2>/dev/null | { read -r head && read -r system all used free rest && [ "$all" -gt 0 ] 2>/dev/null && printf %s "$free"; }
}
less() { if [ "$1" -gt "$2" ]; then echo $(($1 - $2)); else echo 0; fi; }
quota_of() {
  command -v quota >/dev/null 2>&1 || return
  disk=$(df -P -- "$1" 2>/dev/null | { read -r head && read -r system rest && printf %s "$system"; })
  # -p: a grace that is none is a number too.
  quota -wp 2>/dev/null | while read -r system blocks soft hard grace files few many rest; do
    [ "$system" = "$disk" ] || continue
    [ "$hard" -gt 0 ] 2>/dev/null || hard=$soft
    [ "$many" -gt 0 ] 2>/dev/null || many=$few
    [ "$hard" -gt 0 ] 2>/dev/null && say quota-free "$(less "$hard" "${blocks%\*}")"
    [ "$many" -gt 0 ] 2>/dev/null && say quota-files "$(less "$many" "${files%\*}")"
  done
}
# Inside what is replaced: what this account could not copy, or not remove afterwards.
inside() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -L "$entry" ]; then :; elif [ -d "$entry" ]; then
      if [ -r "$entry" ] && [ -x "$entry" ] && [ -w "$entry" ]; then inside "$entry"; else say not-writable "$entry"; fi
    elif [ -e "$entry" ]; then [ -r "$entry" ] || say unreadable "$entry"; fi
  done
}
# A file whose attributes forbid to rename or remove it, whatever its permissions.
immutable() {
  command -v lsattr >/dev/null 2>&1 || return
  if [ -d "$1" ]; then lsattr -d -- "$1"; lsattr -Ra -- "$1"; else lsattr -- "$1"; fi 2>/dev/null | while read -r flags entry; do
    case $flags in *:) ;; *[ia]*) case $entry in */. | */..) ;; *) say immutable "$entry" ;; esac ;; esac
  done
}
# Somebody who changes the site's files just now: programs that do so, at work in the root or naming it.
at_work() {
  for one in /proc/[0-9]*; do
    [ -O "$one" ] || continue
    { IFS= read -r name < "$one/comm"; } 2>/dev/null || continue
    case $name in composer | git | git-* | svn | hg | rsync | unzip | wp | dep | php* | scp | sftp-server) ;; *) continue ;; esac
    line=$(tr '\000' ' ' < "$one/cmdline" 2>/dev/null)
    case $name in php*) case $line in *composer* | *wp-cli* | */wp\ * | *wp.phar* | */dep\ * | *artisan*) ;; *) continue ;; esac ;; esac
    where=$(cd -P -- "$one/cwd" 2>/dev/null && pwd -P)
    case $where/ in "$real"/*) say at-work "$name ${one##*/}"; continue ;; esac
    case " $line " in *" $root "* | *" $root/"* | *" $real "* | *" $real/"*) say at-work "$name ${one##*/}" ;; esac
  done
}
cd -- "$root" || exit 66
real=$(pwd -P)
device=$(device_of "$root")
base=$private
while [ ! -d "$base" ]; do base=${base%/*}; [ -n "$base" ] || base=/; done
[ -n "$device" ] && [ "$(device_of "$base")" = "$device" ] && say same-device yes
[ -w "$base" ] && say private-writable yes
say free "$(free_of "$base" free)"
say inodes "$(inodes_of "$base")"
quota_of "$base"
printf '%s\n' "$parents" | while IFS= read -r one; do
  [ -n "$one" ] || continue
  [ -w "$one" ] || say not-writable "$one"
done
printf '%s\n' "$targets" | while IFS= read -r one; do
  [ -n "$one" ] || continue
  if [ -L "$one" ]; then say link "$one"; elif [ -e "$one" ]; then
    [ -w "$one" ] || say not-writable "$one"
    # In such a folder only the owner renames.
    [ ! -k "${one%/*}" ] || [ -O "${one%/*}" ] || [ -O "$one" ] || say not-writable "$one"
    [ -O "$one" ] || say foreign-owner "$one"
    [ ! -d "$one" ] || inside "$one"
    immutable "$one"
    [ "$(device_of "$one")" = "$device" ] || say other-device "$one"
    for hit in "$one"/.git "$one"/.svn "$one"/.hg "$one"/.bzr "$one"/*/.git "$one"/*/.svn "$one"/*/.hg "$one"/*/.bzr "$one"/*/*/.git "$one"/*/*/.svn "$one"/*/*/.hg "$one"/*/*/.bzr; do
      if [ -e "$hit" ]; then say version-control "$hit"; break; fi
    done
  fi
done
up=$root
while [ -n "$up" ]; do for vcs in .git .svn .hg .bzr; do [ -e "$up/$vcs" ] && say version-control "$up/$vcs"; done; up=${up%/*}; done
# Folders that a deployment makes, of which the next one takes no more notice.
[ "$targets" = '' ] || case $real in */releases/*) say deployed "$real" ;; esac
for up in "$root" "$real" "${real%/*}" "${real%/*/*}"; do
  for hit in "$up/.git/index.lock" "$up/.dep/deploy.lock" "$up/deploy.lock" "$up"/vendor/composer/tmp-*; do [ ! -e "$hit" ] || say at-work "$hit"; done
done
[ "$targets" = '' ] || at_work
has() { for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 && return 0; done; return 1; }
has tar php python3 || say missing-tool tar
has sha256sum shasum sha256 openssl php python3 || say missing-tool sha256sum
[ -e .maintenance ] && { case $(cat .maintenance 2>/dev/null) in *Groundskeeper*) say maintenance ours ;; *) say maintenance foreign ;; esac; }
[ -f "$private/lock/owner" ] && say locked "$(cat "$private/lock/owner")" && say alive "$(cat "$private/lock/alive" 2>/dev/null) $(date +%s 2>/dev/null)"
say end yes
