import { counted } from '../words/index.ts';
import type { LogLine, RunDetails, RunState, Step } from './run.ts';

/** Part of a run's story: a heading, and its sentences. */
export interface Chapter {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Steps that look at the site, and steps that take something back, by how their names begin. */
const LOOKS = ['preflight', 'baseline', 'judge'];
const UNDOES = ['undo', 'recover', 'watchdog report'];

/**
 * What a run did, what it saw and what it took back, with times, for somebody who was not there: a client, an auditor. Made of the
 * journal alone, and of nothing that changes after the run's end.
 */
export function storyOf(run: RunDetails): Chapter[] {
  const begins = (names: readonly string[]) => (step: Step) =>
    names.some((name) => step.name === name || step.name.startsWith(`${name} `));
  const [looks, undoes] = [begins(LOOKS), begins(UNDOES)];
  const warnings = run.log.filter(({ level }) => level !== 'info');
  const chapters: Chapter[] = [
    { title: 'What it was', lines: beginning(run) },
    { title: 'What was done', lines: run.steps.filter((step) => !looks(step) && !undoes(step)).map(told) },
    { title: 'What was seen', lines: [...run.steps.filter(looks).map(told), ...warnings.map(warned)] },
    { title: 'What was taken back', lines: run.steps.filter(undoes).map(told) },
    { title: 'How it ended', lines: ending(run) },
  ];
  return chapters.filter(({ lines }) => lines.length > 0);
}

/** The story as plain text. */
export function storyText(run: RunDetails): string {
  return storyOf(run)
    .map(({ title, lines }) => `${title}\n${lines.map((line) => `  ${line}`).join('\n')}\n`)
    .join('\n');
}

function beginning(run: RunDetails): string[] {
  const at = run.startedAt ?? run.createdAt;
  return [
    `${run.title}${run.siteName === null ? '' : `, on ${run.siteName}`}.`,
    `Begun ${dayOf(at)} at ${timeOf(at)} (UTC).`,
  ];
}

const HOW: Readonly<Record<Step['state'] | 'worse', string>> = {
  done: '',
  running: '',
  failed: ' It did not succeed.',
  worse: ' So the site was worse than before.',
  undone: ' It was taken back later.',
  skipped: ' It was left out.',
};

function told(step: Step): string {
  const took = step.endedAt === null ? 'it did not come to its end' : lasting(step.endedAt - step.startedAt);
  const how = HOW[step.state === 'failed' && step.name.startsWith('judge') ? 'worse' : step.state];
  const detail = step.detail === '' ? '' : ` ${sentence(step.detail)}`;
  return `${timeOf(step.startedAt)}  ${step.title} (${took}).${detail}${how}`;
}

function warned(line: LogLine): string {
  return `${timeOf(line.at)}  ${line.level === 'error' ? 'Error' : 'Warning'}: ${sentence(line.text)}`;
}

const ENDS: Readonly<Record<RunState, string>> = {
  waiting: 'It has not begun.',
  running: 'It is still at work.',
  done: 'It was done.',
  failed: 'It failed.',
  'rolled-back': 'It was taken back.',
  cancelled: 'It was cancelled.',
  interrupted: 'It was cut off, and is to be recovered.',
};

function ending(run: RunDetails): string[] {
  const lines =
    run.endedAt === null
      ? []
      : [
          `${dayOf(run.endedAt)} at ${timeOf(run.endedAt)} (UTC), after ${lasting(run.endedAt - (run.startedAt ?? run.createdAt))}.`,
        ];
  lines.push(ENDS[run.state]);
  if (run.summary !== '') lines.push(run.summary);
  const { problem } = run;
  if (problem !== null) {
    if (problem.message !== run.summary) lines.push(problem.message);
    if (problem.attempted !== '') lines.push(`Tried: ${sentence(problem.attempted)}`);
    if (problem.answered !== '') lines.push(`Answered: ${sentence(problem.answered)}`);
    if (problem.todo !== '') lines.push(`To do: ${sentence(problem.todo)}`);
  }
  return lines;
}

function sentence(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  return /[.!?…]$/.test(plain) ? plain : `${plain}.`;
}

function lasting(millis: number): string {
  const seconds = millis / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${counted(Math.floor(whole / 60), 'minute')} ${whole % 60} s`;
}

/** Always in UTC: the same words wherever and whenever they are read. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
