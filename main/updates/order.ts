import type { Component } from '../platforms/index.ts';
import { compareVersions } from '../policies/index.ts';
import type { Release } from '../releases/index.ts';

/** One update of several, as far as their order goes. */
export interface Ordered {
  readonly component: Component;
  readonly release: Release;
  /** Slugs of plugins that the new release needs. */
  readonly needs: readonly string[];
}

/**
 * The order in which updates go: what others need goes before them, and the core goes last, because plugins prepare for a new core and
 * hardly ever the other way round; those that need the new core go after it. Otherwise as they were chosen, plugins before themes.
 * Of needs that go in a circle, the first is as good as any.
 */
export function inOrder<T extends Ordered>(updates: readonly T[]): T[] {
  const rest = [...updates];
  const done: T[] = [];
  while (rest.length > 0) {
    const ready = rest.filter(
      (update) => !rest.some((other) => other !== update && goesBefore(other, update)),
    );
    const [next] = (ready.length > 0 ? ready : rest).toSorted(
      (a, b) => RANK[a.component.kind] - RANK[b.component.kind],
    );
    if (next === undefined) break;
    done.push(next);
    rest.splice(rest.indexOf(next), 1);
  }
  return done;
}

const RANK: Readonly<Record<Component['kind'], number>> = {
  plugin: 0,
  'must-use': 0,
  'drop-in': 0,
  theme: 1,
  language: 2,
  core: 3,
};

function goesBefore(first: Ordered, second: Ordered): boolean {
  if (first.component.kind === 'plugin' && second.needs.includes(first.component.slug)) return true;
  if (first.component.kind === 'theme' && second.component.parent === first.component.slug) return true;
  return standsOn(second, first);
}

/** Whether an update is good for nothing without another one: the new core that it needs. */
export function standsOn(
  update: Pick<Ordered, 'component' | 'release'>,
  core: Pick<Ordered, 'component' | 'release'>,
): boolean {
  const { core: needed } = update.release.requires;
  return (
    core.component.kind === 'core' &&
    update.component.kind !== 'core' &&
    needed !== null &&
    compareVersions(plain(core.component.version), needed) < 0
  );
}

/** Without what stands after a number: `6.5-RC1` is good enough for what needs 6.5. */
function plain(version: string): string {
  return version.replace(/[-+~].*$/, '');
}
