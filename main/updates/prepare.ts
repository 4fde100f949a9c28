import { runOk, sh, type Connection } from '../connections/index.ts';
import { bestUpdate, type Update } from '../checks/index.ts';
import type { Component, Platform, Reading } from '../platforms/index.ts';
import { compareVersions } from '../policies/index.ts';
import type { Answers, Package, Packages, Release, WordPressOrgPlace } from '../releases/index.ts';
import type { Site } from '../sites/index.ts';
import {
  asProblem,
  isAbort,
  joinRemote,
  parentOf,
  Problem,
  type OnProgress,
  type ProblemShape,
  type RemotePath,
} from '../words/index.ts';
import {
  checkPackage,
  databaseVersionInside,
  mainFileOf,
  mayMigrate,
  publishedChecksums,
} from './package-check.ts';
import type { Choice, UpdatePlan } from './plan.ts';
import { look, type Look } from './private-folder.ts';
import { hashFiles, type UpdateScripts } from './remote.ts';

/** One component that is to be replaced, with everything known about how. */
export interface Part {
  readonly update: Update;
  readonly package: Package;
  readonly migrates: 'no' | 'perhaps' | 'yes';
  /** Trees that are swapped whole, relative to the root: `wp-content/plugins/akismet`, `wp-admin`, `wp-includes`. */
  readonly folders: readonly TreeDiff[];
  /** Single files that are swapped, relative to the root. */
  readonly files: readonly { readonly path: string; readonly inPackage: string }[];
  /** Files that the release deletes, relative to the root. */
  readonly deletions: readonly string[];
  readonly localChanges: readonly string[];
}

/** One folder: how the live one becomes the new one. Paths are relative to the folder. */
export interface TreeDiff {
  readonly folder: string;
  /** Where it lies in the package; '' is its top. */
  readonly inPackage: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
  readonly kept: readonly string[];
}

export interface PrepareServices {
  readonly packages: Packages;
  readonly answers: Answers;
  readonly place: () => WordPressOrgPlace;
  readonly scripts: UpdateScripts;
}

export interface Prepared {
  readonly plan: UpdatePlan;
  readonly parts: readonly Part[];
}

export interface PrepareOptions {
  readonly site: Site;
  readonly platform: Platform;
  readonly reading: Reading;
  readonly waiting: readonly Update[];
  readonly choices: readonly Choice[];
  readonly privateFolder: RemotePath;
  /** Our own run's lock is no obstacle. */
  readonly runId: string | null;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
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

function chosen(choice: Choice, options: PrepareOptions): Update {
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
  const missing = component.needs.filter(
    (slug) =>
      !options.reading.inventory.components.some((other) => other.kind === 'plugin' && other.slug === slug),
  );
  if (missing.length > 0) {
    throw new Problem({
      code: 'needs-components',
      message: `${component.name} needs plugins that are not there: ${missing.join(', ')}.`,
      todo: 'Install them in the site’s admin first.',
    });
  }
  return update;
}

async function partOf(
  connection: Connection,
  services: PrepareServices,
  options: PrepareOptions,
  update: Update,
  opened: Package,
): Promise<Part> {
  const { site, reading, signal } = options;
  const { component, release } = update;
  const check = {
    component,
    release,
    package: opened,
    place: services.place(),
    locale: reading.inventory.locale ?? 'en_US',
    answers: services.answers,
    signal,
  };
  await checkPackage(check);
  const place = options.platform.module?.place(component, reading, site.root);
  if (!place)
    throw new Problem({ code: 'no-updates', message: `${site.name} is a platform without updates.` });
  const installed = await publishedChecksums(check, component.version).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return null;
  });
  const localChanges = async (base: string, within: (path: string) => boolean) => {
    if (installed === null) return [];
    const md5 = await hashFiles(
      connection,
      'md5sum',
      joinRemote(site.root, base),
      component.kind === 'core' ? ['wp-admin', 'wp-includes'] : ['.'],
      signal,
    );
    return [...installed]
      .filter(([path, hashes]) => within(path) && md5.has(path) && !hashes.md5.includes(md5.get(path) ?? ''))
      .map(([path]) => path);
  };

  if (component.kind === 'core')
    return corePart(
      connection,
      options,
      update,
      opened,
      installed,
      await localChanges('', (path) => /^wp-(admin|includes)\//.test(path)),
    );
  if (place.single) {
    const main = mainFileOf(component);
    if (opened.files.filter((file) => file.path.endsWith('.php')).length !== 1) {
      throw new Problem({
        code: 'shape-changed',
        message: `${component.name} was a single file and has become a folder.`,
        todo: 'Update it once in the site’s own admin; afterwards it can be updated here.',
      });
    }
    return {
      update,
      package: opened,
      migrates: (await mayMigrate(opened, [main])) ? 'perhaps' : 'no',
      folders: [],
      files: [{ path: place.path, inPackage: main }],
      deletions: [],
      localChanges: [],
    };
  }
  const live = await hashFiles(connection, 'sha256sum', joinRemote(site.root, place.path), ['.'], signal);
  const tree = diffTree(place.path, '', opened, live, () => false);
  const migrates = (await mayMigrate(opened, [...tree.added, ...tree.changed])) ? 'perhaps' : 'no';
  return {
    update,
    package: opened,
    migrates,
    folders: [tree],
    files: [],
    deletions: [],
    localChanges: await localChanges(place.path, () => true),
  };
}

