import { Option, type Command as Commander } from 'commander';
import { counted, Problem } from '../../../words/index.ts';
import { followRuns, reportRuns, runNamed, type Command } from '../context.ts';
import { savePictures, seenLines } from './seen.ts';
import { when } from '../output.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

interface HistoryOptions {
  readonly limit: number;
  readonly check?: boolean;
  readonly export?: 'jsonl' | 'csv';
}

function brokenHistory({
  id,
  why,
}: {
  readonly id: number;
  readonly why: 'changed' | 'missing-before';
}): Problem {
  return new Problem({
    code: 'history-broken',
    message: 'The history is not as it was written.',
    attempted: 'Follow the links from entry to entry',
    answered:
      why === 'changed'
        ? `entry ${id} was changed, or one before it`
        : `entries before entry ${id} are missing`,
    todo: 'Compare with a copy of groundskeeper.db from your own backups.',
  });
}

/** `runs …`, `history` */
export function runCommands(program: Commander, act: Act): void {
  const runs = program.command('runs').description('what ran and what runs');
  runs
    .command('list')
    .argument('[site]')
    .option('--limit <n>', '', Number, 50)
    .action((name: string | undefined, options: { limit: number }) =>
      act(async ({ client, out }) => {
        const site = name === undefined ? null : await client.sites.find({ nameOrId: name });
        const list = await client.runs.list({ limit: options.limit, ...(site ? { siteId: site.id } : {}) });
        out.result(list, {
          columns: ['id', 'when', 'site', 'state', 'title', 'how it ended'],
          rows: list.map((run) => [
            run.id,
            when(run.createdAt),
            run.siteName ?? '',
            run.state,
            run.title,
            run.summary,
          ]),
        });
      }),
    );
  runs
    .command('show')
    .argument('<run>', 'an id, or latest')
    .option('--story', 'what it did, saw and took back, in plain words for whoever was not there')
    .option('--pictures <folder>', 'saves the pictures of its pages there')
    .action((word: string, options: { story?: boolean; pictures?: string }) =>
      act(async (command) => {
        const runId = await runNamed(command, word);
        const { out } = command;
        if (options.story === true) {
          const story = await command.client.runs.story({ runId });
          out.say(story.text.trimEnd());
          out.result(story);
          return;
        }
        const run = await command.client.runs.show({ runId });
        out.say(`${run.siteName ?? ''}  ${run.title}: ${run.state}. ${run.summary}`.trim());
        for (const step of run.steps) {
          out.say(
            `  ${{ done: '✓', failed: '✗', running: '…', undone: '↶', skipped: '-' }[step.state]} ${step.title}${step.endedAt === null ? '' : ` (${((step.endedAt - step.startedAt) / 1000).toFixed(1)} s)`}${step.detail === '' ? '' : `: ${step.detail}`}`,
          );
          for (const line of seenLines(step.seen)) out.say(`      ${line}`);
        }
        if (options.pictures !== undefined) await savePictures(command, run, options.pictures);
        for (const line of run.log)
          out.say(`    ${line.level === 'info' ? '' : `${line.level}: `}${line.text}`);
        out.result(run);
      }),
    );
  runs
    .command('cancel')
    .argument('<run>', 'an id, or latest')
    .action((word: string) =>
      act(async (command) => {
        const runId = await runNamed(command, word);
        await command.client.runs.cancel({ runId });
        command.out.say('It is being cancelled; what it changed is undone.');
        command.out.result({ cancelled: runId });
      }),
    );
  runs
    .command('recover')
    .description('finishes or undoes what a crash left')
    .option('--site <site>', 'bring this site back from a run of another computer that was cut off there')
    .action((options: { site?: string }) =>
      act(async (command) => {
        const { client, out } = command;
        if (options.site !== undefined) {
          const site = await client.sites.find({ nameOrId: options.site });
          const { runId } = await client.runs.takeOver({ siteId: site.id });
          reportRuns(command, await followRuns(command, [runId]));
          return;
        }
        const { recovered } = await client.runs.recover({});
        for (const { title, outcome } of recovered) out.say(`${title}: ${outcome}`);
        if (recovered.length === 0) out.say('Nothing was left unfinished.');
        out.result(recovered);
      }),
    );
  program
    .command('history')
    .argument('[site]')
    .option('--limit <n>', '', Number, 100)
    .option('--check', 'whether anything of it was changed or removed since')
    .addOption(new Option('--export <format>', 'all of it, to stdout').choices(['jsonl', 'csv']))
    .description('everything that was done')
    .action((name: string | undefined, options: HistoryOptions) =>
      act(async ({ client, out }) => {
        if (options.export !== undefined) {
          out.raw(Buffer.from((await client.history.exportAll({ format: options.export })).text));
          return;
        }
        if (options.check === true) {
          const checked = await client.history.check({});
          if (checked.broken !== null) throw brokenHistory(checked.broken);
          out.say(
            `${counted(checked.entries, 'entry', 'entries')}, none changed or removed. The newest one's link: ${checked.head}`,
          );
          out.result(checked);
          return;
        }
        const site = name === undefined ? null : await client.sites.find({ nameOrId: name });
        const list = await client.history.list({
          limit: options.limit,
          ...(site ? { siteId: site.id } : {}),
        });
        out.result(list, {
          columns: ['when', 'site', 'what', 'outcome', 'summary'],
          rows: list.map((entry) => [
            when(entry.at),
            entry.siteName ?? '',
            entry.kind,
            entry.outcome,
            entry.summary,
          ]),
        });
      }),
    );
}
