import {
  ChangedHost,
  run,
  sh,
  UnknownHost,
  type Connection,
  type RemoteResult,
  type Trial,
} from '../../connections/index.ts';
import type { ConnectionSettings } from '../../sites/index.ts';
import { asProblem, isAbort, Problem, remotePath, type Clock } from '../../words/index.ts';

/** Lends the connection that is tried. */
export type Lend = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

const WHO = sh`id -un; uname -sm; printf '%s\n' "$HOME"; for php in php php8.4 php8.3 php8.2 php8.1 php8.0 php7.4; do command -v "$php" >/dev/null 2>&1 && { "$php" -r 'echo PHP_VERSION;' </dev/null; break; }; done; :`;
const NEVER = new AbortController().signal;

/** Tries a connection: logs in, and asks who we are there. What goes wrong is the answer, unless the asker went away. */
export async function tryOut(
  clock: Clock,
  settings: ConnectionSettings,
  lend: Lend,
  signal: AbortSignal = NEVER,
): Promise<Trial> {
  const started = clock();
  try {
    return await lend(async (connection): Promise<Trial> => {
      const found =
        settings.kind === 'sftp'
          ? await tryFiles(connection, settings.user)
          : await tryShell(connection, signal);
      return { outcome: 'ok', ...found, millis: clock() - started };
    });
  } catch (error) {
    if (signal.aborted && isAbort(error)) throw error;
    if (error instanceof UnknownHost) return { outcome: 'unknown-host', key: error.key };
    if (error instanceof ChangedHost) return { outcome: 'failed', problem: error.toJSON(), key: error.key };
    return { outcome: 'failed', problem: asProblem(error).toJSON() };
  }
}

type Found = Omit<Extract<Trial, { outcome: 'ok' }>, 'outcome' | 'millis'>;

async function tryFiles(connection: Connection, user: string): Promise<Found> {
  const home = await (await connection.files()).realPath('.');
  return { user, system: 'SFTP', home: remotePath(home), php: null, onlyFiles: true };
}

async function tryShell(connection: Connection, signal: AbortSignal): Promise<Found> {
  const attempted = 'Ask the server who we are';
  let answered: RemoteResult;
  try {
    answered = await run(connection, WHO, { attempted, signal, timeLimit: 20_000 });
  } catch (error) {
    // A server may refuse every command, and keep the connection.
    if (signal.aborted || connection.closed) throw error;
    throw await noShell(connection, asProblem(error).answered ?? asProblem(error).message);
  }
  const stdout = answered.stdout.toString('utf8');
  const [user = '', system = '', home = '', php = ''] = stdout.split('\n');
  if (answered.code !== 0 || user === '')
    throw await noShell(
      connection,
      answered.stderr.trim() || printable(stdout) || `exit code ${answered.code}`,
    );
  return { user, system, home: remotePath(home || '/'), php: php === '' ? null : php, onlyFiles: false };
}

/** Why there is no shell: an account that gives files is of use all the same. */
async function noShell(connection: Connection, answered: string): Promise<Problem> {
  const shape = { attempted: `Run \`id -un\` on ${connection.label}`, answered };
  const gives = await connection.files().then(
    (files) => {
      files.end();
      return true;
    },
    () => false,
  );
  return gives
    ? new Problem({
        ...shape,
        code: 'only-sftp',
        message: 'The login works, and this account gives files over SFTP, but no commands.',
        todo: 'Reach it over SFTP (--sftp in the terminal): a WordPress there is updated all the same; of anything else its files are backed up and restored. A shell is better: ask the host for one.',
      })
    : new Problem({
        ...shape,
        code: 'no-shell',
        message: 'The login works, but this account may not run commands.',
        todo: 'Ask the host for a shell (SSH access, not only SFTP).',
      });
}

/** What `internal-sftp` answers to a command is no text. */
function printable(text: string): string {
  return /^[\P{C}\s]*$/u.test(text) ? text.trim() : '';
}
