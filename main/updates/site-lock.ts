import { randomBytes } from 'node:crypto';
import { lines, run, runOk, scriptFile, sh, type Connection, type Script } from '../connections/index.ts';
import { joinRemote, parentOf, Problem, type RemotePath, type RunId } from '../words/index.ts';

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
  /** Lets go of the site, if the run still owns it. */
  release(connection: Connection, signal: AbortSignal): Promise<void>;
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
  return {
    privateFolder,
    runId,
    runFolder: joinRemote(privateFolder, runId),
    get fence() {
      return lines(scriptFile(scripts.turn, {}), sh`gk_begin ${lock} ${runId} ${turn}`);
    },
    async take(connection, signal) {
      const script = sh`umask 077; mkdir -p -- ${privateFolder} && chmod 700 -- ${privateFolder} || exit 1
if mkdir -- ${lock} 2>/dev/null || [ ! -f ${owner} ]; then printf %s ${runId} > ${owner}; else cat -- ${owner}; fi`;
      const answer = await runOk(connection, script, {
        attempted: 'Lock the site',
        signal,
        timeLimit: 30_000,
      });
      const other = answer.toString('utf8').trim();
      if (other !== '' && other !== runId) {
        throw new Problem({
          code: 'site-locked',
          message: 'Another update of this site is under way, or was cut off.',
          attempted: 'Lock the site',
          answered: `held by ${other}`,
          todo: 'If it ran on this computer: `groundskeeper runs recover`. If on another one: recover it there first.',
        });
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
    async takeTurn(connection, signal) {
      const next = randomBytes(8).toString('hex');
      await runOk(
        connection,
        lines(scriptFile(scripts.turn, {}), sh`gk_take_turn ${lock} ${runId} ${next}`),
        { attempted: 'End what still runs on the server', signal, timeLimit: 120_000 },
      );
      turn = next;
    },
    async release(connection, signal) {
      const script = sh`if [ "$(cat -- ${owner} 2>/dev/null)" = ${runId} ]; then rm -rf -- ${lock}; fi; rmdir -- ${privateFolder} 2>/dev/null && case ${parentOf(privateFolder)} in */.groundskeeper) rmdir -- ${parentOf(privateFolder)} 2>/dev/null;; esac; :`;
      await runOk(connection, script, { attempted: 'Unlock the site', signal, timeLimit: 30_000 });
    },
  };
}
