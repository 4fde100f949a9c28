# Whose turn it is to change the site. LOCK/owner names the run; LOCK/turn says which commands of that run
# still count; LOCK/hand.PID is there while one of them is at work. A command notes itself first and looks
# at the turn afterwards; whoever takes the turn writes it first and looks for hands afterwards. So no
# command acts after its turn is over, however late it comes.

# One line for each process: pid, state, parent, group, and when it began (`-` where the system has no /proc).
gk_processes() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) (.*) /\1 /' | awk '{print $1,$2,$3,$4,$21}'
  else
    ps -A -o pid= -o stat= -o ppid= -o pgid= | awk '{print $1,$2,$3,$4,"-"}'
  fi
}
# gk_work PID BEGAN: the processes that belong to a hand: its group where it leads one, and its descendants.
# A process that has got the same number since is not one of them.
gk_work() {
  gk_processes | awk -v hand="$1" -v began="$2" -v self="$$" '
    { state[$1] = $2; parent[$1] = $3; group[$1] = $4; start[$1] = $5 }
    END {
      if ((hand in state) && start[hand] != began) exit
      leads = !(hand in state) || group[hand] == hand
      for (one in state) {
        if (state[one] ~ /^Z/ || one == self) continue
        mine = leads && group[one] == hand
        for (up = one; !mine && (up in parent) && up > 1; up = parent[up]) mine = up == hand
        if (mine) print one
      }
    }'
}
gk_began() { if [ -r "/proc/$1/stat" ]; then sed 's/^.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; else echo -; fi; }
gk_refuse() { rm -f -- "$gk_lock/hand.$$"; echo 'this run does not own the site any more' >&2; exit 75; }
gk_owns() { [ "$(cat -- "$gk_lock/owner" 2>/dev/null)" = "$1" ]; }

# gk_begin LOCK RUN TURN: goes before every command that changes the site.
gk_begin() {
  gk_lock=$1
  { printf '%s %s\n' "$$" "$(gk_began $$)" > "$gk_lock/hand.$$"; } 2>/dev/null || gk_refuse
  trap 'rm -f -- "$gk_lock/hand.$$"' EXIT
  gk_owns "$2" && [ "$(cat -- "$gk_lock/turn" 2>/dev/null)" = "$3" ] || gk_refuse
}
# gk_take_turn LOCK RUN TURN: ends what the run still has at work, whoever started it.
gk_take_turn() {
  gk_lock=$1
  gk_owns "$2" || gk_refuse
  printf %s "$3" > "$gk_lock/turn.$$" && mv -f -- "$gk_lock/turn.$$" "$gk_lock/turn" || exit 1
  for hand in "$gk_lock"/hand.*; do
    [ -f "$hand" ] || continue
    IFS=' ' read -r pid began < "$hand" || [ -n "$pid" ] || continue
    case $pid in '' | *[!0-9]*) rm -f -- "$hand"; continue ;; esac
    waited=0
    while work=$(gk_work "$pid" "$began") && [ -n "$work" ]; do
      waited=$((waited + 1))
      if [ "$waited" -gt 60 ]; then
        echo "a command of this run is still at work on the server and cannot be ended: process $pid" >&2
        exit 76
      fi
      if [ "$waited" -gt 15 ]; then kill -KILL $work 2>/dev/null; else kill -TERM $work 2>/dev/null; fi
      sleep 0.2 2>/dev/null || sleep 1
    done
    rm -f -- "$hand"
  done
}
