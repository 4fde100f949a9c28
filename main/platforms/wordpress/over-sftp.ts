import { readStartOverSftp, type Connection, type RemoteFiles } from '../../connections/index.ts';
import { joinRemote, Problem, type RemotePath } from '../../words/index.ts';
import type { ReadOptions } from '../platform.ts';
import type { Answer, Entry } from './answer.ts';

/** Files that are read at once. */
const AT_ONCE = 24;
/** What WordPress reads of a file for its headers. */
const HEAD = 8192;

const PLUGIN = {
  name: 'Plugin Name',
  version: 'Version',
  author: 'Author',
  homepage: 'Plugin URI',
  requiresCore: 'Requires at least',
  requiresPhp: 'Requires PHP',
  needs: 'Requires Plugins',
  updateUri: 'Update URI',
};
const THEME = {
  name: 'Theme Name',
  version: 'Version',
  author: 'Author',
  homepage: 'Theme URI',
  parent: 'Template',
  requiresCore: 'Requires at least',
  requiresPhp: 'Requires PHP',
  updateUri: 'Update URI',
};
const DROP_INS = [
  ...['advanced-cache.php', 'db.php', 'db-error.php', 'install.php', 'maintenance.php', 'object-cache.php'],
  ...['php-error.php', 'fatal-error-handler.php', 'sunrise.php', 'blog-deleted.php', 'blog-inactive.php'],
  'blog-suspended.php',
];

/**
 * What read.php says of the files of an installation, read over SFTP: no PHP has a part in it, so that it can be read whatever state the
 * site is in. The configuration is code, and is not.
 * @throws Problem `not-an-installation`, `no-such-root`
 */
export async function readOverSftp(
  connection: Connection,
  { root, signal }: Pick<ReadOptions, 'root' | 'signal'>,
): Promise<Answer> {
  const files = await connection.files();
  if ((await files.stat(root))?.kind !== 'folder') throw noSuchRoot(root, connection.label);
  const reader = readerOf(files, signal);
  const version = await reader.start(joinRemote(root, 'wp-includes/version.php'), 65_536);
  if (version === null && !(await reader.isFile(joinRemote(root, 'wp-load.php'))))
    throw new Problem({
      code: 'not-an-installation',
      message: `${root} is not a WordPress installation.`,
      attempted: `Read ${root} on ${connection.label}`,
      todo: 'Choose the folder that holds wp-load.php and wp-includes.',
    });
  const content = joinRemote(root, 'wp-content');
  const folder = (name: string) => joinRemote(content, name);
  const [plugins, mustUse, dropIns, themes, languages, maintenance] = await Promise.all([
    pluginsIn(reader, folder('plugins'), 1),
    pluginsIn(reader, folder('mu-plugins'), 0),
    dropInsIn(reader, content),
    themesIn(reader, folder('themes')),
    languagesIn(reader, folder('languages')),
    reader.isFile(joinRemote(root, '.maintenance')),
  ]);
  return {
    fingerprint: '',
    configuration: null,
    failure: null,
    files: {
      part: 'files',
      php: '',
      phpBinary: null,
      core: coreOf(version ?? ''),
      content,
      pluginFolder: folder('plugins'),
      muFolder: folder('mu-plugins'),
      ...{ plugins, mustUse, dropIns, themes, languages, maintenance },
    },
  };
}

interface Reader {
  /** The first bytes of a file as Latin-1 or UTF-8 text; null: it is not there, or may not be read. */
  start(path: RemotePath, most: number): Promise<string | null>;
  names(path: RemotePath): Promise<{ name: string; isFolder: boolean }[]>;
  isFile(path: RemotePath): Promise<boolean>;
}

