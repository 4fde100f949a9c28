import type { Command as Commander } from 'commander';
import type { RepairChoice, RepairComponent, RepairPlan } from '../../../api/index.ts';
import { bytesInWords, counted, Problem } from '../../../words/index.ts';
import { Exit, followRuns, reportRuns, type Command } from '../context.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;
const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

interface RepairOptions {
  readonly component?: string[];
  readonly file?: string[];
  readonly remove?: string[];
  readonly dryRun?: boolean;
}

/** `repair SITE` */
export function repairCommand(program: Commander, act: Act): void {
  program
    .command('repair')
    .argument('<site>')
    .option(
      '--component <slug>',
      'only this one, also where it may be another product; may be given several times',
      collect,
    )
    .option(
      '--file <path>',
      'only this file goes back, relative to the root; may be given several times',
      collect,
    )
    .option(
      '--remove <path>',
      'also removes this file, which no release knows; may be given several times',
      collect,
    )
    .option('--dry-run', 'say what differs from the releases that are installed, and write nothing')
    .description(
      'puts files back that are not as WordPress, the plugin or the theme was released; your own stay',
    )
    .action((name: string, options: RepairOptions) =>
      act(async (command) => {
        const { client, out } = command;
        const site = await client.sites.find({ nameOrId: name });
        const everything = await client.repairs.plan({ siteId: site.id });
        const choices = choicesOf(everything, options);
        if (options.dryRun === true) {
          const plan =
            choices === null ? everything : await client.repairs.plan({ siteId: site.id, choices });
          sayPlan(command, plan);
          out.result(plan);
          if (plan.blockers.length > 0) throw new Exit(1);
          return;
        }
        const { runId } = await client.repairs.start({
          siteId: site.id,
          ...(choices === null ? {} : { choices }),
        });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
}

/** null: nothing was said, so whatever differs. @throws Problem `usage` */
function choicesOf({ components }: RepairPlan, options: RepairOptions): RepairChoice[] | null {
  const { component, file, remove = [] } = options;
  if (component === undefined && file === undefined && remove.length === 0) return null;
  const isNamed = ({ kind, slug }: RepairComponent) =>
    component?.some((word) => word === slug || (word === 'core' && kind === 'core')) ?? true;
  const missing = component?.find(
    (word) => !components.some((one) => one.slug === word || (word === 'core' && one.kind === 'core')),
  );
  if (missing !== undefined)
    throw new Problem({
      code: 'no-such-component',
      message: `There is no “${missing}” on this site that could be repaired.`,
    });
  const named = [...(file ?? []), ...remove];
  const choices = components.filter(isNamed).flatMap((one): RepairChoice[] => {
    const mine = (paths: readonly string[]) =>
      paths.filter((path) => one.files.some((known) => known.path === path));
    const files =
      file === undefined ? (remove.length > 0 && component === undefined ? [] : null) : mine(file);
    const choice = { kind: one.kind, slug: one.slug, files, remove: mine(remove) };
    const isSaid = component !== undefined || mine(named).length > 0;
    return isSaid ? [choice] : [];
  });
  const unheard = named.find(
    (path) => !components.some(({ files }) => files.some((one) => one.path === path)),
  );
  if (unheard !== undefined)
    throw new Problem({
      code: 'nothing-to-repair',
      message: `${unheard} is as it was released, or no release’s.`,
      todo: '`groundskeeper repair SITE --dry-run` names what differs.',
    });
  return choices;
}

const SIGNS = { changed: '~', missing: '-', extra: '?' } as const;

function sayPlan({ out }: Command, { components, warnings, blockers, watchdog }: RepairPlan): void {
  for (const one of components) {
    const title = `${one.name} ${one.version}`.trim();
    const differing = one.files.filter(({ state }) => state !== 'extra').length;
    const words =
      one.state === 'unknown'
        ? 'not compared'
        : differing === 0
          ? `${counted(one.whole, 'file')}, each as released`
          : `${differing} not as released, ${one.whole} are${one.bytes > 0 ? `; ${bytesInWords(one.bytes)} to upload` : ''}`;
    out.say(`${title}: ${words}`);
    if (one.why !== '') out.say(`  ${one.why}`);
    for (const { path, state, suspicious } of one.files)
      out.say(
        `  ${SIGNS[state]} ${path}${state === 'extra' ? (suspicious ? '  nobody’s, where only core’s belong: look at it' : '  your own; stays') : ''}`,
      );
  }
  if (components.some(({ state }) => state === 'unsure'))
    out.say('What may be another product is repaired only with --component.');
  for (const warning of warnings) out.say(`note: ${warning}`);
  if (!watchdog)
    out.say(
      'note: nothing on this server can bring the site back by itself; stay at this computer meanwhile',
    );
  for (const blocker of blockers) out.warn(`${blocker.message} ${blocker.answered} ${blocker.todo}`);
}
