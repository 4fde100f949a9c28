# Processes that outlive the connection which started them. Comes after turn.sh.

# gk_detach COMMAND…: starts it where nothing that ends with this connection reaches it. $detached is its number, $means says how.
gk_detach() {
  if command -v setsid >/dev/null 2>&1; then
    means=setsid
    setsid "$@" < /dev/null > /dev/null 2>&1 &
  elif command -v nohup >/dev/null 2>&1; then
    means=nohup
    nohup "$@" < /dev/null > /dev/null 2>&1 &
  else
    means=shell
    (trap '' HUP; exec "$@") < /dev/null > /dev/null 2>&1 &
  fi
  detached=$!
}
# gk_lives PID BEGAN: whether that process is there still, and no other one that has got its number.
gk_lives() {
  kill -0 "$1" 2>/dev/null && [ "$(gk_began "$1")" = "$2" ] || return 1
  case $(gk_stat "/proc/$1/stat") in "$1 Z"*) return 1 ;; esac
}
# gk_outlives PID BEGAN: whether it lives for another second. A host that ends what a session leaves behind does so at once.
gk_outlives() {
  for time in 1 2 3 4 5; do
    gk_lives "$1" "$2" || return 1
    sleep 0.2 2>/dev/null || { sleep 1; break; }
  done
  gk_lives "$1" "$2"
}
