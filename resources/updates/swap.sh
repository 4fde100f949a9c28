# Swapping and undoing by rename. Every function may be called again after it was cut off at any point.
# A folder is known by its inode, which a rename keeps.
gk_inode() {
  stat -c %i -- "$1" 2>/dev/null || stat -f %i -- "$1" 2>/dev/null || { ls -di -- "$1" 2>/dev/null | { read -r inode rest && printf '%s\n' "$inode"; }; }
}
# Exchanges two names in one instant where the system can (renameat2 with RENAME_EXCHANGE).
gk_exchange() {
  mv --exchange --no-copy -T -- "$1" "$2" 2>/dev/null && return 0
  [ "$(uname -sm)" = 'Linux x86_64' ] && call=316
  [ "$(uname -sm)" = 'Linux aarch64' ] && call=276
  [ -n "$call" ] || return 1
  perl -e 'exit(syscall($ARGV[0]+0, -100, $ARGV[1], -100, $ARGV[2], 2) == 0 ? 0 : 1)' "$call" "$1" "$2" 2>/dev/null && return 0
  python3 -c 'import ctypes,os,sys
n=int(sys.argv[1]); r=ctypes.CDLL(None,use_errno=True).syscall(n,-100,os.fsencode(sys.argv[2]),-100,os.fsencode(sys.argv[3]),2)
sys.exit(0 if r==0 else 1)' "$call" "$1" "$2" 2>/dev/null
}
# swap_folder LIVE STAGED OLD: afterwards LIVE is what STAGED was, OLD what LIVE was.
swap_folder() {
  if [ -d "$1" ]; then
    if gk_exchange "$2" "$1"; then mv -- "$2" "$3" || return 1
    else mv -- "$1" "$3" && mv -- "$2" "$1" || return 1; fi
  else
    mv -- "$2" "$1" || return 1
  fi
}
# swap_file LIVE STAGED OLD: the new file is renamed over the old one, which stays as OLD.
swap_file() {
  if [ -e "$1" ]; then { ln -- "$1" "$3" 2>/dev/null || { cp -p -- "$1" "$3.part" && mv -f -- "$3.part" "$3"; }; } || return 1; fi
  mv -f -- "$2" "$1"
}
# drop_file LIVE OLD: a file that the release deletes.
drop_file() { [ ! -e "$1" ] || mv -f -- "$1" "$2"; }
# undo_folder LIVE STAGED OLD INODE NEW: brings the folder with that inode back; what stood in its place goes to NEW.
undo_folder() {
  [ "$(gk_inode "$1")" = "$4" ] && return 0
  from=
  [ "$(gk_inode "$3")" = "$4" ] && from=$3
  [ "$(gk_inode "$2")" = "$4" ] && from=$2
  [ -n "$from" ] || { echo "the old folder of $1 is not there any more" >&2; return 1; }
  if [ -e "$1" ]; then
    if gk_exchange "$from" "$1"; then mv -- "$from" "$5" 2>/dev/null || :
    else mv -- "$1" "$5" && mv -- "$from" "$1"; fi
  else
    mv -- "$from" "$1"
  fi
}
# undo_added LIVE NEW: something that was not there before.
undo_added() { [ ! -e "$1" ] || { rm -rf -- "$2" && mv -- "$1" "$2"; }; }
# undo_file LIVE OLD
undo_file() { [ ! -e "$2" ] || mv -f -- "$2" "$1"; }
