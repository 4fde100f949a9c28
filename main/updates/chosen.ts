import { bestUpdate, type Update } from '../checks/index.ts';
import { compareVersions } from '../policies/index.ts';
import { Problem } from '../words/index.ts';
import type { Choice } from './plan.ts';
import type { PrepareOptions } from './part.ts';

/** The update that a choice means. @throws Problem that says why there is none, or why it may not be installed */
export function chosen(
  choice: Choice,
  options: Pick<PrepareOptions, 'site' | 'reading' | 'waiting'>,
): Update {
  const component = options.reading.inventory.components.find(
    (candidate) => candidate.kind === choice.kind && candidate.slug === choice.slug,
  );
  if (!component) {
    throw new Problem({
      code: 'no-such-component',
      message: `There is no ${choice.kind} “${choice.slug}” on ${options.site.name}.`,
      todo: 'Check the site again; it may have been removed.',
    });
  }
  const waiting = options.waiting.find(
    (update) => update.component.kind === choice.kind && update.component.slug === choice.slug,
  );
  const update =
    waiting === undefined
      ? null
      : bestUpdate(options.site.id, component, [waiting.release], options.reading.inventory);
  if (update === null) {
    throw new Problem({
      code: 'nothing-newer',
      message: `${component.name} ${component.version} has no newer release that is known.`,
      todo: 'Check the site again.',
    });
  }
  if (choice.version !== null && choice.version !== update.release.version) {
    const older = compareVersions(choice.version, component.version) < 0;
    throw new Problem({
      code: older ? 'downgrade' : 'no-such-release',
      message: older
        ? `${choice.version} is older than the installed ${component.version}.`
        : `${component.name} ${choice.version} is not offered.`,
      answered: `offered: ${update.release.version}`,
      todo: older
        ? 'An update never goes back; use rollback.'
        : 'Check the site again, or leave the version out.',
    });
  }
  if (component.version !== waiting?.component.version) {
    throw new Problem({
      code: 'component-moved',
      message: `${component.name} is at ${component.version} now, not at ${waiting?.component.version ?? ''} as when the site was checked.`,
      todo: 'Check the site again, then decide.',
    });
  }
  if (update.obstacles.length > 0) {
    throw new Problem({
      code: 'does-not-fit',
      message: `${component.name} ${update.release.version} does not fit this site.`,
      answered: update.obstacles.join(' '),
      todo: 'Update what it needs first.',
    });
  }
  return update;
}
