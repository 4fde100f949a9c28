# The watchdog: brings a site back by itself when the app that updates it falls silent. Comes after turn.sh and
# detach.sh, and needs no more than those do. All of it lies in one folder (0700, files 0600), $watch:
#   lease  changes while the app lives                 loop   who watches: process, and when it began
#   beat   changes while the loop lives                state  armed, fired, files, database, visitors, told: what is done
#   undo   which folder here holds the undo now. In it: part (which one), and scripts: files, close, forget, database, visitors, tidy
#   log    what was done, `when step outcome words` a line; becomes the report
#   off    it is not wanted any more
# Variables: watch, lock, run, term (ticks without a sign of life until it fires), tick (seconds), patience (seconds for which
# an undo that fails is tried again), shell, reboot (the line for crontab; empty: none).
gk_read() { value=; [ -f "$1" ] && { IFS= read -r value < "$1"; } 2>/dev/null; [ -n "$value" ]; }
gk_put() { { printf '%s\n' "$2" > "$1.part" && mv -f -- "$1.part" "$1"; } 2>/dev/null; }
gk_log() { { printf '%s %s %s %s\n' "$(date +%s 2>/dev/null || echo -)" "$1" "$2" "$3" >> "$watch/log"; } 2>/dev/null; }
gk_nap() { sleep "${1:-0.2}" 2>/dev/null || sleep 1; }
# The last line that a step said.
gk_last() { last=; while IFS= read -r line || [ -n "$line" ]; do [ -z "$line" ] || last=$line; done < "$1"; printf %s "$last"; }
# The whole of a file, with an end that keeps its last newline.
gk_whole() { cat -- "$1" && echo .; }
newline='
'

# --- after a reboot ---------------------------------------------------------------------------------------------

# Reads the crontab into $tab, with an end that keeps its last newline. 0: there is one, 2: there is none, 1: it can't be read.
# No file is written: on a full disk it would be cut short.
gk_crontab_now() {
  if tab=$(LC_ALL=C crontab -l 2>/dev/null && echo .); then return 0; fi
  tab=.
  case $(LC_ALL=C crontab -l 2>&1 >/dev/null) in *'no crontab'* | *'No such file'*) return 2 ;; *) return 1 ;; esac
}
gk_cron_ours() { case $newline$tab in *"$newline$reboot$newline"*) ;; *) return 1 ;; esac; }
# Adds our line, and looks whether it is there: somebody else may have written at the same time.
gk_cron_add() {
  [ -n "$reboot" ] && command -v crontab >/dev/null 2>&1 || return 1
  for try in 1 2; do
    gk_crontab_now
    case $? in
    0) rm -f -- "$watch/cron.none" ;;
    2) printf '' > "$watch/cron.none" ;;
    *) return 1 ;;
    esac
    if gk_cron_ours; then return 0; fi
    # By crontab itself, byte for byte: not every shell keeps each byte.
    if [ -f "$watch/cron.none" ]; then printf '' > "$watch/cron.before"; else crontab -l > "$watch/cron.before" || return 1; fi
    {
      cat -- "$watch/cron.before"
      case $newline$tab in *"$newline.") ;; *) echo ;; esac
      printf '%s\n' "$reboot"
    } > "$watch/cron.with"
    crontab "$watch/cron.with" 2>/dev/null || { rm -f -- "$watch/cron.with"; return 1; }
    if gk_crontab_now && gk_cron_ours; then return 0; fi
  done
  return 1
}
# Takes our line away. Where nobody else has written since, the crontab becomes again, byte by byte, what it was.
gk_cron_remove() {
  [ -f "$watch/cron.with" ] || return 0
  for try in 1 2; do
    gk_crontab_now && gk_cron_ours || return 0
    if [ "$tab" = "$(gk_whole "$watch/cron.with")" ]; then
      if [ -f "$watch/cron.none" ]; then crontab -r 2>/dev/null && continue; else crontab "$watch/cron.before" 2>/dev/null && continue; fi
    fi
    rest=$(
      printf %s "${tab%.}" | while IFS= read -r line || [ -n "$line" ]; do
        [ "$line" = "$reboot" ] || printf '%s\n' "$line"
      done && echo .
    )
    case $rest in *.) ;; *) continue ;; esac
    # From a file, which is whole or is not taken; on a full disk there is no other way than a pipe.
    if { printf %s "${rest%.}" > "$watch/cron.rest"; } 2>/dev/null && [ "$rest" = "$(gk_whole "$watch/cron.rest")" ]; then
      crontab "$watch/cron.rest" 2>/dev/null
    else
      printf %s "${rest%.}" | crontab - 2>/dev/null
    fi
  done
}

# --- watching ---------------------------------------------------------------------------------------------------

