import { lines, run, runOk, sh, type Connection } from '../connections/index.ts';
import { decodeName, parentOf, Problem, remotePath, type RemotePath } from '../words/index.ts';
import type { Installation } from './installation.ts';
import { areThere, searchOverSftp } from './over-sftp.ts';
import type { Platform, PlatformModule, ReadOptions } from './platform.ts';
import { loadRecipes, type LoadedRecipe } from './recipe.ts';
import { readDatabase } from './recipe-database.ts';
import { wordpressModule } from './wordpress/module.ts';

/** All platforms that are known. */
export interface Platforms {
  list(): readonly Platform[];
  /** @throws Problem `no-such-platform` */
  get(id: string): Platform;
  /** Looks for installations of all platforms in the usual places. */
  findAll(
    connection: Connection,
    home: RemotePath,
    options: Omit<ReadOptions, 'root'>,
  ): Promise<Installation[]>;
  /** What a folder holds; null: nothing that is known. */
  look(connection: Connection, options: ReadOptions): Promise<Installation | null>;
}

/** Loads the recipes of some folders; see {@link loadRecipes}. */
export function openPlatforms(folders: readonly string[]): Platforms {
  const platforms = new Map([...loadRecipes(folders)].map(([id, recipe]) => [id, platformOf(recipe)]));
  const look: Platforms['look'] = async (connection, options) => {
    for (const platform of platforms.values()) {
      const found = await platform.look(connection, options);
      if (found) return found;
    }
    return null;
  };
  return {
    list: () => [...platforms.values()],
    get(id) {
      const platform = platforms.get(id);
      if (platform) return platform;
      throw new Problem({
        code: 'no-such-platform',
        message: `There is no platform “${id}”.`,
        todo: `Known are: ${[...platforms.keys()].join(', ')}.`,
      });
    },
    async findAll(connection, home, options) {
      const markers = [...platforms.values()].flatMap(({ recipe }) =>
        recipe.recognise ? [recipe.recognise.marker] : [],
      );
      const roots = connection.onlyFiles
        ? await searchOverSftp(await connection.files(), home, markers, options.signal)
        : await search(connection, home, markers, options.signal);
      const found = await Promise.all(
        roots.map((root) => look(connection, { ...options, root }).catch(() => null)),
      );
      return found.filter((installation) => installation !== null);
    },
    look,
  };
}

function platformOf(recipe: LoadedRecipe): Platform {
  const module = recipe.module === 'wordpress' ? wordpressModule(recipe) : null;
  return {
    recipe,
    module,
    async look(connection, options) {
      if (recipe.recognise === null) return null;
      const files = [recipe.recognise.marker, ...recipe.recognise.files];
      if (connection.onlyFiles) {
        // What is there is read by the files of those platforms alone that a module knows.
        if (module === null || !(await areThere(await connection.files(), options.root, files))) return null;
        return foundBy(recipe, module, connection, options);
      }
      const tests = files.map((file) => sh`[ -e ${`${options.root}/${file}`} ] || exit 1`);
      const there = await run(connection, lines(...tests), {
        attempted: `Look into ${options.root}`,
        signal: options.signal,
        timeLimit: 20_000,
      });
      if (there.code !== 0) return null;
      return foundBy(recipe, module, connection, options);
    },
    database: (connection, options) => readDatabase(connection, recipe, options),
  };
}

async function foundBy(
  recipe: LoadedRecipe,
  module: PlatformModule | null,
  connection: Connection,
  options: ReadOptions,
): Promise<Installation> {
  const bare: Installation = {
    root: options.root,
    platform: recipe.platform,
    platformName: recipe.name,
    version: null,
    url: null,
    title: null,
  };
  if (module === null) return bare;
  const { inventory, facts } = await module.read(connection, options);
  const core = inventory.components.find((component) => component.kind === 'core');
  return { ...bare, version: core?.version || null, url: facts.url, title: facts.title };
}

const USUAL = [
  '/var/www',
  '/srv/www',
  '/srv/http',
  '/usr/share/nginx',
  '/opt/bitnami',
  '/home/site',
  '/htdocs',
  '/web',
];

/** Roots in which a marker lies, at most five folders deep below home and the usual places. */
async function search(
  connection: Connection,
  home: RemotePath,
  markers: readonly string[],
  signal: AbortSignal,
): Promise<RemotePath[]> {
  if (markers.length === 0) return [];
  const names = markers.flatMap((marker, index) => [
    ...(index === 0 ? [] : ['-o']),
    '-name',
    marker.split('/').at(-1) ?? marker,
  ]);
  const script = sh`
for place in ${[home, ...USUAL]}; do
  [ -d "$place" ] && find "$place/" -maxdepth 5 \( -name node_modules -o -name .git -o -name .cache -o -name .groundskeeper -o -name wp-content -o -name wp-includes -o -name wp-admin \) -prune -o -type f \( ${names} \) -print0 2>/dev/null
done; :`;
  const output = await runOk(connection, script, {
    attempted: 'Look for sites in the usual places',
    signal,
    timeLimit: 60_000,
    maxOutput: 4_000_000,
  });
  const files = decodeName(output)
    .split('\0')
    .filter((file) => file.startsWith('/'));
  return [...new Set(files.map((file) => parentOf(remotePath(file.replace(/\/{2,}/g, '/')))))].slice(0, 200);
}
