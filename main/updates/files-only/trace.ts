import { z } from 'zod';
import { joinRemote, Problem, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { planJson, RunPlan } from '../run-plan.ts';
import { parseReport, type WatchdogReport } from '../watchdog-report.ts';
import { putFile, readStart, withFiles } from './over-sftp.ts';

/** What a run leaves on the site for a computer that knows nothing of it: the journal's plan, and what would have to be brought back. */
export const Trace = z.object({
  plan: RunPlan,
  /** Which component; null: none is changed and not judged. */
  undo: z.number().int().nonnegative().nullable(),
});
export type Trace = z.infer<typeof Trace>;

/** Its name in the run's folder. */
export const TRACE = 'undo.json';
const REPORT = 'report';
const MOST = 4 * 1024 * 1024;

/** Leaves a trace, in one instant, in place of the one before. */
export async function leaveTrace(hands: Hands, runFolder: RemotePath, { plan, undo }: Trace): Promise<void> {
  const text = JSON.stringify({ plan: planJson(plan), undo });
  await withFiles(hands, (files) => putFile(files, joinRemote(runFolder, TRACE), text, 0o600, hands.signal));
}

/** The report of whoever brought the site back from a run; null: there is none. */
export async function readReportThere(hands: Hands, runFolder: RemotePath): Promise<WatchdogReport | null> {
  const found = await withFiles(hands, (files) => readStart(files, joinRemote(runFolder, REPORT), MOST));
  return found === null ? null : parseReport(found.toString('utf8'));
}

/** Leaves it for the computer whose run it was. */
export async function leaveReport(hands: Hands, runFolder: RemotePath, text: string): Promise<void> {
  await withFiles(hands, (files) => putFile(files, joinRemote(runFolder, REPORT), text, 0o600, hands.signal));
}

/** The trace of a run; null: it left none, so it has changed nothing. */
export async function readTrace(hands: Hands, runFolder: RemotePath): Promise<Trace | null> {
  const found = await withFiles(hands, (files) => readStart(files, joinRemote(runFolder, TRACE), MOST));
  return found === null ? null : parseTrace(found.toString('utf8'));
}

/** @throws Problem `trace-unreadable` for anything that no run of ours has left there */
export function parseTrace(text: string): Trace {
  try {
    return Trace.parse(JSON.parse(text));
  } catch (error) {
    throw new Problem({
      code: 'trace-unreadable',
      message: 'What the run left on the server to be brought back by cannot be read.',
      attempted: `Read ${TRACE}`,
      answered: error instanceof z.ZodError ? z.prettifyError(error) : text.slice(0, 200),
      todo: 'It may have been left by a newer Groundskeeper: use the newest one. Else restore a backup of the site.',
    });
  }
}
