import { when } from '../output.ts';
import { InvalidArgumentError, type Command as Commander } from 'commander';
import type { UpdatePlan } from '../../../api/index.ts';
import { schemaSentence } from '../../../updates/index.ts';
import { bytesInWords, counted, Problem } from '../../../words/index.ts';
import { backupOf } from './backup-named.ts';
import { Exit, followRuns, reportRuns, runNamed, sitesNamed, type Command } from '../context.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;
const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

interface UpdateOptions {
  component?: string[];
  all?: boolean;
  dryRun?: boolean;
  withoutWatchdog?: boolean;
  thoughDown?: boolean;
}

/** `check`, `updates`, `update`, `rollback` */
export function updateCommands(program: Commander, act: Act): void {
  program
    .command('check')
    .argument('[sites...]')
    .option('--tag <tag>')
    .option('--all', 'all sites (as when none is named)')
    .option('--force', 'ask again even where the answer is fresh, and read every site in full')
    .description('reads what is installed and asks what is new')
    .action((names: string[], options: { tag?: string; all?: boolean; force?: boolean }) =>
      act(async (command) => {
        const sites = await sitesNamed(command, names, options);
        const { runIds } = await command.client.checks.start({
          siteIds: sites.map((site) => site.id),
          force: options.force ?? false,
        });
        const runs = await followRuns(command, runIds);
        const updates = await command.client.updates.list({});
        const mine = updates.filter((update) => sites.some((site) => site.id === update.siteId));
        if (!command.out.json) {
          reportRuns({ ...command, out: { ...command.out, result: () => {} } }, runs);
          command.out.say(`${mine.length} ${mine.length === 1 ? 'update waits' : 'updates wait'}.`);
          return;
        }
        reportRuns(
          { ...command, out: { ...command.out, result: () => command.out.result({ runs, updates: mine }) } },
          runs,
        );
      }),
    );

  program
    .command('updates')
    .description('what waits')
    .command('list', { isDefault: true })
    .argument('[site]')
    .option('--kind <kind>', 'patch, minor, major, security, hotfix')
    .action((name: string | undefined, options: { kind?: string }) =>
      act(async ({ client, out }) => {
        const site = name === undefined ? null : await client.sites.find({ nameOrId: name });
        const all = await client.updates.list(site === null ? {} : { siteId: site.id });
        const names = new Map(
          (await client.sites.list({})).map((summary) => [summary.site.id, summary.site.name]),
        );
        const updates = all.filter((update) => options.kind === undefined || update.kind === options.kind);
        out.result(updates, {
          columns: ['site', 'kind', 'component', 'installed', 'new', 'step', 'fits'],
          rows: updates.map((update) => [
            names.get(update.siteId) ?? update.siteId,
            update.component.kind,
            update.component.slug,
            update.component.version,
            update.release.version,
            update.kind,
            update.obstacles.length === 0 ? 'yes' : update.obstacles.join(' '),
          ]),
        });
        if (updates.length === 0) out.say('Nothing waits.');
      }),
    );

  program
    .command('update')
    .argument('<sites...>')
    .option('--component <slug[@version]>', 'may be given several times', collect)
    .option('--all', 'everything that waits and fits')
    .option('--dry-run', 'say what would be done, and write nothing')
    .option(
      '--without-watchdog',
      'change a database also where nothing on the server could undo that if this computer goes silent',
    )
    .option('--though-down', 'update also where the site does not answer, so that nothing can judge it')
    .description(
      'updates safely: backup, staged upload, swap, health check, and back by itself when it got worse',
    )
    .action((names: string[], options: UpdateOptions) =>
      act(async (command) => {
        const { client, out } = command;
        if ((options.component ?? []).length === 0 && options.all !== true) {
          throw new Problem({ code: 'usage', message: 'Say what to update: --component SLUG, or --all.' });
        }
        const sites = await sitesNamed(command, names, {});
        const wanted = await Promise.all(
          sites.map(async (site) => ({ site, choices: await choicesFor(command, site.id, options) })),
        );
        const work = wanted.filter(({ choices }) => choices.length > 0);
        for (const { site, choices } of wanted)
          if (choices.length === 0) out.say(`${site.name}: nothing waits.`);
        const { withoutWatchdog = false, thoughDown = false } = options;
        const needsWord = (plan: UpdatePlan) =>
          (plan.watchdog.needsConsent && !withoutWatchdog) || (plan.down && !thoughDown);
        if (options.dryRun === true) {
          const plans = await Promise.all(
            work.map(async ({ site, choices }) => ({
              site: site.name,
              plan: await client.updates.plan({ siteId: site.id, choices }),
            })),
          );
          for (const { site, plan } of plans) {
            for (const { update, files, bytesToUpload, migrates, localChanges } of plan.updates) {
              out.say(
                `${site}: ${update.component.name} ${update.component.version} → ${update.release.version} (${update.kind})`,
              );
              if (files)
                out.say(
                  `  files: ${files.added} added, ${files.changed} changed, ${files.deleted} deleted, ${files.kept} the same; ${bytesInWords(bytesToUpload ?? 0)} to upload`,
                );
              out.say(
                `  database: ${{ no: 'not touched', perhaps: 'may change; visitors see a maintenance page meanwhile', yes: 'will be upgraded; visitors see a maintenance page meanwhile' }[migrates]}`,
              );
              for (const path of localChanges)
                out.say(`  changed on the site, would be overwritten: ${path}`);
            }
            for (const warning of plan.warnings) out.say(`  note: ${warning}`);
            if (!plan.watchdog.runs)
              out.say(
                '  note: nothing on this server can bring the site back by itself; if this computer goes silent in the middle, the site is brought back when it reconnects',
              );
            if (plan.down && !thoughDown)
              out.warn(
                `${site}: it does not answer, so nothing could tell whether an update makes it worse. Say --though-down to agree.`,
              );
            if (plan.watchdog.needsConsent && !withoutWatchdog)
              out.warn(
                `${site}: the database would be changed, and nothing on the server could undo that. Stay at this computer and say --without-watchdog to agree.`,
              );
            for (const blocker of plan.blockers)
              out.warn(`${site}: ${blocker.message} ${blocker.answered} ${blocker.todo}`);
          }
          out.result(plans);
          if (plans.some(({ plan }) => plan.blockers.length > 0 || needsWord(plan))) throw new Exit(1);
          return;
        }
        const started = await Promise.all(
          work.map(({ site, choices }) =>
            client.updates.start({ siteId: site.id, choices, withoutWatchdog, thoughDown }),
          ),
        );
        reportRuns(
          command,
          await followRuns(
            command,
            started.map(({ runId }) => runId),
          ),
        );
      }),
    );

  program
    .command('rollback')
    .argument('<site>')
    .option('--run <run>', 'which update: an id, or latest', 'latest')
    .option(
      '--to <when>',
      'to the versions of then, across all updates since: a backup, or a date (2026-11-20, 2026-11-20T14:00)',
    )
    .option('--component <slug>', 'may be given several times', collect)
    .option(
      '--database <what>',
      'keep it as it is, or restore it from before the update',
      (value) => {
        if (value !== 'keep' && value !== 'restore') throw new InvalidArgumentError('keep or restore');
        return value;
      },
      'keep',
    )
    .option('--dry-run', 'say what would be brought back, what would be lost, and what stands in the way')
    .option(
      '--force',
      'in spite of what stands in the way and a person may judge (see --dry-run); also finishes what was cut off before',
    )
    .description('takes an update back, or all since a point in time')
    .action(
      (
        name: string,
        options: {
          run: string;
          to?: string;
          component?: string[];
          database: 'keep' | 'restore';
          dryRun?: boolean;
          force?: boolean;
        },
      ) =>
        act(async (command) => {
          const { client, out } = command;
          const site = await client.sites.find({ nameOrId: name });
          const which = {
            ...(options.to !== undefined
              ? { to: (await backupOf(command, site.id, options.to)).id }
              : options.run === 'latest'
                ? {}
                : { runId: await runNamed(command, options.run, site) }),
            ...(options.component ? { components: options.component } : {}),
          };
          if (options.dryRun === true) {
            const preview = await client.updates.rollbackPreview({ siteId: site.id, ...which });
            out.say(
              `${preview.title} (${preview.means === 'kept' ? 'the old version still lies on the site' : 'from the backup'})`,
            );
            for (const { name, from, to, versions } of preview.components)
              if (versions.length > 0)
                out.say(
                  `  ${name}: ${from} → ${to}, across ${counted(versions.length - 1, 'update')} (${versions.toReversed().join(' → ')})`,
                );
            const { schema } = preview.database;
            if (schema.length > 0)
              out.say(
                `  with --database keep the old version meets what the update left: ${schemaSentence(schema)}`,
              );
            const { changed, countedAt } = preview.database;
            if (changed !== null && countedAt !== null)
              out.say(
                `  with --database restore: rows as the backup of ${when(countedAt)} counted them; what came in since is not in these numbers`,
              );
            for (const { table, before, now } of changed ?? [])
              out.say(`  with --database restore: ${table} goes from ${now} rows back to ${before}`);
            for (const { problem, canBeForced } of preview.obstacles)
              out.warn(
                `  in the way${canBeForced ? ' (--force goes on all the same)' : ''}: ${problem.message} ${problem.answered}`.trimEnd(),
              );
            out.result(preview);
            if (preview.obstacles.some(({ canBeForced }) => options.force !== true || !canBeForced))
              throw new Exit(1);
            return;
          }
          const { runId } = await client.updates.rollback({
            siteId: site.id,
            ...which,
            database: options.database,
            force: options.force ?? false,
          });
          reportRuns(command, await followRuns(command, [runId]));
        }),
    );
}

async function choicesFor(
  { client }: Command,
  siteId: Parameters<Command['client']['updates']['plan']>[0]['siteId'],
  options: { component?: string[]; all?: boolean },
) {
  const waiting = await client.updates.list({ siteId });
  if (options.all === true)
    return waiting
      .filter((update) => update.obstacles.length === 0)
      .map(({ component }) => ({ kind: component.kind, slug: component.slug, version: null }));
  return (options.component ?? []).map((word) => {
    const at = word.lastIndexOf('@');
    const slug = at > 0 ? word.slice(0, at) : word;
    const version = at > 0 ? word.slice(at + 1) : null;
    const update = waiting.find(
      ({ component }) => component.slug === slug || (slug === 'core' && component.kind === 'core'),
    );
    return {
      kind: update?.component.kind ?? ('plugin' as const),
      slug: update?.component.slug ?? slug,
      version,
    };
  });
}
