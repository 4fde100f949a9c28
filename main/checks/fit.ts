import type { Component, Inventory } from '../platforms/index.ts';
import { compareVersions, kindOfUpdate } from '../policies/index.ts';
import {
  coreContext,
  type Release,
  type WordPressAnswer,
  type WordPressQuestion,
} from '../releases/index.ts';
import type { SiteId } from '../words/index.ts';
import type { Update } from './update.ts';

/** What makes a release unfit for a site, in words; empty where it fits. */
export function obstaclesTo(
  release: Pick<Release, 'requires' | 'packageUrl'>,
  inventory: Inventory,
): string[] {
  const obstacles: string[] = [];
  const core = inventory.components.find((component) => component.kind === 'core');
  const { requires } = release;
  if (
    requires.core !== null &&
    core !== undefined &&
    core.version !== '' &&
    below(core.version, requires.core)
  ) {
    obstacles.push(`Needs WordPress ${requires.core}; this site has ${core.version}.`);
  }
  if (requires.php !== null && inventory.php !== null && below(inventory.php, requires.php)) {
    obstacles.push(`Needs PHP ${requires.php}; this site has ${inventory.php}.`);
  }
  // The number is MySQL's; MariaDB 10 and newer meets every one that WordPress has asked for, SQLite has none.
  if (
    requires.database !== null &&
    inventory.database?.kind === 'mysql' &&
    below(inventory.database.version, requires.database)
  ) {
    obstacles.push(`Needs MySQL ${requires.database}; this site has ${inventory.database.version}.`);
  }
  if (release.packageUrl === null)
    obstacles.push('The source offers no package to download; a licence may be needed.');
  return obstacles;
}

function below(version: string, wanted: string): boolean {
  return compareVersions(version.replace(/[-+~].*$/, ''), wanted) < 0;
}

/** The newest release that fits, else the newest one with what stands in its way; null: nothing newer. */
export function bestUpdate(
  siteId: SiteId,
  component: Component,
  releases: readonly Release[],
  inventory: Inventory,
): Update | null {
  if (component.version === '') return null;
  const newer = releases
    .filter((release) => compareVersions(release.version, component.version) > 0)
    .sort((a, b) => compareVersions(b.version, a.version))
    .map((release) => ({
      siteId,
      component,
      release,
      kind: kindOfUpdate(component.version, release, component.kind === 'core' ? 'wordpress-core' : 'semver'),
      obstacles: obstaclesTo(release, inventory),
    }));
  return newer.find((update) => update.obstacles.length === 0) ?? newer[0] ?? null;
}

/** Who may answer for a plugin: the directory, unless it names somebody else (`Update URI`). */
export function isDirectorys(component: Component): boolean {
  return (
    component.updateUri === null || /^(https?:\/\/)?(w\.org|wordpress\.org)\//i.test(component.updateUri)
  );
}

/** The one question for all of a fleet's inventories. Each component stands in it with its lowest version. */
export function questionOf(inventories: readonly Inventory[]): WordPressQuestion {
  const plugins = new Map<string, Component>();
  const themes = new Map<string, Component>();
  const cores = new Map<string, WordPressQuestion['cores'][number]>();
  const lowest = (map: Map<string, Component>, key: string, component: Component) => {
    const known = map.get(key);
    if (!known || compareVersions(component.version, known.version) < 0) map.set(key, component);
  };
  for (const inventory of inventories) {
    const core = coreQuestion(inventory);
    if (core) cores.set(coreContext(core), core);
    for (const component of inventory.components) {
      if (!isDirectorys(component) || component.version === '') continue;
      if (component.kind === 'plugin' && component.file !== null) lowest(plugins, component.file, component);
      if (component.kind === 'theme') lowest(themes, component.slug, component);
    }
  }
  return {
    cores: [...cores.values()],
    plugins: [...plugins].map(([file, { name, version, updateUri }]) => ({ file, name, version, updateUri })),
    themes: [...themes].map(([slug, { version }]) => ({ slug, version })),
  };
}

function coreQuestion(inventory: Inventory): WordPressQuestion['cores'][number] | null {
  const core = inventory.components.find((component) => component.kind === 'core');
  if (!core || core.version === '') return null;
  return {
    version: core.version,
    locale: inventory.locale ?? 'en_US',
    // Patch levels make no difference to what is offered, and would only make more questions.
    php: (inventory.php ?? '8.0').split('.').slice(0, 2).join('.'),
    database:
      inventory.database?.kind === 'sqlite'
        ? null
        : (inventory.database?.version.split('.').slice(0, 2).join('.') ?? null),
    multisite: inventory.multisite,
  };
}

/** Inventory × releases. */
export function updatesFor(siteId: SiteId, inventory: Inventory, answer: WordPressAnswer): Update[] {
  const core = coreQuestion(inventory);
  return inventory.components.flatMap((component) => {
    const releases = releasesFor(
      component,
      answer,
      core === null ? [] : (answer.cores.get(coreContext(core)) ?? []),
    );
    return bestUpdate(siteId, component, releases, inventory) ?? [];
  });
}

function releasesFor(
  component: Component,
  answer: WordPressAnswer,
  cores: readonly Release[],
): readonly Release[] {
  if (component.kind === 'core') return cores;
  if (!isDirectorys(component)) return [];
  const release =
    component.kind === 'plugin' && component.file !== null
      ? answer.plugins.get(component.file)
      : component.kind === 'theme'
        ? answer.themes.get(component.slug)
        : undefined;
  return release === undefined ? [] : [release];
}
