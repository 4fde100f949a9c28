import { wordpressElsewhere } from './elsewhere.ts';
import { randomBytes } from 'node:crypto';
import { programOnStdin, run, scriptFile, remoteFailed, type Connection } from '../../connections/index.ts';
import { joinRemote, Problem, remotePath, type RemotePath } from '../../words/index.ts';
import type { Network } from '../elsewhere.ts';
import type { Inventory } from '../inventory.ts';
import type { DatabaseAccess, PlatformModule, Reading, ReadOptions } from '../platform.ts';
import type { LoadedRecipe } from '../recipe.ts';
import { optionText, pathOrNull, readAnswer, unreadable, type Answer } from './answer.ts';
import { componentsOf } from './components.ts';
import { readOverSftp } from './over-sftp.ts';
import { updaterLocks } from './updater-locks.ts';

const TIME_LIMIT = 90_000;

/** Reads and places WordPress; see resources/platforms/wordpress. */
export function wordpressModule(recipe: LoadedRecipe): PlatformModule {
  const ask = async (connection: Connection, options: ReadOptions, known: string): Promise<Answer> => {
    const marker = `gk-${randomBytes(8).toString('hex')} `;
    const { end, stdin } = programOnStdin(recipe.script('read.php'));
    const script = scriptFile(recipe.script('read.sh'), {
      root: options.root,
      php: options.php ?? '',
      marker,
      known,
      fingerprint: 'yes',
      parts: 'all',
      whole: end,
    });
    const attempted = `Read the inventory of ${options.root}`;
    const result = await run(connection, script, {
      attempted,
      signal: options.signal,
      timeLimit: TIME_LIMIT,
      stdin,
    });
    const explained = explain(result.code, options, result.stderr, connection.label);
    if (explained) throw explained;
    const answer = readAnswer(result.stdout, marker);
    if (answer.files === null && (answer.fingerprint === '' || answer.fingerprint !== known)) {
      if (result.code !== 0) throw remoteFailed(connection, attempted, result);
      throw unreadable(result.stderr || result.stdout.toString('utf8'));
    }
    return answer;
  };
  return {
    async read(connection, options) {
      if (connection.onlyFiles) return readingOf(await readOverSftp(connection, options), options, OVER_SFTP);
      const answer = await ask(connection, options, '');
      return readingOf(answer, options);
    },
    async readIfChanged(connection, options, fingerprint) {
      if (connection.onlyFiles) return readingOf(await readOverSftp(connection, options), options, OVER_SFTP);
      const answer = await ask(connection, options, fingerprint);
      return answer.files === null ? null : readingOf(answer, options);
    },
    readingFrom: (printed, marker, options) => readingOf(readAnswer(printed, marker), options),
    elsewhere: wordpressElsewhere,
    place(component, reading, root) {
      if (component.kind === 'core') return { path: '', single: false };
      const path = component.path ?? '';
      if (path === '' || path.startsWith('/') || path.split('/').includes('..')) {
        throw new Problem({
          code: 'component-elsewhere',
          message: `${component.name} does not lie inside the site’s root.`,
          attempted: `Find ${component.name} below ${root}`,
          answered: path,
          todo: 'Update it by hand; folders outside the root are not touched.',
        });
      }
      return {
        path,
        single: component.kind === 'plugin' && component.file !== null && !component.file.includes('/'),
      };
    },
    updaterLocks: ({ facts }) => updaterLocks(facts.tablePrefix ?? ''),
  };
}

function explain(code: number, options: ReadOptions, stderr: string, label: string): Problem | null {
  const attempted = `Read ${options.root} on ${label}`;
  switch (code) {
    case 64:
      return new Problem({
        code: 'no-php',
        message: 'There is no PHP for the command line on this server.',
        attempted,
        answered: stderr.trim(),
        todo: 'Ask the host for PHP CLI, or give its path in the site’s settings.',
      });
    case 65:
      return new Problem({
        code: 'not-an-installation',
        message: `${options.root} is not a WordPress installation.`,
        attempted,
        answered: stderr.trim(),
        todo: 'Choose the folder that holds wp-load.php and wp-includes.',
      });
    case 66:
      return new Problem({
        code: 'no-such-root',
        message: `${options.root} is not there, or this account may not enter it.`,
        attempted,
        answered: stderr.trim(),
        todo: 'Check the root on the site’s connection page.',
      });
    case 126:
    case 127:
      return options.php === null
        ? null
        : new Problem({
            code: 'no-php',
            message: `${options.php} cannot be run on this server.`,
            attempted,
            answered: stderr.trim(),
            todo: 'Correct the path of PHP in the site’s settings, or leave it empty to let it be found.',
          });
    default:
      return null;
  }
}

