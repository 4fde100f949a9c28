import { lines, runOk, scriptFile, sh, type Connection } from '../connections/index.ts';
import { asProblem, Problem } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { UpdateScripts } from './remote.ts';

const attempted = 'Look whether anything outlives a connection to the server';

/**
 * Whether a process that is started on the site as a watchdog is lives on when its connection has ended. It is started over a
 * connection of its own, looked for over another one, and ended. Writes nothing. Where it cannot be found out, none does.
 */
export async function outlives(hands: Hands, scripts: UpdateScripts): Promise<boolean> {
  const { signal } = hands;
  const tools = lines(scriptFile(scripts.turn, {}), scriptFile(scripts.detach, {}));
  const ask = (connection: Connection, script: ReturnType<typeof sh>) =>
    runOk(connection, lines(tools, script), { attempted, signal, timeLimit: 30_000 });
  try {
    const output = await hands.apart((connection) =>
      ask(connection, sh`gk_detach sleep 60; printf '%s %s\n' "$detached" "$(gk_began "$detached")"`),
    );
    const [pid = '', began = ''] = output.toString('utf8').trim().split(' ');
    if (!/^\d+$/.test(pid)) return false;
    const answer = await hands.on((connection) =>
      ask(
        connection,
        sh`if gk_outlives ${pid} ${began}; then echo yes; fi; if gk_lives ${pid} ${began}; then kill ${pid}; fi; :`,
      ),
    );
    return answer.toString('utf8').trim() === 'yes';
  } catch (error) {
    if (signal.aborted || asProblem(error).code === 'defect') throw error;
    return false;
  }
}

/** What is said where a database would be changed and nothing on the server could undo that by itself. */
export function needsConsent(names: readonly string[], answered = ''): Problem {
  return new Problem({
    code: 'needs-consent',
    message: `${names.join(', ')}: this changes the database, and nothing on the server can undo that by itself. Nothing was changed.`,
    attempted: 'Leave a watchdog on the server',
    answered,
    todo: 'Stay at this computer and agree to it: tick the box in the update’s dialog, or `groundskeeper update … --without-watchdog`.',
  });
}
