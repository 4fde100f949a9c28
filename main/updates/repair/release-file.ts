import type { Site } from '../../sites/index.ts';
import { Problem } from '../../words/index.ts';
import { handsFor } from '../hands.ts';
import type { UpdateServices } from '../services.ts';
import { compareComponents } from './components.ts';
import { knownComponents } from './known.ts';
import { openOriginal } from './originals.ts';
import type { RepairChoice } from './plan.ts';

/** A file as the release has it that is installed on a site, to be looked at beside the one that is there. @throws Problem `no-such-component`, `not-a-file` */
export async function releaseFile(
  services: UpdateServices,
  site: Site,
  { kind, slug }: Pick<RepairChoice, 'kind' | 'slug'>,
  path: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const hands = handsFor(services, site, signal);
  const { components, locale } = await knownComponents(services, hands);
  const component = components.find((one) => one.kind === kind && one.slug === slug);
  if (component === undefined)
    throw new Problem({
      code: 'no-such-component',
      message: `There is no ${kind} “${slug}” on ${site.name}.`,
    });
  const asking = { services, locale, signal, progress: () => {} };
  const { compared } = await compareComponents([component], hands, asking);
  const part = compared[0]?.part ?? null;
  if (part === null) throw noSuchFile(path, compared[0]?.said.why ?? '');
  const opened = await openOriginal(component, part.published, asking);
  try {
    const inPackage = part.inPackage(path);
    if (!opened.files.some((file) => file.path === inPackage)) throw noSuchFile(path, '');
    return await opened.read(inPackage);
  } finally {
    opened.close();
  }
}

function noSuchFile(path: string, answered: string): Problem {
  return new Problem({ code: 'not-a-file', message: `${path} is no file of that release.`, answered });
}