/** What is not known of a site whose files alone are read. */
const OVER_SFTP =
  'Over SFTP only files are read: which plugins and which theme are active, PHP’s version and the database’s are not known. An update asks the site’s own PHP.';

/** @param why why there is no configuration, where that is as it should be */
function readingOf(answer: Answer, options: ReadOptions, why: string | null = null): Reading {
  const { files, configuration } = answer;
  if (files === null) throw unreadable('');
  const gaps: string[] = [];
  if (why !== null) gaps.push(why);
  else if (answer.failure !== null) gaps.push(`The configuration could not be evaluated: ${answer.failure}`);
  else if (configuration === null) gaps.push('The configuration took too long to evaluate.');
  if (configuration?.gap !== undefined) gaps.push(configuration.gap);
  const refused = configuration?.refused ?? null;
  if (refused !== null) gaps.push(`The database refused: ${refused}`);
  if (configuration !== null && optionText(configuration, 'stylesheet') === null)
    gaps.push('Which plugins and which theme are active is not known.');
  const usual = files.content === `${options.root}/wp-content`;
  const inventory: Inventory = {
    platform: 'wordpress',
    readAt: options.now,
    confirmedAt: options.now,
    components: componentsOf(files, configuration, options.root),
    php: files.php || null,
    database: configuration?.server ?? null,
    multisite: configuration?.multisite ?? false,
    locale: optionText(configuration, 'WPLANG') || 'en_US',
    gaps,
    // Folders elsewhere are not covered by the fingerprint, and a gap should be looked at again.
    fingerprint: usual && gaps.length === 0 ? answer.fingerprint : '',
  };
  return {
    inventory,
    facts: {
      database: databaseOf(configuration),
      databaseProblem:
        refused ?? (configuration === null && why === null ? (answer.failure ?? 'not read') : null),
      url:
        configuration?.home ??
        optionText(configuration, 'home') ??
        configuration?.siteurl ??
        optionText(configuration, 'siteurl'),
      ownUrl: configuration?.siteurl ?? optionText(configuration, 'siteurl'),
      network: networkOf(configuration),
      title: optionText(configuration, 'blogname'),
      php: files.phpBinary ?? options.php ?? 'php',
      errorLog: logOf(configuration?.errorLog ?? null, options.root),
      contentFolder: remotePath(files.content),
      fileChangesForbidden: configuration?.fileModsForbidden ?? false,
      tablePrefix: configuration?.prefix ?? null,
      inMaintenance: files.maintenance,
    },
  };
}

function databaseOf(configuration: Answer['configuration']): DatabaseAccess | null {
  if (configuration === null) return null;
  const { database } = configuration;
  if (database.kind === 'sqlite') {
    const file = pathOrNull(database.file);
    return file === null ? null : { kind: 'sqlite', file };
  }
  return { ...database, prefix: configuration.prefix };
}

/** What wp-config.php does not say is what WordPress would find: the address of the main site. */
function networkOf(configuration: Answer['configuration']): Network | null {
  const network = configuration?.network ?? null;
  if (network === null) return null;
  const { subdomains, domain, path, number, mainSite } = network;
  const home = URL.parse(optionText(configuration, 'home') ?? configuration?.home ?? '');
  const given = path ?? home?.pathname ?? '/';
  return {
    subdomains,
    domain: (domain ?? home?.host ?? '').toLowerCase(),
    path: given.endsWith('/') ? given : `${given}/`,
    number,
    mainSite,
  };
}

function logOf(text: string | null, root: RemotePath): RemotePath | null {
  if (text === null || text === '' || text === 'syslog') return null;
  return pathOrNull(text) ?? joinRemote(root, text);
}
