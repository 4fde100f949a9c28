# Whose turn it is to change the site. LOCK/owner names the run; LOCK/turn says which commands of that run
# still count; LOCK/hand.PID is there while one of them is at work. A command notes itself first and looks
# at the turn afterwards; whoever takes the turn writes it first and looks for hands afterwards. So no
# command acts after its turn is over, however late it comes.

# One line for each process: pid, state, parent, group, and when it began (`-` where the system has no /proc). A name may hold blanks and newlines,
# so what follows it is read from the end. Needs nothing but the shell: neither sed nor awk is on every host.
gk_stat() {
  text=
  { while IFS= read -r line; do text=$line; done < "$1"; } 2>/dev/null || return 1
  case $text in *') '*) ;; *) return 1 ;; esac
  pid=${1%/stat}
  pid=${pid##*/}
  set -- ${text##*) }
  [ $# -ge 20 ] && printf '%s\n' "$pid $1 $2 $3 ${20}"
}
gk_processes() {
  if [ -r /proc/self/stat ]; then
    for one in /proc/[0-9]*/stat; do gk_stat "$one"; done
  else
    ps -A -o pid= -o stat= -o ppid= -o pgid= | while read -r pid state parent group; do printf '%s\n' "$pid $state $parent $group -"; done
  fi
}
# gk_work PID BEGAN: the processes that belong to a hand: its group where it leads one, and its descendants.
# A process that has got the same number since is not one of them.
gk_work() {
  all=$(gk_processes)
  leads=yes
  while read -r pid state parent group start; do
    [ "$pid" = "$1" ] || continue
    [ "$start" = "$2" ] || return 0
    [ "$group" = "$1" ] || leads=
  done <<PROCESSES
$all
PROCESSES
  mine=" "
  more=yes
  while [ -n "$more" ]; do
    more=
    while read -r pid state parent group start; do
      case $mine in *" $pid "*) continue ;; esac
      if [ "$pid" = "$1" ] || { [ -n "$leads" ] && [ "$group" = "$1" ]; }; then mine="$mine$pid "
      else case $mine in *" $parent "*) mine="$mine$pid " ;; *) continue ;; esac; fi
      more=yes
      case $state in Z*) ;; *) [ "$pid" = $$ ] || printf '%s\n' "$pid" ;; esac
    done <<PROCESSES
$all
PROCESSES
  done
}
gk_began() { began=$(gk_stat "/proc/$1/stat") && printf '%s\n' "${began##* }" || echo -; }
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
      # Most end at once.
      if [ "$waited" -gt 5 ]; then sleep 0.2 2>/dev/null || sleep 1; else sleep 0.05 2>/dev/null || sleep 1; fi
    done
    rm -f -- "$hand"
  done
}
