import type { Component } from '../../platforms/index.ts';
import { counted, Problem } from '../../words/index.ts';
import type { RepairChoice, RepairComponent } from './plan.ts';

/** What is done to each path, relative to the root. */
export type Chosen = ReadonlyMap<string, 'put' | 'remove'>;

export const isChoiceOf = (one: Pick<Component, 'kind' | 'slug'>) => (choice: RepairChoice) =>
  choice.kind === one.kind && choice.slug === one.slug;

/** The paths that are to be written or removed: what was chosen, or all that differs where the release is known. */
export function chosenFiles(
  components: readonly RepairComponent[],
  choices: readonly RepairChoice[] | null,
): Chosen {
  const chosen = new Map<string, 'put' | 'remove'>();
  for (const one of components) {
    const choice = choices?.find(isChoiceOf(one));
    if (choices === null ? one.state !== 'known' : choice === undefined || one.state === 'unknown') continue;
    const files = choice?.files ?? null;
    for (const { path, state } of one.files) {
      if (state !== 'extra' && (files === null || files.includes(path))) chosen.set(path, 'put');
      if (state === 'extra' && choice?.remove.includes(path) === true) chosen.set(path, 'remove');
    }
  }
  return chosen;
}

/** @throws Problem `no-such-component`, `nothing-to-repair`, for what was chosen and is not there to be chosen */
export function refuseWrongChoice(
  choices: readonly RepairChoice[] | null,
  components: readonly RepairComponent[],
): void {
  for (const choice of choices ?? []) {
    const found = components.find((one) => isChoiceOf(one)(choice));
    if (found === undefined)
      throw new Problem({
        code: 'no-such-component',
        message: `There is no ${choice.kind} “${choice.slug}” on this site that could be repaired.`,
        todo: '`groundskeeper repair SITE --dry-run` names what there is.',
      });
    if (found.state === 'unknown')
      throw new Problem({
        code: 'release-unknown',
        message: `Nobody says what the files of ${found.name} have to be, so they are not touched.`,
        attempted: `Ask what was released as ${found.name} ${found.version}`,
        answered: found.why,
        todo: 'Compare it with a backup and restore what differs, or install it anew in the site’s own admin.',
      });
    const differing = new Set(found.files.map(({ path }) => path));
    const odd = [...(choice.files ?? []), ...choice.remove].find((path) => !differing.has(path));
    if (odd !== undefined)
      throw new Problem({
        code: 'nothing-to-repair',
        message: `${odd} is as it was released, or is no file of ${found.name}.`,
        todo: 'Look again what differs; somebody may have mended it meanwhile.',
      });
  }
}

/** What a repair changes, in a sentence. */
export function chosenSentence(chosen: Chosen): string {
  const put = [...chosen.values()].filter((one) => one === 'put').length;
  const removed = chosen.size - put;
  return removed === 0
    ? `${counted(put, 'file')} to put back.`
    : `${counted(put, 'file')} to put back, ${removed} to remove.`;
}
