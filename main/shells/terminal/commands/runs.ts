import type { Command as Commander } from 'commander';
import { runNamed, type Command } from '../context.ts';
import { when } from '../output.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

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
    .action((word: string) =>
      act(async (command) => {
        const run = await command.client.runs.show({ runId: await runNamed(command, word) });
        const { out } = command;
        out.say(`${run.siteName ?? ''}  ${run.title}: ${run.state}. ${run.summary}`.trim());
        for (const step of run.steps)
          out.say(
            `  ${{ done: '✓', failed: '✗', running: '…', undone: '↶', skipped: '-' }[step.state]} ${step.title}${step.endedAt === null ? '' : ` (${((step.endedAt - step.startedAt) / 1000).toFixed(1)} s)`}${step.detail === '' ? '' : `: ${step.detail}`}`,
          );
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
    .action(() =>
      act(async ({ client, out }) => {
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
    .description('everything that was done')
    .action((name: string | undefined, options: { limit: number }) =>
      act(async ({ client, out }) => {
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
