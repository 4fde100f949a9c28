/** What is known of the matrix, kept between runs, and as the tables of docs/faults.md. */
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { allCells, idOf } from './matrix.ts';
import { MOMENTS } from './cell.ts';
import { faultsOf } from './faults.ts';
import { HOSTS, KINDS, stepsOf, type HostKind } from './kinds.ts';

/** One cell that was run. */
const Ran = z.object({
  verdict: z.enum(['old', 'new', 'red']).nullable(),
  why: z.array(z.string()),
  moment: z.enum(MOMENTS),
  /** The command, program or page at which it struck. */
  at: z.string(),
  reported: z.string(),
  seconds: z.number(),
  seed: z.number(),
  date: z.string(),
});
export type Ran = z.infer<typeof Ran>;

const Known = z.record(z.string(), Ran);
export type Known = z.infer<typeof Known>;

export function readKnown(file: string): Known {
  return fs.existsSync(file) ? Known.parse(JSON.parse(fs.readFileSync(file, 'utf8'))) : {};
}

export function writeKnown(file: string, known: Known): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, JSON.stringify(known, null, 1));
  fs.renameSync(`${file}.part`, file);
}

/** The page docs/faults.md. @param versions of what it ran on, in words */
export function pageOf(known: Known, versions: string): string {
  const cells = allCells(0);
  const of = (verdict: Ran['verdict']) =>
    cells.filter((cell) => known[idOf(cell)]?.verdict === verdict && known[idOf(cell)] !== undefined).length;
  const on = (host: HostKind) => cells.filter(({ over }) => over === host).length;
  const [reds, old, fresh, not] = [of('red'), of('old'), of('new'), of(null)];
  const dates = Object.values(known).map(({ date }) => date);
  const seconds = Object.values(known).map((ran) => ran.seconds);
  const middle = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? 0;
  const newest = dates.toSorted().at(-1) ?? '';
  return `# The fault matrix

Written by \`npm run faults\`; how it works: [architecture.md](architecture.md#the-fault-matrix). Real sshd, PHP, MariaDB and
WordPress; one fault strikes at one step of one update, and an observer who only fetches the site and compares hashes
says what is there afterwards. ${versions}

${on('shell')} cells for hosts with a shell, ${on('sftp')} for hosts that give SFTP alone: ${old + fresh} green (${old} whole old, ${fresh} whole new), ${reds} red, ${not} not possible where
they ran, ${cells.length - old - fresh - reds - not} not run yet. ${newest === '' ? '' : `Last run ${newest}; median ${middle} s a cell.`}

A cell says what was there at the end, when in the step the fault struck (\`<\` before its first command, \`·\` within it,
\`>\` when its last command had acted and had not answered), and its seconds. **RED** is told below; \`–\`: not run yet; \`n/a\`:
not possible where it ran.

Over SFTP no watchdog runs: *app killed for good* means that another computer takes the site over, with nothing but what the run left there.
${HOSTS.flatMap((over) => KINDS.map((kind) => `\n## ${kind}${over === 'sftp' ? ', over SFTP alone' : ''}\n\n${tableOf(over, kind, known)}\n`)).join('')}${redsOf(known)}`;
}

const MARKS = { before: '<', while: '·', after: '>' } as const;

function tableOf(over: HostKind, kind: (typeof KINDS)[number], known: Known): string {
  const steps = stepsOf(kind, over);
  const rows = faultsOf(over).map((fault) => [
    fault,
    ...steps.map((step) => {
      const ran = known[idOf({ step, fault, kind, over })];
      if (ran === undefined) return '–';
      if (ran.verdict === null) return 'n/a';
      const verdict = ran.verdict === 'red' ? '**RED**' : ran.verdict;
      return `${verdict} ${MARKS[ran.moment]} ${Math.round(ran.seconds)}`;
    }),
  ]);
  return aligned([['fault', ...steps], ...rows]);
}

/** A table as prettier writes it. */
function aligned(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_cell, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.slice(1).map(line)].join('\n');
}

function redsOf(known: Known): string {
  const red = Object.entries(known).filter(([, { verdict }]) => verdict === 'red');
  if (red.length === 0) return '';
  const told = red.map(
    ([id, ran]) =>
      `- \`${id}\` (${ran.moment}, seed ${ran.seed}, at ${ran.at}; reported ${ran.reported}): ${ran.why
        .join('; ')
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/[*_<>|`]/g, ' ')
        .slice(0, 300)}`,
  );
  return `\n## Red\n\n${told.join('\n')}\n`;
}
