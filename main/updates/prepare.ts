import type { Connection } from '../connections/index.ts';
import type { Component } from '../platforms/index.ts';
import type { Release } from '../releases/index.ts';
import { asProblem, isAbort, joinRemote, parentOf, type ProblemShape } from '../words/index.ts';
import { chosen } from './chosen.ts';
import { obstaclesSeen } from './obstacles.ts';
import { bytesOf, bytesToUpload, type Part, type PrepareOptions, type PrepareServices } from './part.ts';
import { partOf } from './part-of.ts';
import type { UpdatePlan } from './plan.ts';
import { look } from './private-folder.ts';

export interface Prepared {
  readonly plan: UpdatePlan;
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
  const parts: Part[] = [];
  for (const choice of options.choices) {
    try {
      const update = chosen(choice, options);
      const opened = await services.packages.open(update.release, signal, options.progress);
      try {
        parts.push(await partOf(connection, services, options, update, opened.package));
      } catch (error) {
        opened.package.close();
        throw error;
      }
    } catch (error) {
      if (signal.aborted && isAbort(error)) throw error;
      blockers.push(asProblem(error).toJSON());
    }
  }
  const targets = parts
    .flatMap((part) => [...part.folders.map((tree) => tree.folder), ...part.files.map((file) => file.path)])
    .map((path) => joinRemote(site.root, path));
  const seen = await look(
    connection,
    services.scripts,
    {
      root: site.root,
      privateFolder: options.privateFolder,
      parents: [...new Set(targets.map(parentOf))],
      targets,
    },
    signal,
  );
  blockers.push(...obstaclesSeen(seen, options, bytesOf(parts)));
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
