import { z } from 'zod';
import { lines, run, runOk, sh } from '../connections/index.ts';
import type { RunContext } from '../runs/index.ts';
import { joinRemote, Problem, shorten } from '../words/index.ts';
import { signOfLife } from './foreign-run.ts';
import type { Hands } from './hands.ts';
import { deadOwner, type LeftThere } from './left-there.ts';
import { findPrivateFolder } from './private-folder.ts';
import type { UpdateServices } from './services.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { releaseUpdaters } from './updater-locks.ts';
import { watchFolder } from './watch-folder.ts';
import { readReport } from './watchdog-report.ts';
import { AboutRun } from './watchdog-script.ts';

/** Hours that bringing a site back may take; its database may be large. */
const HOURS = 12;

/** What was left where commands are run: the watchdog's program and its undo. */
export async function leftByShell(
  { scripts }: Pick<UpdateServices, 'scripts'>,
  hands: Hands,
  { signal }: Pick<RunContext, 'signal'>,
): Promise<LeftThere> {
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, scripts, hands.site, signal),
  );
  const held = joinRemote(privateFolder, 'lock');
  const ask = (script: ReturnType<typeof sh>) =>
    hands.on(async (connection) => {
      const output = await runOk(connection, script, {
        attempted: 'Look what was left',
        signal: hands.signal,
        timeLimit: 30_000,
      });
      return output.toString('utf8').trim();
    });
  const [owner = '', alive = ''] = (
    await ask(
      sh`cat -- ${joinRemote(held, 'owner')} 2>/dev/null; echo; printf '%s %s\n' "$(cat -- ${joinRemote(held, 'alive')} 2>/dev/null)" "$(date +%s)"`,
    )
  ).split('\n');
  const runId = deadOwner(hands.site.name, owner, signOfLife(alive));
  const lock = siteLock(scripts, privateFolder, runId);
  const said = await ask(
    sh`cd -- ${watchFolder(lock.runFolder)} 2>/dev/null || exit 0; [ -f program ] && echo undo; [ -f undo ] && cat -- "$(cat undo)/about"`,
  );
  const [hasUndo, ...rest] = said.split('\n');
  const parts = aboutOf(rest.join('\n'))?.parts ?? [];
  const bringBack = async () => {
    await undo(hands, lock);
    const report = await readReport(hands, lock.runFolder);
    return report === null || report.part === null ? null : (parts[report.part] ?? null);
  };
  return {
    ...{ privateFolder, runId, parts },
    undo: hasUndo === 'undo' ? bringBack : null,
    letGo: () => letGo(hands, lock),
  };
}

function aboutOf(said: string): AboutRun | null {
  const { data } = z
    .string()
    .transform((text, given) => {
      try {
        return AboutRun.parse(JSON.parse(text));
      } catch {
        given.addIssue('not JSON');
        return z.NEVER;
      }
    })
    .safeParse(said);
  return data ?? null;
}

/** What its watchdog would have done. May be run again: what is done already is not done twice. */
async function undo(hands: Hands, lock: SiteLock): Promise<void> {
  const watch = watchFolder(lock.runFolder);
  await hands.on(async (connection) => {
    await lock.takeTurnFromWatchdog(connection, hands.signal);
    const done = await run(connection, sh`/bin/sh ${joinRemote(watch, 'program')} undo`, {
      attempted: 'Bring the site back',
      signal: hands.signal,
      timeLimit: HOURS * 3_600_000,
    });
    if (done.code === 0) {
      await releaseUpdaters(hands, connection, lock);
      return;
    }
    throw new Problem({
      code: 'take-over-failed',
      message: 'What the other computer left on the server did not bring the site back.',
      attempted: 'Bring the site back',
      answered: shorten(`${done.stdout.toString('utf8')}${done.stderr}`.trim(), 1000),
      todo: 'Mend what the server says, then try again; it goes on where it stopped. Or restore a backup.',
    });
  });
}

async function letGo(hands: Hands, lock: SiteLock): Promise<void> {
  await hands.on(async (connection) => {
    await lock.takeTurn(connection, hands.signal);
    await releaseUpdaters(hands, connection, lock, lock.fence);
    await runOk(connection, lines(lock.fence, sh`rm -rf -- ${lock.runFolder}`), {
      attempted: 'Tidy up on the server',
      signal: hands.signal,
      timeLimit: 300_000,
    });
    await lock.release(connection, hands.signal);
  });
}
