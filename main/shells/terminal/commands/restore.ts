import type { Command as Commander } from 'commander';
import type { ElsewherePlan } from '../../../api/index.ts';
import { LEFT_BECAUSE } from '../../../updates/index.ts';
import { bytesInWords, counted, Problem } from '../../../words/index.ts';
import { Exit, followRuns, reportRuns, type Command } from '../context.ts';
import { when, type Output } from '../output.ts';
import { backupNamed } from './backup-named.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** `restore BACKUP --to SITE`: another site than it was taken from. */
export function restoreCommand(program: Commander, act: Act): void {
  program
    .command('restore')
    .argument('<backup>')
    .requiredOption(
      '--to <site>',
      'another site, which keeps its configuration, its address and its table prefix',
    )
    .option('--dry-run', 'say what would be done; changes nothing')
    .option('--yes', 'do it; without, it is only said what would be done')
    .description('puts one site’s backup into another site, with URL, paths and prefix rewritten')
    .action((id: string, options: { to: string; dryRun?: boolean; yes?: boolean }) =>
      act(async (command) => {
        const { client, out } = command;
        const site = await client.sites.find({ nameOrId: options.to });
        const backupId = await backupNamed(command, id);
        if (options.yes !== true || options.dryRun === true) {
          const plan = await client.backups.elsewhere({ backupId, siteId: site.id });
          sayPlan(out, plan);
          out.result(plan);
          if (plan.blockers.length > 0) throw new Exit(1);
          if (options.dryRun !== true)
            throw new Problem({
              code: 'usage',
              message: `Nothing was changed. What ${site.name} holds now would be replaced.`,
              todo: 'Add --yes to do it.',
            });
          return;
        }
        const { runId } = await client.backups.restore({
          backupId,
          to: { kind: 'site', siteId: site.id },
          database: true,
        });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
}

function sayPlan(out: Output, { from, to, files, database, warnings, blockers }: ElsewherePlan): void {
  out.say(`${from.name} (${when(from.takenAt)}) → ${to.name}, ${to.url}`);
  out.say(
    `  files: ${files.written} written (${bytesInWords(files.bytes)}), ${files.deleted} deleted, ${files.unchanged} the same`,
  );
  for (const path of files.stays) out.say(`  stays: ${path}`);
  if (database !== null) {
    const { prefix, moves, rewritten, dropped } = database;
    out.say(`  database: ${counted(rewritten.tables, 'table')}, ${prefix.from}… → ${prefix.to}…`);
    for (const { from: was, to: now } of moves) out.say(`  rewritten: ${was} → ${now}`);
    out.say(
      `  ${counted(rewritten.values, 'value')} in ${counted(rewritten.byTable.length, 'table')} would change`,
    );
    for (const { because, column, values } of rewritten.left)
      out.say(`  left alone: ${counted(values, 'value')} of ${column} (${LEFT_BECAUSE[because]})`);
    for (const what of rewritten.notTaken) out.say(`  not taken along: ${what}`);
    for (const table of dropped) out.say(`  table goes: ${table}`);
  }
  for (const warning of warnings) out.say(`  note: ${warning}`);
  for (const blocker of blockers)
    out.warn([blocker.message, blocker.answered, blocker.todo].filter((word) => word !== '').join(' '));
}
