import { hashFiles } from '../backups/index.ts';
import type { Update } from '../checks/index.ts';
import { runOk, sh, type Connection } from '../connections/index.ts';
import type { Package } from '../releases/index.ts';
import { joinRemote, Problem } from '../words/index.ts';
import { readStart } from './files-only/over-sftp.ts';
import {
  checkPackage,
  databaseVersionInside,
  mainFileOf,
  mayMigrate,
  needsInside,
  publishedChecksums,
} from './package-check.ts';
import { diffTree, type Part, type PrepareOptions, type PrepareServices } from './part.ts';

/** Compares a package with what is on the site. @throws Problem when the package is not what was announced, or cannot be swapped in */
export async function partOf(
  connection: Connection,
  services: PrepareServices,
  options: PrepareOptions,
  update: Update,
  opened: Package,
): Promise<Part> {
  const { site, reading, fileScripts, signal } = options;
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
      'md5',
      joinRemote(site.root, base),
      component.kind === 'core' ? ['wp-admin', 'wp-includes'] : ['.'],
      { scripts: fileScripts, signal },
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
      needs: await needsInside(component, opened),
    };
  }
  const live = await hashFiles(connection, 'sha256', joinRemote(site.root, place.path), ['.'], {
    scripts: fileScripts,
    signal,
  });
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
    needs: await needsInside(component, opened),
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
  const { site, fileScripts, signal } = options;
  const rootFiles = opened.files
    .filter((file) => !file.path.includes('/') && file.path !== 'wp-config-sample.php')
    .map((file) => file.path);
  const formerRootFiles = [...(installed?.keys() ?? [])].filter(
    (path) => !path.includes('/') && !rootFiles.includes(path) && !/^wp-config/.test(path),
  );
  const live = await hashFiles(
    connection,
    'sha256',
    site.root,
    ['wp-admin', 'wp-includes', ...rootFiles, ...formerRootFiles],
    { scripts: fileScripts, signal },
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
    needs: [],
  };
}

async function databaseVersionOnSite(
  connection: Connection,
  options: PrepareOptions,
): Promise<number | null> {
  const file = joinRemote(options.site.root, 'wp-includes/version.php');
  const { signal } = options;
  const bytes = connection.onlyFiles
    ? await readStart(await connection.files(), file, 65_536)
    : await runOk(connection, sh`cat -- ${file}`, {
        attempted: 'Read version.php',
        signal,
        timeLimit: 20_000,
      });
  const text = bytes?.toString('utf8') ?? '';
  const found = /\$wp_db_version\s*=\s*(\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}