# Starts the loop where nothing that ends with this connection reaches it, and says whether it runs. Says so at the end only: where
# nobody listens any more the first word would end this here, and the line for crontab would stay without a loop that takes it away.
gk_arm() {
  umask 077
  gk_put "$watch/path" "$PATH"
  # On a full disk there is room for what firing has to write.
  cat -- "$watch/program" "$watch/program" "$watch/program" > "$watch/spare" 2>/dev/null
  gk_read "$watch/state" || gk_put "$watch/state" armed
  if gk_cron_add; then after='reboot cron'; else after='reboot none'; fi
  rm -f -- "$watch/beat"
  gk_detach "$shell" "$watch/program" run
  waited=0
  until gk_read "$watch/beat" || [ "$waited" -ge 50 ]; do
    waited=$((waited + 1))
    if [ "$waited" -gt 5 ]; then gk_nap; else gk_nap 0.05; fi
  done
  if gk_read "$watch/beat"; then watching=yes; else watching=no; fi
  printf '%s\ndetached %s\nwatching %s\n' "$after" "$means" "$watching"
}
# Removes all of it. Renamed first: nobody who disarms it just then writes into what is being removed.
gk_vanish() {
  rm -rf -- "$watch.gone"
  mv -- "$watch" "$watch.gone" && rm -rf -- "$watch.gone"
}
# Whether this loop is still the one, and wanted. What it finds to be over it leaves, and nothing of itself.
gk_wanted() {
  [ -d "$watch" ] && [ ! -e "$watch/off" ] || exit 0
  gk_read "$watch/loop"
  [ -z "$value" ] || [ "$value" = "$$ $began" ] || exit 0
  if [ -d "$lock" ]; then
    gk_read "$lock/owner"
    [ -n "$value" ] && [ "$value" != "$run" ] || return 0
  fi
  gk_cron_remove
  gk_vanish
  rmdir -- "${watch%/*}" 2>/dev/null
  exit 0
}
gk_run() {
  umask 077
  trap '' HUP
  cd /
  if gk_read "$watch/path"; then PATH=$value; export PATH; fi
  began=$(gk_began $$)
  gk_put "$watch/loop" "$$ $began" || exit 1
  gk_read "$watch/state"
  state=${value:-armed}
  # Its own sleeps are counted: neither a clock that is set nor a host that sleeps counts as silence.
  last=
  silent=0
  beats=0
  stumbles=0
  while gk_wanted; [ "$state" = armed ]; do
    beats=$((beats + 1))
    { printf '%s\n' "$beats" > "$watch/beat"; } 2>/dev/null
    if sleep "$tick"; then silent=$((silent + 1)); else stumbles=$((stumbles + 1)); fi
    [ "$stumbles" -lt 100 ] || exit 1
    gk_read "$watch/lease"
    if [ "$value" != "$last" ]; then last=$value; silent=0; fi
    [ "$silent" -lt "$term" ] || break
  done
  pause=1
  waited=0
  until gk_fire; do
    [ "$waited" -lt "$patience" ] || { gk_log end failed 'it was tried for too long'; exit 1; }
    sleep "$pause"
    waited=$((waited + pause))
    pause=$((pause * 2))
    [ "$pause" -le 300 ] || pause=300
    gk_wanted
  done
}

# --- firing -----------------------------------------------------------------------------------------------------

# Takes the site from the run, and notes itself as a hand: whoever takes the next turn ends it first.
gk_fence() {
  rm -f -- "$watch/spare" "$lock/hand.$$" "$lock/hand.$$.part"
  turn=watchdog-$$-$began
  (gk_take_turn "$lock" "$run" "$turn") > "$watch/said" 2>&1 || { gk_log fence failed "$(gk_last "$watch/said")"; return 1; }
  gk_wanted
  gk_put "$lock/hand.$$" "$$ $began" || { gk_log fence failed 'nothing can be written there'; return 1; }
  gk_begin "$lock" "$run" "$turn"
  fenced=yes
  gk_read "$watch/undo"
  undo=$watch/$value
  [ -n "$value" ] && [ -d "$undo" ] || undo=$watch/nothing
  gk_read "$undo/part"
  gk_log fence done "$value"
}
# Once the turn is another's, nothing is this one's to do any more: it is about to be ended.
gk_mine() {
  gk_read "$lock/turn"
  [ -z "$value" ] || [ "$value" = "$turn" ] || exit 0
}
# A step is a process of its own, and a hand itself: it may outlive this loop.
gk_step() {
  gk_mine
  [ -f "$undo/$1" ] || return 0
  if "$shell" "$watch/program" step "$undo/$1" "$turn" < /dev/null > "$watch/said" 2>&1; then gk_log "$1" done
  else
    gk_log "$1" failed "$(gk_last "$watch/said")"
    return 1
  fi
}
gk_reached() { state=$1; gk_put "$watch/state" "$1"; return 0; }
gk_tell() {
  { cp -- "$watch/log" "${watch%/*}/report.part" && mv -f -- "${watch%/*}/report.part" "${watch%/*}/report"; } 2>/dev/null
}
# Files first, then the database, and visitors only when that is well. What was done already is not done again.
gk_fire() {
  [ -n "$fenced" ] || gk_fence || return 1
  if [ "$state" = armed ]; then gk_reached fired; fi
  if [ "$state" = fired ]; then gk_step files && gk_reached files || return 1; fi
  if [ "$state" = files ]; then
    gk_step close || :
    gk_step forget || :
    gk_step database && gk_reached database || return 1
  fi
  if [ "$state" = database ]; then gk_step visitors && gk_reached visitors || return 1; fi
  if [ "$state" = visitors ]; then
    gk_step tidy || :
    gk_mine
    gk_log end done
    gk_tell && gk_reached told || return 1
  fi
  gk_mine
  gk_cron_remove
  # By one rename the site is nobody's any more.
  rm -rf -- "$watch/lock"
  ! gk_owns "$run" || mv -- "$lock" "$watch/lock"
  gk_vanish
}

fenced=
case $1 in
arm) gk_arm ;;
run) gk_run ;;
alive)
  gk_read "$watch/loop"
  if [ -n "$value" ] && gk_outlives "${value% *}" "${value#* }"; then echo 'outlives yes'; else echo 'outlives no'; fi
  ;;
undo)
  # Somebody who came does it, over a connection: what the loop would have done, once.
  umask 077
  trap '' HUP
  cd /
  began=$(gk_began $$)
  rm -f -- "$watch/off"
  gk_put "$watch/loop" "$$ $began" || exit 1
  gk_read "$watch/state"
  state=${value:-armed}
  gk_fire || { cat -- "$watch/log"; exit 1; }
  ;;
step) gk_begin "$lock" "$run" "$3" && . "$2" ;;
forget) gk_cron_remove ;;
esac
