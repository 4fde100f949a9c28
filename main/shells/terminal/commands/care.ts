import type { Command as Commander } from 'commander';
import { resolve } from 'node:path';
import type { KeepReason, KeepRules } from '../../../api/index.ts';
import { counted, Problem } from '../../../words/index.ts';
import { followRuns, reportRuns, type Command } from '../context.ts';
import { when } from '../output.ts';
import { backupNamed } from './backup-named.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** The rules, which take a number each, and what their options say. */
const RULES: readonly (readonly [keyof KeepRules, string])[] = [
  ['last', 'the newest so many'],
  ['everythingDays', 'everything of so many days'],
  ['daily', 'one a day, for so many days with a backup'],
  ['weekly', 'one a week'],
  ['monthly', 'one a month'],
  ['atLeast', 'never fewer than so many'],
];

/** `backups keep | pin | unpin | drill` */
export function careCommands(backups: Commander, act: Act): void {
  const keep = backups
    .command('keep')
    .argument('[site]')
    .description(
      'which backups the rules keep, and why; with rules: what those would remove, and --save sets them',
    )
    .option('--save', 'sets the rules: of the site that is named, else of all')
    .option('--usual', 'with --save and a site: it follows the rules of all again')
    .option('--by-itself <on|off>', 'whether what the rules do not keep is removed after each backup');
  for (const [rule, words] of RULES) keep.option(`--${dashed(rule)} <n>`, words, number);
  keep.action((name: string | undefined, options: KeepOptions) =>
    act((command) => showKept(command, name, options)),
  );

  backups
    .command('pin')
    .argument('<backup>')
    .option('--note <text>', 'why', '')
    .description('keeps a backup until it is unpinned')
    .action((id: string, { note }: { note: string }) =>
      act(async (command) => {
        const backup = await command.client.backups.pin({ backupId: await backupNamed(command, id), note });
        command.out.say(
          `The backup of ${backup.siteName}, ${when(backup.takenAt)}, stays until it is unpinned.`,
        );
        command.out.result(backup);
      }),
    );
  backups
    .command('drill')
    .argument('<backup>')
    .option('--to <folder>', 'restores below this folder; what is restored is deleted again')
    .description('proves a backup by restoring all of it on this computer: files, links and database')
    .action((id: string, options: { to?: string }) =>
      act(async (command) => {
        const { runId } = await command.client.backups.drill({
          backupId: await backupNamed(command, id),
          ...(options.to === undefined ? {} : { folder: resolve(options.to) }),
        });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  backups
    .command('unpin')
    .argument('<backup>')
    .action((id: string) =>
      act(async (command) => {
        const backup = await command.client.backups.unpin({ backupId: await backupNamed(command, id) });
        command.out.say('The backup is not pinned any more.');
        command.out.result(backup);
      }),
    );
}

interface KeepOptions extends Partial<KeepRules> {
  readonly save?: boolean;
  readonly usual?: boolean;
  readonly byItself?: string;
}

async function showKept(
  { client, out }: Command,
  name: string | undefined,
  options: KeepOptions,
): Promise<void> {
  const { save = false, usual = false, byItself, ...given } = options;
  if (usual && (!save || name === undefined))
    throw new Problem({ code: 'usage', message: '--usual goes with --save and a site.' });
  if (byItself !== undefined && byItself !== 'on' && byItself !== 'off')
    throw new Problem({ code: 'usage', message: '--by-itself is on or off.' });
  if (byItself !== undefined) await client.preferences.set({ backups: { thin: byItself === 'on' } });
  const site = name === undefined ? null : await client.sites.find({ nameOrId: name });
  const { keep, thin } = (await client.preferences.get({})).backups;
  const rules = { ...(usual ? keep : (site?.settings.backups.keep ?? keep)), ...given };
  if (save && site !== null) {
    const { settings } = site;
    const own = { ...settings.backups, keep: usual ? null : rules };
    await client.sites.edit({ siteId: site.id, edit: { settings: { ...settings, backups: own } } });
  } else if (save) await client.preferences.set({ backups: { keep: rules } });

  const list = await client.backups.keeping({
    rules,
    ...(site === null ? {} : { siteId: site.id, own: false }),
  });
  const names = new Map((await client.backups.list({})).map(({ id, siteName }) => [id, siteName]));
  const going = list.filter((one) => !one.keep).length;
  out.say(RULES.map(([rule]) => `${dashed(rule)} ${rules[rule]}`).join(', '));
  out.say(
    `Of ${counted(list.length, 'backup')}, ${going} would be removed now. ${thin ? 'That is done by itself after each backup of a site.' : 'That is done by `backups prune --thin` only.'}`,
  );
  out.result(
    { rules, byItself: thin, backups: list },
    {
      columns: ['backup', 'site', 'taken', 'kept'],
      rows: list.map((one) => [
        one.id,
        names.get(one.id) ?? '',
        when(one.takenAt),
        one.keep ? one.reasons.map(inWords).join('; ') : 'no',
      ]),
    },
  );
}

function inWords(reason: KeepReason): string {
  switch (reason.rule) {
    case 'pinned':
      return 'pinned';
    case 'needed':
      return 'needed to take something back';
    case 'future':
      return 'dated in the future';
    case 'last':
      return `last ${reason.place}`;
    case 'at-least':
      return `at least ${reason.place}`;
    case 'everything':
      return `not ${reason.days} days old`;
    case 'daily':
    case 'weekly':
    case 'monthly':
      return `newest of ${reason.period}`;
  }
}

const dashed = (rule: string) => rule.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function number(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Problem({ code: 'usage', message: `“${text}” is no number.` });
  return Number(text);
}
