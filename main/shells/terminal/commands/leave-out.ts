import type { Command as Commander } from 'commander';
import { bytesInWords, counted, Problem } from '../../../words/index.ts';
import type { Command } from '../context.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

interface LeaveOutOptions {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly take: readonly string[];
  readonly leave: readonly string[];
  readonly largerThan?: string;
  readonly dryRun?: boolean;
}

const list = (value: string, before: readonly string[]) => [...before, value];

/** `backups leave-out SITE`, `backups space` */
export function leaveOutCommand(backups: Commander, act: Act): void {
  backups
    .command('space')
    .description('what each site takes in the store, and what sites share')
    .action(() =>
      act(async ({ client, out }) => {
        const space = await client.store.space({});
        out.say(
          `${bytesInWords(space.total)} in all; ${bytesInWords(space.shared)} shared by several sites, ${bytesInWords(space.unused)} that nothing needs, ${bytesInWords(space.overhead)} to find it all by.`,
        );
        out.result(space, {
          columns: ['site', 'backups', 'its own', 'shared'],
          rows: space.sites.map((site) => [
            site.siteName,
            String(site.backups),
            bytesInWords(site.own),
            bytesInWords(site.shared),
          ]),
        });
      }),
    );
  backups
    .command('leave-out')
    .argument('<site>')
    .description(
      'what is not backed up of a site, and how much that is; rules are written as in a .gitignore',
    )
    .option('--add <rule>', 'leaves this out as well; may be given again', list, [])
    .option('--remove <rule>', 'takes a rule away', list, [])
    .option('--take <path>', 'backs up what the platform leaves out', list, [])
    .option('--leave <path>', 'leaves out again what the platform leaves out', list, [])
    .option(
      '--larger-than <MB>',
      'leaves out files of more megabytes; “any”: files of any size are backed up',
    )
    .option('--dry-run', 'only tells what the rules would drop')
    .action((name: string, options: LeaveOutOptions) => act((command) => leaveOut(command, name, options)));
}

async function leaveOut(command: Command, name: string, options: LeaveOutOptions): Promise<void> {
  const { client, out } = command;
  const site = await client.sites.find({ nameOrId: name });
  const own = site.settings.backups;
  for (const rule of options.remove)
    if (!own.leaveOut.includes(rule))
      throw new Problem({
        code: 'no-such-rule',
        message: `${site.name} has no rule “${rule}”.`,
        todo: '`backups leave-out SITE` shows its rules.',
      });
  const rules = {
    leaveOut: [
      ...own.leaveOut.filter((rule) => !options.remove.includes(rule)),
      ...options.add.filter((rule) => !own.leaveOut.includes(rule)),
    ],
    take: [...new Set([...own.take, ...options.take])].filter((path) => !options.leave.includes(path)),
    largerThanMb: options.largerThan === undefined ? own.largerThanMb : megabytes(options.largerThan),
  };
  const found = await client.backups.leaveOut({ siteId: site.id, rules });
  const changes =
    JSON.stringify(rules) !==
    JSON.stringify({ leaveOut: own.leaveOut, take: own.take, largerThanMb: own.largerThanMb });
  if (changes && options.dryRun !== true)
    await client.sites.edit({
      siteId: site.id,
      edit: { settings: { ...site.settings, backups: { ...own, ...rules } } },
    });

  out.say(`${site.name}: ${counted(found.files, 'file')}, ${bytesInWords(found.bytes)}.`);
  const left = found.dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  out.say(`Left out: ${bytesInWords(left)}.`);
  const all = [
    ...found.usual.filter((path) => !rules.take.includes(path)),
    ...rules.leaveOut,
    ...(rules.largerThanMb === null ? [] : [`> ${rules.largerThanMb * 1_000_000}`]),
  ];
  if (found.largest.length > 0) {
    out.say('The most of what is backed up lies in:');
    for (const { path, files, bytes } of found.largest)
      out.say(`  ${path}  ${counted(files, 'file')}, ${bytesInWords(bytes)}`);
  }
  out.result(
    { ...found, rules, saved: changes && options.dryRun !== true },
    {
      columns: ['rule', 'files', 'size', 'for example'],
      rows: all.map((because) => {
        const sum = found.dropped.find((one) => one.because === because);
        return [
          because,
          String(sum?.files ?? 0),
          bytesInWords(sum?.bytes ?? 0),
          sum?.examples[0] ?? (because.startsWith('!') ? 'kept' : ''),
        ];
      }),
    },
  );
}

function megabytes(word: string): number | null {
  if (word === 'any') return null;
  const number = Number(word);
  if (Number.isFinite(number) && number >= 1) return number;
  throw new Problem({
    code: 'usage',
    message: `“${word}” is no number of megabytes.`,
    todo: '`--larger-than 100`, or `--larger-than any`.',
  });
}
