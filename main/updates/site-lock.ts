import { randomBytes } from 'node:crypto';
import { lines, run, runOk, scriptFile, sh, type Connection, type Script } from '../connections/index.ts';
import { joinRemote, parentOf, type RemotePath, type RunId } from '../words/index.ts';
import { heldProblem } from './foreign-run.ts';
import { aliveFile } from './alive-file.ts';
import { watchFolder } from './watch-folder.ts';

/** A run's hold on a site, kept in the site's private folder. How turns work: `resources/updates/turn.sh`. */
export interface SiteLock {
  readonly privateFolder: RemotePath;
  readonly runId: RunId;
  /** The run's own folder on the site. */
  readonly runFolder: RemotePath;
  /** Goes before every command that changes the site: refuses it when the site, or the turn, is another’s. */
  readonly fence: Script;
  /** Takes the site for the run; makes the private folder (0700). @throws Problem `site-locked` */
  take(connection: Connection, signal: AbortSignal): Promise<void>;
  /** Whether the site is the run’s: asked of the site. */
  isOurs(connection: Connection, signal: AbortSignal): Promise<boolean>;
  /**
   * Ends whatever the run still has at work on the server (a command that was cancelled, or whose connection
   * broke, goes on there) and refuses what of it comes late. To be called before anything is undone.
   */
  takeTurn(connection: Connection, signal: AbortSignal): Promise<void>;
  /**
   * As {@link takeTurn}, and ends the run's watchdog for good, whatever it is at.
   * @param then done in the same command, when the turn is taken
   */
  takeTurnFromWatchdog(connection: Connection, signal: AbortSignal, then?: Script): Promise<void>;
  /**
   * Lets go of the site, if the run still owns it.
   * @param last done before, in the same command
   */
  release(connection: Connection, signal: AbortSignal, last?: Script): Promise<void>;
}

/** The hold of one run on one site. Nothing is taken yet. */
export function siteLock(
  scripts: { readonly turn: string },
  privateFolder: RemotePath,
  runId: RunId,
): SiteLock {
  const lock = joinRemote(privateFolder, 'lock');
  const owner = joinRemote(lock, 'owner');
  let turn = '';
  const nextTurn = async (connection: Connection, signal: AbortSignal, before: Script, then = sh``) => {
    const next = randomBytes(8).toString('hex');
    await runOk(
      connection,
      lines(
        scriptFile(scripts.turn, {}),
        before,
        sh`gk_take_turn ${lock} ${runId} ${next}; gk_begin ${lock} ${runId} ${next}`,
        then,
      ),
      { attempted: 'End what still runs on the server', signal, timeLimit: 120_000 },
    );
    turn = next;
  };
  return {
    privateFolder,
    runId,
    runFolder: joinRemote(privateFolder, runId),
    get fence() {
      return lines(scriptFile(scripts.turn, {}), sh`gk_begin ${lock} ${runId} ${turn}`);
    },
    async take(connection, signal) {
      const script = sh`umask 077; mkdir -p -- ${privateFolder} && chmod 700 -- ${privateFolder} || exit 1
if mkdir -- ${lock} 2>/dev/null || [ ! -s ${owner} ]; then
  # On a full disk files are made, and nothing is in them.
  { printf '0 %s 60\n' "$(date +%s 2>/dev/null || echo -)" > ${aliveFile(privateFolder)} && printf %s ${runId} > ${owner}; } || { rm -rf -- ${lock}; exit 1; }
else cat -- ${owner}; fi`;
      const answer = await runOk(connection, script, {
        attempted: 'Lock the site',
        signal,
        timeLimit: 30_000,
      });
      const other = answer.toString('utf8').trim();
      if (other !== '' && other !== runId) {
        throw heldProblem(other, null);
      }
    },
    async isOurs(connection, signal) {
      const answer = await run(connection, sh`cat -- ${owner} 2>/dev/null; exit 0`, {
        attempted: 'Ask the site who owns it',
        signal,
        timeLimit: 30_000,
      });
      return answer.stdout.toString('utf8') === runId;
    },
    takeTurn: (connection, signal) => nextTurn(connection, signal, sh``),
    takeTurnFromWatchdog(connection, signal, then) {
      const watch = watchFolder(joinRemote(privateFolder, runId));
      const [off, loop] = [joinRemote(watch, 'off'), joinRemote(watch, 'loop')];
      const hand = joinRemote(lock, 'hand.watchdog');
      const last = randomBytes(8).toString('hex');
      // Told that it is over, then ended as a hand is. Before it ended it may have taken the turn: so the turn is taken twice.
      // Or it had just given the site back, and was ended while it removed itself: then that is done for it.
      return nextTurn(
        connection,
        signal,
        sh`if [ -d ${watch} ]; then
  printf '' > ${off} || exit 1
  if [ -f ${loop} ]; then ln -f -- ${loop} ${hand} 2>/dev/null || cp -- ${loop} ${hand} || exit 1; fi
  (gk_take_turn ${lock} ${runId} ${last}) || { refused=$?; [ "$refused" = 75 ] || exit "$refused"; }
  gk_lock=${lock}
  if ! gk_owns ${runId}; then
    [ ! -d ${watch}/lock ] || rm -rf -- ${watch}
    rm -rf -- ${watch}.gone
  fi
fi`,
        then,
      );
    },
    async release(connection, signal, last = sh``) {
      const script = sh`if [ "$(cat -- ${owner} 2>/dev/null)" = ${runId} ]; then rm -rf -- ${lock}; fi; rmdir -- ${privateFolder} 2>/dev/null && case ${parentOf(privateFolder)} in */.groundskeeper) rmdir -- ${parentOf(privateFolder)} 2>/dev/null;; esac; :`;
      const attempted = 'Tidy up on the server, and unlock the site';
      await runOk(connection, lines(last, script), { attempted, signal, timeLimit: 300_000 });
    },
  };
}