async function corePart(
  connection: Connection,
  options: PrepareOptions,
  update: Update,
  opened: Package,
  installed: ReadonlyMap<string, unknown> | null,
  localChanges: readonly string[],
): Promise<Part> {
  const { site, signal } = options;
  const rootFiles = opened.files
    .filter((file) => !file.path.includes('/') && file.path !== 'wp-config-sample.php')
    .map((file) => file.path);
  const formerRootFiles = [...(installed?.keys() ?? [])].filter(
    (path) => !path.includes('/') && !rootFiles.includes(path) && !/^wp-config/.test(path),
  );
  const live = await hashFiles(
    connection,
    'sha256sum',
    site.root,
    ['wp-admin', 'wp-includes', ...rootFiles, ...formerRootFiles],
    signal,
  );
  const trees = ['wp-admin', 'wp-includes'].map((folder) => {
    const below = new Map(
      [...live].flatMap(([path, hash]) =>
        path.startsWith(`${folder}/`) ? [[path.slice(folder.length + 1), hash] as const] : [],
      ),
    );
    // The user's own files stay: those that neither the old release nor the new one knows. Without a list of the old one, all do.
    return diffTree(
      folder,
      folder,
      opened,
      below,
      (path) => installed === null || !installed.has(`${folder}/${path}`),
    );
  });
  const byPath = new Map(opened.files.map((file) => [file.path, file.sha256]));
  const before = await databaseVersionOnSite(connection, options);
  const after = await databaseVersionInside(opened);
  return {
    update,
    package: opened,
    migrates: before !== null && after !== null && before === after ? 'no' : 'yes',
    folders: trees,
    files: rootFiles
      .filter((path) => live.get(path) !== byPath.get(path))
      .map((path) => ({ path, inPackage: path })),
    deletions: formerRootFiles.filter((path) => live.has(path)),
    localChanges,
  };
}

async function databaseVersionOnSite(
  connection: Connection,
  options: PrepareOptions,
): Promise<number | null> {
  const file = joinRemote(options.site.root, 'wp-includes/version.php');
  const text = (
    await runOk(connection, sh`head -c 65536 -- ${file}`, {
      attempted: 'Read version.php',
      signal: options.signal,
      timeLimit: 20_000,
    })
  ).toString('utf8');
  const found = /\$wp_db_version\s*=\s*(\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function diffTree(
  folder: string,
  inPackage: string,
  opened: Package,
  live: ReadonlyMap<string, string>,
  isOwn: (path: string) => boolean,
): TreeDiff {
  const wanted = new Map<string, string>();
  for (const file of opened.files) {
    if (inPackage === '') wanted.set(file.path, file.sha256);
    else if (file.path.startsWith(`${inPackage}/`))
      wanted.set(file.path.slice(inPackage.length + 1), file.sha256);
  }
  const added: string[] = [];
  const changed: string[] = [];
  const kept: string[] = [];
  for (const [path, hash] of wanted) {
    const there = live.get(path);
    if (there === undefined) added.push(path);
    else if (there === hash) kept.push(path);
    else changed.push(path);
  }
  const deleted = [...live.keys()].filter((path) => !wanted.has(path) && !isOwn(path));
  return { folder, inPackage, added, changed, deleted, kept };
}

function bytesToUpload(part: Part): number {
  const sizes = new Map(part.package.files.map((file) => [file.path, file.size]));
  const inTrees = part.folders.flatMap((tree) =>
    [...tree.added, ...tree.changed].map((path) =>
      tree.inPackage === '' ? path : `${tree.inPackage}/${path}`,
    ),
  );
  return [...inTrees, ...part.files.map((file) => file.inPackage)].reduce(
    (sum, path) => sum + (sizes.get(path) ?? 0),
    0,
  );
}

/** What is written on the site in all: every new tree in full. */
function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.package.files.reduce((all, file) => all + file.size, 0), 0);
}

