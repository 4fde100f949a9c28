import type { Command as Commander } from 'commander';
import { resolve } from 'node:path';
import { bytesInWords, Problem } from '../../../words/index.ts';
import { followRuns, reportRuns, sitesNamed, type Command } from '../context.ts';
import { when } from '../output.ts';
import { backupNamed } from './backup-named.ts';
import { careCommands } from './care.ts';
import { copyCommands } from './copies.ts';
import { leaveOutCommand } from './leave-out.ts';
import { showDifferences, whatIs } from './differences.ts';
import { phraseCommands } from './phrase.ts';
import { tableCommands } from './tables.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** `backup`, `backups …` */
export function backupCommands(program: Commander, act: Act): void {
  program
    .command('backup')
    .argument('[sites...]')
    .option('--tag <tag>')
    .option('--all')
    .option('--sweep', 'compares every file by its contents, and finds changes that kept size and time')
    .description('backs up files and database, and reads them back')
    .action((names: string[], options: { tag?: string; all?: boolean; sweep?: boolean }) =>
      act(async (command) => {
        if (names.length === 0 && options.tag === undefined && options.all !== true)
          throw new Problem({ code: 'usage', message: 'Say which sites: names, --tag, or --all.' });
        const sites = await sitesNamed(command, names, options);
        const started = await Promise.all(
          sites.map((site) =>
            command.client.backups.start({ siteId: site.id, sweep: options.sweep ?? false }),
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

  const backups = program.command('backups').description('what is in the store; works offline');
  backups
    .command('list')
    .argument('[site]')
    .action((name: string | undefined) =>
      act(async ({ client, out }) => {
        const site = name === undefined ? null : await client.sites.find({ nameOrId: name });
        const list = await client.backups.list(site === null ? {} : { siteId: site.id });
        for (const one of await client.sites.list({}))
          if (one.overdue && (site === null || one.site.id === site.id))
            out.warn(`${one.site.name}: overdue, last backed up ${when(one.backedUpAt)}.`);
        out.result(list, {
          columns: [
            'id',
            'site',
            'taken',
            'why',
            'files',
            'size',
            'added',
            'database',
            'verified',
            'proved',
            'pinned',
          ],
          rows: list.map((backup) => [
            backup.id,
            backup.siteName,
            when(backup.takenAt),
            backup.reason,
            String(backup.files),
            bytesInWords(backup.bytes),
            bytesInWords(backup.addedBytes),
            backup.database ?? '',
            when(backup.verifiedAt),
            when(backup.proof?.at ?? null),
            backup.pin === null ? '' : backup.pin.note || 'yes',
          ]),
        });
        if (list.length === 0) out.say('No backups yet.');
      }),
    );
  backups
    .command('ls')
    .argument('<backup>')
    .argument('[path]', '', '')
    .action((id: string, path: string) =>
      act(async (command) => {
        const entries = await command.client.backups.folder({
          backupId: await backupNamed(command, id),
          path,
        });
        command.out.result(entries, {
          columns: ['mode', 'size', 'modified', 'name'],
          rows: entries.map((entry) => [
            entry.mode.toString(8).padStart(4, '0'),
            entry.kind === 'file' ? String(entry.size) : entry.kind,
            when(entry.modifiedAt),
            entry.target === null ? entry.name : `${entry.name} -> ${entry.target}`,
          ]),
        });
      }),
    );
  backups
    .command('cat')
    .argument('<backup>')
    .argument('<path>')
    .action((id: string, path: string) =>
      act(async (command) => {
        const file = await command.client.backups.file({
          backupId: await backupNamed(command, id),
          path,
          limit: 4_194_304,
        });
        if (file.truncated)
          throw new Problem({
            code: 'too-large',
            message: `${path} has ${file.size} bytes; \`cat\` prints at most 4 MiB.`,
            todo: 'Use `backups restore` with --to DIR.',
          });
        if (command.out.json) command.out.result(file);
        else command.out.raw(Buffer.from(file.base64, 'base64'));
      }),
    );
  backups
    .command('find')
    .argument('<site>')
    .argument('[glob]')
    .option('--all', 'in the backups of all sites; then only the glob is said')
    .description('files by name (`*.htaccess`) or path (`wp-content/**/x.php`), each version once')
    .action((first: string, second: string | undefined, { all }: { all?: boolean }) =>
      act(async ({ client, out }) => {
        const glob = all === true ? first : second;
        if (glob === undefined || (all === true && second !== undefined))
          throw new Problem({
            code: 'usage',
            message: 'Say which site and which files, or --all and which files.',
          });
        const of = all === true ? {} : { siteId: (await client.sites.find({ nameOrId: first })).id };
        const found = await client.backups.find({ ...of, glob });
        out.result(found, {
          columns: ['backup', 'taken', 'backups', 'size', ...(all === true ? ['site'] : []), 'path'],
          rows: found.map((one) => [
            one.backupId,
            when(one.takenAt),
            String(one.backups),
            String(one.size),
            ...(all === true ? [one.siteName] : []),
            one.path,
          ]),
        });
      }),
    );
  backups
    .command('diff')
    .argument('<before>')
    .argument('[after]')
    .argument('[path]', '', '')
    .option('--live', 'against the site as it is now: diff BACKUP --live [PATH]')
    .description('what differs; one backup alone is compared with the one before it')
    .action((first: string, second: string | undefined, path: string, { live }: { live?: boolean }) =>
      act(async (command) => {
        if (live === true) {
          const before = await backupNamed(command, first);
          await showDifferences(command, { before, after: 'live', path: second ?? '' });
          return;
        }
        const after = await backupNamed(command, second ?? first);
        const before = second === undefined ? undefined : await backupNamed(command, first);
        await showDifferences(command, { after, path, ...(before === undefined ? {} : { before }) });
      }),
    );
  backups
    .command('history')
    .argument('<site>')
    .argument('<path>')
    .description('every version of a file over all backups of a site')
    .action((name: string, path: string) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const history = await client.backups.fileHistory({ siteId: site.id, path });
        out.result(history, {
          columns: ['backup', 'since', 'until', 'size', 'modified', 'what'],
          rows: history.versions.map((version) => [
            version.backupId,
            when(version.takenAt),
            when(version.lastTakenAt),
            version.kind === 'file' ? String(version.size) : '',
            version.modifiedAt === null ? '' : when(version.modifiedAt),
            version.sameAs === null
              ? whatIs(version.kind, version.target)
              : `${whatIs(version.kind, version.target)}, as in ${version.sameAs}`,
          ]),
        });
        if (history.unread.length > 0)
          out.warn(`Not known in ${history.unread.join(', ')}: it could not be read.`);
      }),
    );
  backups
    .command('restore')
    .argument('<backup>')
    .argument('[paths...]')
    .option('--to <folder>', 'a folder on this computer; for tables, a file')
    .option('--to-site', 'the site that it was taken from')
    .option('--database', 'the database as well')
    .option('--table <names...>', 'only these tables of the database, and no files')
    .action(
      (
        id: string,
        paths: string[],
        options: { to?: string; toSite?: boolean; database?: boolean; table?: string[] },
      ) =>
        act(async (command) => {
          const { to, toSite = false, database = false, table: tables = [] } = options;
          if ((to === undefined) === !toSite)
            throw new Problem({ code: 'usage', message: 'Say where: --to FOLDER, or --to-site.' });
          if (tables.length > 0 && (database || paths.length > 0))
            throw new Problem({
              code: 'usage',
              message: '--table restores tables alone: without --database, and without paths.',
            });
          const here = resolve(to ?? '');
          const { runId } = await command.client.backups.restore({
            backupId: await backupNamed(command, id),
            paths,
            tables,
            to:
              to === undefined
                ? { kind: 'site' }
                : tables.length > 0
                  ? { kind: 'file', file: here }
                  : { kind: 'folder', folder: here },
            database,
          });
          reportRuns(command, await followRuns(command, [runId]));
        }),
    );
  backups
    .command('export')
    .argument('<backup>')
    .argument('<file>')
    .description('the whole backup as one zip, the database beside the files')
    .action((id: string, file: string) =>
      act(async (command) => {
        const { runId } = await command.client.backups.export({
          backupId: await backupNamed(command, id),
          file: resolve(file),
        });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  backups
    .command('verify')
    .argument('[backup]')
    .option('--deep', 'read every byte, as every verify does')
    .option('--rolling', 'only today’s share of what was read longest ago, as is done by itself')
    .action((id: string | undefined, { rolling = false }: { rolling?: boolean }) =>
      act(async (command) => {
        const { runId } = await command.client.backups.verify(
          id === undefined ? { rolling } : { backupId: await backupNamed(command, id) },
        );
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  backups
    .command('prune')
    .description('gives back the space that no backup needs')
    .option(
      '--thin',
      'first removes backups that the rules do not keep (`backups keep` shows them); never a pinned one, or what a rollback needs',
    )
    .option('--dry-run', 'tells what it would give, exactly; changes nothing')
    .action(({ thin = false, dryRun = false }: { thin?: boolean; dryRun?: boolean }) =>
      act(async (command) => {
        if (dryRun) {
          const report = await command.client.store.prunePlan({ thin });
          for (const backup of report.backups)
            command.out.say(`would remove ${backup.id}  ${backup.siteName}  ${when(backup.takenAt)}`);
          command.out.say(
            `${bytesInWords(report.freed)} could be given back: ${report.deleted} packs deleted, ${report.rewritten} written anew. The store would take ${bytesInWords(report.bytes)}.`,
          );
          command.out.result(report);
          return;
        }
        const { runId } = await command.client.store.prune({ thin });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  backups
    .command('rebuild-index')
    .description('finds every blob again from the packs')
    .action(() =>
      act(async ({ client, out }) => {
        await client.store.rebuildIndex({});
        out.say('The index was made anew.');
        out.result({ rebuilt: true });
      }),
    );
  backups
    .command('remove')
    .argument('<backup>')
    .action((id: string) =>
      act(async (command) => {
        const backupId = await backupNamed(command, id);
        await command.client.backups.remove({ backupId });
        command.out.say('The backup was removed.');
        command.out.result({ removed: backupId });
      }),
    );
  phraseCommands(backups, act);
  tableCommands(backups, act);
  careCommands(backups, act);
  leaveOutCommand(backups, act);
  copyCommands(backups, act);
}
