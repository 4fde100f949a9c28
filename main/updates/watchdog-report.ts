import { z } from 'zod';
import { runOk, sh } from '../connections/index.ts';
import { joinRemote, shorten, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { RunPlan } from './run-plan.ts';
import { watchFolder } from './watch-folder.ts';

/** One thing that a watchdog did. */
const ReportLine = z.object({
  /** Milliseconds by the site's clock; null where it cannot tell. */
  at: z.number().nullable(),
  step: z.enum(['fence', 'files', 'close', 'forget', 'database', 'visitors', 'tidy', 'end']),
  outcome: z.enum(['done', 'failed']),
  /** What went wrong, in the site's words; of `fence`, which component it was. */
  words: z.string(),
});
export type ReportLine = z.infer<typeof ReportLine>;

/** What a watchdog that fired has done. */
export interface WatchdogReport {
  readonly lines: readonly ReportLine[];
  /** Which component it brought back; null: none was swapped. */
  readonly part: number | null;
  /** Whether the site is whole and open again. */
  readonly brought: boolean;
  /** Whether nothing of it is at work any more. */
  readonly ended: boolean;
  /** Who did it: a watchdog, or a computer that took the site over where none runs. */
  readonly by: 'watchdog' | 'computer';
}

const ANOTHER = 'another computer';

/** The report of a computer that has brought back what a run of another one had left, as a watchdog writes its own. */
export function reportOfComputer(part: number, withDatabase: boolean): string {
  const did = [
    'files done',
    ...(withDatabase ? ['database done'] : []),
    'visitors done',
    `end done ${ANOTHER}`,
  ];
  return [`fence done ${part}`, ...did].map((line) => `- ${line}\n`).join('');
}

/** Reads a report as watchdog.sh writes it; null: it has not fired. What is no line of a report is left out. */
export function parseReport(text: string): WatchdogReport | null {
  const found = text.split('\n').flatMap((line) => {
    const [, when, step, outcome, words = ''] = /^(\S+) (\S+) (\S+) ?(.*)$/.exec(line) ?? [];
    const seconds = /^\d+$/.test(when ?? '') ? Number(when) : null;
    const parsed = ReportLine.safeParse({
      at: seconds === null ? null : seconds * 1000,
      step,
      outcome,
      words: shorten(words, 500),
    });
    return parsed.success ? [parsed.data] : [];
  });
  if (found.length === 0) return null;
  const isDone = (step: ReportLine['step']) =>
    found.some((line) => line.step === step && line.outcome === 'done');
  const named = found.find(({ step, outcome }) => step === 'fence' && outcome === 'done')?.words ?? '';
  return {
    lines: found,
    part: /^\d+$/.test(named) ? Number(named) : null,
    brought: isDone('visitors') || isDone('end'),
    ended: isDone('end'),
    by: found.some(({ step, words }) => step === 'end' && words === ANOTHER) ? 'computer' : 'watchdog',
  };
}

/** What the watchdog of a run has done, finished or not; null: it has not fired. */
export async function readReport(hands: Hands, runFolder: RemotePath): Promise<WatchdogReport | null> {
  const watch = watchFolder(runFolder);
  const [report, log, state] = [
    joinRemote(runFolder, 'report'),
    joinRemote(watch, 'log'),
    joinRemote(watch, 'state'),
  ];
  const output = await hands.on((connection) =>
    runOk(
      connection,
      // A disk that was full may have kept the log short.
      sh`if [ -f ${report} ]; then cat -- ${report}; exit; fi
[ ! -f ${log} ] || cat -- ${log}
case $(cat -- ${state} 2>/dev/null) in visitors | told) echo '- visitors done' ;; esac`,
      {
        attempted: 'Read what the watchdog did',
        signal: hands.signal,
        timeLimit: 30_000,
        maxOutput: 1_000_000,
      },
    ),
  );
  return parseReport(output.toString('utf8'));
}

/** The plan after what a watchdog has brought back. */
export function heed<P extends Pick<RunPlan, 'parts'>>(plan: P, report: WatchdogReport): P {
  if (!report.brought || report.part === null) return plan;
  return {
    ...plan,
    parts: plan.parts.map((part, index) =>
      index === report.part ? { ...part, outcome: 'undone' as const } : part,
    ),
  };
}

/** What it did and when, in a sentence. */
export function toldOf(report: WatchdogReport): string {
  const times = report.lines.flatMap(({ at }) => (at === null ? [] : [at]));
  const [first] = times;
  const last = times.at(-1);
  const did = [
    ...new Set(report.lines.filter(({ outcome }) => outcome === 'done').map(({ step }) => WORDS[step])),
  ]
    .filter((words) => words !== '')
    .join(', ');
  if (first === undefined || last === undefined) return `${did}.`;
  return `${did}: begun at ${new Date(first).toISOString()} by the server’s clock, done after ${Math.round((last - first) / 1000)} s.`;
}

const WORDS: Readonly<Record<ReportLine['step'], string>> = {
  fence: 'Ended the run',
  files: 'brought the files back',
  close: 'kept visitors out',
  forget: 'had PHP forget what it compiled',
  database: 'put the database back',
  visitors: 'let visitors in',
  tidy: '',
  end: '',
};