function readerOf(files: RemoteFiles, signal: AbortSignal): Reader {
  let busy = 0;
  const waiting: (() => void)[] = [];
  /** A turn of one of so many; what is refused is as if it were not there. */
  const turn = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    if (busy >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    busy += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } catch (error) {
      if (error instanceof Problem && error.code !== 'connection-lost') return otherwise;
      throw error;
    } finally {
      busy -= 1;
      waiting.shift()?.();
    }
  };
  return {
    start: (path, most) =>
      turn(async () => {
        return (await readStartOverSftp(files, path, most)).toString('utf8');
      }, null),
    names: (path) =>
      turn(async () => {
        const found = await files.readFolder(path);
        const kinds = await Promise.all(
          found.map(async ({ name, stat }) => ({
            name,
            // A plugin may be a link to a folder.
            kind:
              stat.kind === 'link'
                ? ((await files.stat(joinRemote(path, name)).catch(() => null))?.kind ?? 'other')
                : stat.kind,
          })),
        );
        return kinds
          .filter(({ name }) => !name.startsWith('.'))
          .map(({ name, kind }) => ({ name, isFolder: kind === 'folder' }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      }, []),
    isFile: (path) => turn(async () => (await files.stat(path))?.kind === 'file', false),
  };
}

/** The header fields of a text, as WordPress's get_file_data() reads them. */
export function headersIn<K extends string>(
  head: string,
  labels: Readonly<Record<K, string>>,
): Map<string, string> {
  const text = head.replaceAll('\r', '\n');
  return new Map(
    Object.entries<string>(labels).map(([key, label]) => {
      const found = new RegExp(`^(?:[ \\t]*<\\?php)?[ \\t/*#@]*${label}:(.*)$`, 'mi').exec(text)?.[1] ?? '';
      return [key, found.replace(/\s*(?:\*\/|\?>).*/, '').trim()];
    }),
  );
}

function entryOf(file: string, headers: ReadonlyMap<string, string>): Entry {
  const said = (key: string) => headers.get(key) ?? '';
  return {
    file,
    name: said('name'),
    version: said('version'),
    author: said('author'),
    homepage: said('homepage'),
    requiresCore: said('requiresCore'),
    requiresPhp: said('requiresPhp'),
    needs: said('needs'),
    updateUri: said('updateUri'),
    parent: said('parent'),
  };
}

async function pluginsIn(reader: Reader, folder: RemotePath, depth: 0 | 1): Promise<Entry[]> {
  const names = await reader.names(folder);
  const inside = await Promise.all(
    names.map(async ({ name, isFolder }) => {
      if (!isFolder) return name.endsWith('.php') ? [name] : [];
      if (depth === 0) return [];
      const below = await reader.names(joinRemote(folder, name));
      return below.filter((one) => one.name.endsWith('.php')).map((one) => `${name}/${one.name}`);
    }),
  );
  const found = await Promise.all(
    inside.flat().map(async (file) => {
      const head = await reader.start(joinRemote(folder, file), HEAD);
      if (head === null) return [];
      const entry = entryOf(file, headersIn(head, PLUGIN));
      return entry.name !== '' || depth === 0 ? [entry] : [];
    }),
  );
  return found.flat();
}

async function themesIn(reader: Reader, folder: RemotePath): Promise<Entry[]> {
  const themeAt = async (place: string): Promise<Entry | null> => {
    const head = await reader.start(joinRemote(folder, place, 'style.css'), HEAD);
    return head === null ? null : entryOf(place, headersIn(head, THEME));
  };
  const found = await Promise.all(
    (await reader.names(folder)).map(async ({ name, isFolder }) => {
      if (!isFolder) return [];
      const own = await themeAt(name);
      if (own !== null) return [own];
      const below = (await reader.names(joinRemote(folder, name))).filter((one) => one.isFolder);
      return Promise.all(below.map((one) => themeAt(`${name}/${one.name}`)));
    }),
  );
  return found.flat().filter((entry) => entry !== null);
}

async function dropInsIn(reader: Reader, content: RemotePath): Promise<Entry[]> {
  const there = new Set((await reader.names(content)).map(({ name }) => name));
  return Promise.all(
    DROP_INS.filter((name) => there.has(name)).map(async (name) => {
      const head = (await reader.start(joinRemote(content, name), HEAD)) ?? '';
      const { name: named, version, author } = PLUGIN;
      return entryOf(name, headersIn(head, { name: named, version, author }));
    }),
  );
}

async function languagesIn(
  reader: Reader,
  folder: RemotePath,
): Promise<NonNullable<Answer['files']>['languages']> {
  const kinds = [
    ['', 'core'],
    ['plugins', 'plugin'],
    ['themes', 'theme'],
  ] as const;
  const found = await Promise.all(
    kinds.map(async ([below, of]) => {
      const names = await reader.names(joinRemote(folder, below));
      return Promise.all(
        names
          .filter(({ name }) => name.endsWith('.po'))
          .map(async ({ name }) => {
            const head = (await reader.start(joinRemote(folder, below, name), 4096)) ?? '';
            const version = /PO-Revision-Date:\s*([^"\\]+)/.exec(head)?.[1]?.trim() ?? '';
            return { file: below === '' ? name : `${below}/${name}`, of, version };
          }),
      );
    }),
  );
  return found.flat();
}

function coreOf(text: string) {
  const said = (variable: string) => {
    const found = new RegExp(`\\$${variable}\\s*=\\s*(?:'([^']*)'|"([^"]*)"|([0-9]+))`).exec(text);
    return found?.[1] ?? found?.[2] ?? found?.[3] ?? '';
  };
  return {
    version: said('wp_version'),
    package: said('wp_local_package'),
    databaseVersion: said('wp_db_version'),
    requiresPhp: said('required_php_version'),
    requiresDatabase: said('required_mysql_version'),
  };
}

function noSuchRoot(root: RemotePath, label: string): Problem {
  return new Problem({
    code: 'no-such-root',
    message: `${root} is not there, or this account may not enter it.`,
    attempted: `Read ${root} on ${label}`,
    todo: 'Check the root on the site’s connection page.',
  });
}