function obstaclesSeen(seen: Look, options: PrepareOptions, bytes: number): ProblemShape[] {
  const { site } = options;
  const found: Problem[] = [];
  const attempted = `Look at ${site.root}`;
  const needed = Math.ceil((bytes * 2.1) / 1024);
  if (seen.freeKib !== null && seen.freeKib < needed) {
    found.push(
      new Problem({
        code: 'remote-disk-full',
        message: 'There is not enough space on the server.',
        attempted,
        answered: `${Math.round(seen.freeKib / 1024)} MiB free, ${Math.ceil(needed / 1024)} MiB needed`,
        todo: 'Free some space there, or ask the host for more.',
      }),
    );
  }
  if (seen.notWritable.length > 0) {
    found.push(
      new Problem({
        code: 'remote-permission',
        message: 'Not everything that has to be replaced may be written by this account.',
        attempted,
        answered: seen.notWritable.join(', '),
        todo: 'Ask the host to give these files to your account; they may belong to the web server’s user.',
      }),
    );
  }
  if (seen.links.length > 0) {
    found.push(
      new Problem({
        code: 'is-a-link',
        message: 'What is to be replaced is a symbolic link; somebody deploys it otherwise.',
        attempted,
        answered: seen.links.join(', '),
        todo: 'Update it where it is deployed from.',
      }),
    );
  }
  if (seen.otherDevice.length > 0) {
    found.push(
      new Problem({
        code: 'other-disk',
        message:
          'What is to be replaced lies on another disk than the root, so it cannot be swapped by renaming.',
        attempted,
        answered: seen.otherDevice.join(', '),
        todo: 'Update it in the site’s own admin.',
      }),
    );
  }
  if (seen.versionControl.length > 0 && !site.settings.allowVersionControl) {
    found.push(
      new Problem({
        code: 'version-control',
        message:
          'This is a checkout of a version-control system; an update would be overwritten or conflict.',
        attempted,
        answered: seen.versionControl.join(', '),
        todo: 'Update it through its repository, or allow it in the site’s settings.',
      }),
    );
  }
  if (seen.missingTools.length > 0) {
    found.push(
      new Problem({
        code: 'missing-tools',
        message: `The server has no ${seen.missingTools.join(', no ')}.`,
        attempted,
        todo: 'Ask the host for it.',
      }),
    );
  }
  if (seen.maintenance === 'foreign') {
    found.push(
      new Problem({
        code: 'foreign-maintenance',
        message: 'Another updater has put the site into maintenance.',
        attempted,
        answered: '.maintenance is there',
        todo: 'Wait until it is done. If it was cut off, remove the file .maintenance from the root.',
      }),
    );
  }
  if (seen.lockedBy !== null && seen.lockedBy !== options.runId) {
    found.push(
      new Problem({
        code: 'site-locked',
        message: 'Another update of this site is under way, or was cut off.',
        attempted,
        answered: `held by ${seen.lockedBy}`,
        todo: 'If it ran on this computer: recover it first (`groundskeeper runs recover`).',
      }),
    );
  }
  return found.map((problem) => problem.toJSON());
}

/** What the release of a part is called in sentences, e.g. `Akismet 5.2 → 5.3`. */
export function partTitle(part: { readonly component: Component; readonly release: Release }): string {
  return `${part.component.name} ${part.component.version} → ${part.release.version}`;
}
