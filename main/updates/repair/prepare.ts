import type { CheckRecords } from '../../checks/index.ts';
import {
  asProblem,
  Problem,
  type OnProgress,
  type ProblemShape,
  type RemotePath,
} from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import type { PrepareServices } from '../part.ts';
import { findPrivateFolder } from '../private-folder.ts';
import { chosenFiles, isChoiceOf, refuseWrongChoice, type Chosen } from './chosen.ts';
import { compareComponents, type ComparedComponent, type RepairPart, type SiteFiles } from './components.ts';
import { inTheWay } from './in-the-way.ts';
import { knownComponents } from './known.ts';
import { openOriginal, type Asking } from './originals.ts';
import type { RepairChoice, RepairComponent, RepairPlan } from './plan.ts';

export interface RepairServices extends PrepareServices {
  readonly records: CheckRecords;
}

/** Everything that is known about a repair before anything is written. */
export interface PreparedRepair {
  readonly plan: Omit<RepairPlan, 'watchdog'>;
  readonly chosen: Chosen;
  readonly parts: readonly RepairPart[];
  readonly files: SiteFiles;
  readonly privateFolder: RemotePath;
  readonly php: string;
  readonly asking: Asking;
}

/**
 * Compares what is installed with what was released, and looks what stands in the way of putting it back. Writes nothing on the site.
 * @param choices null: whatever differs, where the release is known
 * @throws Problem `no-repair`, `needs-shell`, `no-such-component`, `release-unknown`, `nothing-to-repair`
 */
export async function prepareRepair(
  services: RepairServices,
  hands: Hands,
  choices: readonly RepairChoice[] | null,
  { runId, progress }: { readonly runId: string | null; readonly progress: OnProgress },
): Promise<PreparedRepair> {
  const { site, signal, platform } = hands;
  if (platform.module === null) throw cannotBeRepaired(site.name, platform.recipe.name);
  if (site.connection.kind === 'sftp') throw needsShell();
  const known = await knownComponents(services, hands);
  const asking: Asking = { services, locale: known.locale, signal, progress };
  const wanted = known.components.filter((one) => choices === null || choices.some(isChoiceOf(one)));
  const { compared, site: files } = await compareComponents(wanted, hands, asking);
  const components = compared.map(({ said }) => said);
  refuseWrongChoice(choices, components);
  const chosen = chosenFiles(components, choices);
  const sizes = await sizesOf(compared, chosen, asking);
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, site, signal),
  );
  const bytes = [...sizes.bytes.values()].reduce((sum, one) => sum + one, 0);
  const around = await inTheWay(services, hands, { privateFolder, chosen, files, bytes, runId });
  return {
    plan: {
      components: components.map((one) => ({ ...one, bytes: sizes.bytes.get(one) ?? 0 })),
      blockers: [...sizes.blockers, ...around.blockers],
      warnings: [...known.warnings, ...(known.reading?.inventory.gaps ?? []), ...around.warnings],
    },
    ...{ chosen, files, privateFolder, asking },
    parts: compared.flatMap(({ part }) => part ?? []),
    php: known.reading?.facts.php ?? site.settings.php ?? 'php',
  };
}

/** How much would travel for each component; a package that is not what it claims stands in the way. */
async function sizesOf(compared: readonly ComparedComponent[], chosen: Chosen, asking: Asking) {
  const bytes = new Map<RepairComponent, number>();
  const blockers: ProblemShape[] = [];
  for (const { said, part } of compared) {
    const put = said.files.filter(({ path }) => chosen.get(path) === 'put');
    if (part === null || put.length === 0) continue;
    try {
      const opened = await openOriginal(part.component, part.published, asking);
      const sizes = new Map(opened.files.map(({ path, size }) => [path, size]));
      opened.close();
      const sizeOf = (path: string) => sizes.get(part.inPackage(path)) ?? 0;
      bytes.set(
        said,
        put.reduce((sum, { path }) => sum + sizeOf(path), 0),
      );
    } catch (error) {
      asking.signal.throwIfAborted();
      blockers.push(asProblem(error).toJSON());
    }
  }
  return { bytes, blockers };
}

function cannotBeRepaired(name: string, platform: string): Problem {
  return new Problem({
    code: 'no-repair',
    message: `${name} is “${platform}”, of which nobody publishes what its files have to be.`,
    todo: 'Compare it with a backup, and restore what differs.',
  });
}

function needsShell(): Problem {
  return new Problem({
    code: 'needs-shell',
    message:
      'A repair compares and replaces files by commands on the server, and this site is reached over SFTP, which only gives files.',
    attempted: 'Compare the files with their releases',
    todo: 'Restore the files from a backup, or ask the host for a shell.',
  });
}
