import type { Connection } from '../connections/index.ts';
import type { Update } from '../checks/index.ts';
import type { Component, Inventory } from '../platforms/index.ts';
import type { Release } from '../releases/index.ts';
import { asProblem, isAbort, joinRemote, parentOf, Problem, type ProblemShape } from '../words/index.ts';
import { chosen } from './chosen.ts';
import { obstaclesSeen, oddities } from './obstacles.ts';
import { inOrder } from './order.ts';
import { look } from './look.ts';
import { bytesToUpload, needsOf, type Part, type PrepareOptions, type PrepareServices } from './part.ts';
import { partOf } from './part-of.ts';
import type { UpdatePlan } from './plan.ts';

export interface Prepared {
  readonly plan: Omit<UpdatePlan, 'watchdog' | 'down'>;
  readonly parts: readonly Part[];
}

/**
 * Finds out what an update would do and what stands in its way, without writing anything on the site.
 * Fetches and checks the packages, which the update then has at hand.
 */
export async function prepare(
  connection: Connection,
  services: PrepareServices,
  options: PrepareOptions,
): Promise<Prepared> {
  const { site, reading, signal } = options;
  const blockers: ProblemShape[] = [];
  const warnings: string[] = [...reading.inventory.gaps];
  let parts: Part[] = [];
  const refuse = (error: unknown) => {
    if (signal.aborted && isAbort(error)) throw error;
    blockers.push(asProblem(error).toJSON());
  };
  // What could not be read to its end is looked at below, which names every file that is in the way.
  const closed: { readonly path: string; readonly error: unknown }[] = [];
  for (const update of chosenOnes(options, refuse)) {
    try {
      const opened = await services.packages.open(update.release, signal, options.progress);
      try {
        parts.push(await partOf(connection, services, options, update, opened.package));
      } catch (error) {
        opened.package.close();
        throw error;
      }
    } catch (error) {
      const path = pathOf(update, options);
      if (path !== null && asProblem(error).code === 'remote-permission') closed.push({ path, error });
      else refuse(error);
    }
  }
  parts = inOrder(parts.map((part) => ({ ...part.update, needs: part.needs, part }))).map(({ part }) => part);
  blockers.push(...lackingNeeds(parts, reading.inventory));
  const targets = [
    ...parts.flatMap((part) => [
      ...part.folders.map((tree) => tree.folder),
      ...part.files.map((file) => file.path),
    ]),
    ...closed.map(({ path }) => path),
  ].map((path) => joinRemote(site.root, path));
  const question = {
    root: site.root,
    privateFolder: options.privateFolder,
    parents: [...new Set(targets.map(parentOf))],
    targets,
  };
  const seen = options.look
    ? await options.look(targets)
    : await look(connection, services.scripts, question, signal);
  if (seen.unreadable.length === 0 && seen.notWritable.length === 0)
    closed.forEach(({ error }) => refuse(error));
  const dump = parts.some(({ migrates }) => migrates !== 'no') ? await options.dumpBytes(connection) : 0;
  blockers.push(...obstaclesSeen(seen, options, { ...needsOf(parts), dump }));
  warnings.push(...oddities(seen));
  if (reading.facts.fileChangesForbidden)
    warnings.push(
      'The site forbids file changes from its own admin (DISALLOW_FILE_MODS); that does not bind Groundskeeper.',
    );
  for (const part of parts)
    if (part.localChanges.length > 0)
      warnings.push(
        `${part.update.component.name}: ${part.localChanges.length} files differ from the installed release and would be overwritten.`,
      );
  return { plan: { updates: parts.map(planned), blockers, warnings }, parts };
}

/** Where a component lies, relative to the root; null: in several places. */
function pathOf({ component }: Update, { platform, reading, site }: PrepareOptions): string | null {
  if (component.kind === 'core') return null;
  return platform.module?.place(component, reading, site.root).path ?? null;
}

/** What was chosen; a core that is chosen too counts as there already for what goes after it. */
function chosenOnes(options: PrepareOptions, refuse: (error: unknown) => void): Update[] {
  const { reading } = options;
  const core = options.choices.find(({ kind }) => kind === 'core');
  let inventory = reading.inventory;
  const updates: Update[] = [];
  for (const choice of [
    ...(core === undefined ? [] : [core]),
    ...options.choices.filter((one) => one !== core),
  ]) {
    try {
      const update = chosen(choice, { ...options, reading: { ...reading, inventory } });
      updates.push(update);
      if (choice === core)
        inventory = {
          ...inventory,
          components: inventory.components.map((component) =>
            component.kind === 'core' ? { ...component, version: update.release.version } : component,
          ),
        };
    } catch (error) {
      refuse(error);
    }
  }
  return updates;
}

/** Plugins that a new release needs and that are not there, or not switched on while it is. */
function lackingNeeds(parts: readonly Part[], inventory: Inventory): ProblemShape[] {
  return parts.flatMap(({ needs, update: { component, release } }) => {
    const found = (slug: string) =>
      inventory.components.find((other) => other.kind === 'plugin' && other.slug === slug);
    const missing = needs.filter((slug) => found(slug) === undefined);
    const off = component.active === 'no' ? [] : needs.filter((slug) => found(slug)?.active === 'no');
    if (missing.length === 0 && off.length === 0) return [];
    const lacking = [
      ...(missing.length === 0 ? [] : [`not there: ${missing.join(', ')}`]),
      ...(off.length === 0 ? [] : [`switched off: ${off.join(', ')}`]),
    ].join('; ');
    return new Problem({
      code: 'needs-components',
      message: `${component.name} ${release.version} needs other plugins.`,
      attempted: 'Read “Requires Plugins” in the new release',
      answered: lacking,
      todo: 'Install and switch them on in the site’s admin first.',
    }).toJSON();
  });
}

function planned(part: Part): UpdatePlan['updates'][number] {
  const count = (key: 'added' | 'changed' | 'deleted' | 'kept') =>
    part.folders.reduce((sum, tree) => sum + tree[key].length, 0);
  return {
    update: part.update,
    migrates: part.migrates,
    files: {
      added: count('added'),
      changed: count('changed') + part.files.length,
      deleted: count('deleted') + part.deletions.length,
      kept: count('kept'),
    },
    bytesToUpload: bytesToUpload(part),
    localChanges: [...part.localChanges],
  };
}

/** What the release of a part is called in sentences, e.g. `Akismet 5.2 → 5.3`. */
export function partTitle(part: { readonly component: Component; readonly release: Release }): string {
  return `${part.component.name} ${part.component.version} → ${part.release.version}`;
}
