import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import {
  feed,
  lines,
  programOnStdin,
  run,
  remoteFailed,
  scriptFile,
  sh,
  type Connection,
  type RemoteResult,
  type Script,
} from '../../connections/index.ts';
import type { DatabaseAccess } from '../../platforms/index.ts';
import { encodeName, joinRemote, parentOf, Problem, type RemotePath } from '../../words/index.ts';
import type { FileScripts } from '../pull/file-scripts.ts';
import { knowsRestrict, throughGate } from './psql-gate.ts';

/** The scripts of `resources/database` and `resources/backups`, as text. */
export interface DatabaseScripts {
  readonly mysql: string;
  /** What does the same where the server has no client of MySQL or MariaDB. */
  readonly mysqlPhp: string;
  readonly postgresql: string;
  readonly sqlite: string;
  readonly files: FileScripts;
  readonly sqliteRestore: string;
  readonly sqliteTables: string;
}

export interface DatabaseWork {
  readonly connection: Connection;
  readonly access: DatabaseAccess;
  /** PHP on the server: for SQLite, and for MySQL where its clients are missing. */
  readonly php: string;
  readonly scripts: DatabaseScripts;
  readonly signal: AbortSignal;
  /** Put before each script, e.g. the fence of an update. */
  readonly before?: Script | undefined;
}

/** What to ask the host for where the tools are missing. */
const TODO: Readonly<Record<DatabaseAccess['kind'], string>> = {
  mysql: 'Ask the host for mysqldump and mysql, or for PHP with mysqli on the command line.',
  postgresql: 'Ask the host for pg_dump and psql.',
  sqlite: 'Ask the host for PHP’s SQLite3 extension on the command line.',
};

const REFUSED =
  /access denied|can't connect|unknown database|ERROR 1(044|045|049|130)|ERROR 20\d\d|connection to server .* failed|could not connect to server/i;

const TIME_LIMIT = 2 * 3_600_000;

/** Dumps the database into a stream. @returns what could not be read and so is not in it, in the server's words. */
export async function dumpTo(
  work: DatabaseWork,
  onOutput: (stdout: Readable) => Promise<void>,
): Promise<readonly string[]> {
  const { stderr } = await perform(work, 'Dump the database', 'dump', { file: '', kept: '' }, { onOutput });
  return stderr.split('\n').filter((line) => line.startsWith('not in the dump: '));
}

/** Dumps the database into a file on the server (0600). */
export async function dumpToFile(work: DatabaseWork, file: RemotePath): Promise<void> {
  await perform(work, 'Dump the database on the server', 'dump', { file, kept: '' }, {});
}

/** Puts a dump that lies on the server back. `kept`: the tables that the dump has; all other ones of the site go. */
export async function restoreFromFile(
  work: DatabaseWork,
  file: RemotePath,
  kept: readonly string[],
): Promise<void> {
  const restrict = await restrictKey(work);
  await perform(work, 'Put the database back', 'restore', { file, kept: kept.join('\n'), restrict }, {});
}

/**
 * What {@link restoreFromFile} does, as a script that may lie on the server (it holds the password) and be run there later. It is done
 * only when the restore ended well and, where that can be asked without us, every table of the dump is there and can be read.
 */
export async function restoreScript(
  work: DatabaseWork,
  file: RemotePath,
  kept: readonly string[],
): Promise<Script> {
  const restrict = await restrictKey(work);
  const restore = scriptFor(work, work.scripts, 'restore', { file, kept: kept.join('\n'), restrict }).script;
  const put = lines(
    sh`[ -s ${file} ] || { echo 'the dump is not there any more' >&2; exit 1; }
(`,
    restore,
    sh`) || exit`,
  );
  if (work.access.kind === 'sqlite') return put;
  const tables = scriptFor(work, work.scripts, 'tables', { file: '', kept: '' }).script;
  const found = joinRemote(parentOf(file), 'found');
  const all = `${kept.join('\n')}\n`;
  return lines(
    put,
    sh`(`,
    tables,
    sh`) > ${found} || exit
said=$(while IFS='	' read -r table rows; do printf '%s\n' "$table"; done < ${found}; echo .)
[ "$said" = ${`${all}.`} ] || { echo 'after the restore the tables are not those of the dump' >&2; exit 1; }`,
  );
}

/**
 * Puts a dump back that is sent along. It may be a hostile site's: nothing in it is run but SQL.
 * @param kept the tables that stay or come with it; all other ones of the site go. 'all': none goes (PostgreSQL)
 * @throws Problem `dump-commands`, `table-depended-on`, `table-referred-to`
 */
export async function restoreFrom(
  work: DatabaseWork,
  stdin: (stdin: Writable) => Promise<void>,
  kept: readonly string[] | 'all',
): Promise<void> {
  const restrict = await restrictKey(work);
  const guarded =
    work.access.kind === 'postgresql' && restrict === '' ? (to: Writable) => throughGate(stdin, to) : stdin;
  const part = kept === 'all' ? 'part' : '';
  const variables = { file: '', kept: part === '' ? [...kept].join('\n') : '', part, restrict };
  await perform(work, 'Put the database back', 'restore', variables, { stdin: guarded });
}

/** The definitions of all that is in a database of PostgreSQL, as pg_dump writes them. */
export async function readDefinitions(work: DatabaseWork): Promise<Buffer> {
  const { stdout } = await perform(
    work,
    'Read the definitions of the tables',
    'definitions',
    { file: '', kept: '' },
    {},
  );
  return stdout;
}

/**
 * Has SQLite tables put in place that `packSqliteTables` packed: all of them or none.
 * @returns what is odd about the database now, in words
 */
export async function putSqliteTables(
  work: DatabaseWork,
  packed: { readonly size: number; readonly content: AsyncIterable<Buffer> },
): Promise<string[]> {
  const attempted = 'Put the tables in place';
  if (work.access.kind !== 'sqlite') throw new TypeError('not a database of SQLite');
  const script = scriptFile(work.scripts.sqliteTables, {
    database: work.access.file,
    php: work.php,
    code: withoutTag(work.scripts.sqlite),
    size: packed.size,
  });
  const stdin = (to: Writable) => writeAll(to, packed.content);
  const { stdout } = await performed(work, attempted, script, { stdin });
  return stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Writes a dump to a command as fast as it takes it, and ends it. */
export async function writeAll(stdin: Writable, dump: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of dump) await feed(stdin, chunk);
  stdin.end();
}

/** A key that lets psql run none of its own commands; empty where it cannot be told so. */
async function restrictKey(work: DatabaseWork): Promise<string> {
  if (work.access.kind !== 'postgresql') return '';
  const asked = await run(work.connection, sh`psql --version`, {
    attempted: 'Ask psql for its version',
    signal: work.signal,
    timeLimit: 60_000,
  });
  return knowsRestrict(asked.stdout.toString('utf8')) ? randomBytes(32).toString('hex') : '';
}

/** Every table of the site and how many rows it has. */
export async function countRows(work: DatabaseWork): Promise<{ name: string; rows: number }[]> {
  const { stdout } = await perform(work, 'Count the rows', 'tables', { file: '', kept: '' }, {});
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [name, rows] = line.split('\t');
      return name === undefined || rows === undefined ? [] : [{ name, rows: Number(rows) }];
    });
}

/**
 * What the tables are made of, a column a line (of SQLite a table): its table, its name and what it is, with tabs between.
 * The same schema gives the same text.
 */
export async function readSchema(work: DatabaseWork): Promise<string> {
  const { stdout } = await perform(work, 'Read the database’s schema', 'schema', { file: '', kept: '' }, {});
  return stdout.toString('utf8');
}

/** What is known of a database and its server. */
export interface AboutDatabase {
  /** The same for two accounts of one server, and for no two servers. */
  readonly server: string;
  readonly name: string;
  /** All that is in it, the site's or not. */
  readonly tables: readonly string[];
  /** In lower case. */
  readonly collations: ReadonlySet<string>;
}

/** Asks a database of MySQL or MariaDB what it is. */
export async function aboutDatabase(work: DatabaseWork): Promise<AboutDatabase> {
  const { stdout } = await perform(work, 'Ask the database what it is', 'about', { file: '', kept: '' }, {});
  const said = stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.split('\t'));
  const all = (what: string) => said.filter(([key]) => key === what).map(([, ...rest]) => rest);
  const settings = new Map(all('server').map(([key = '', value = '']) => [key, value]));
  return {
    server: settings.get('server_uuid') ?? [...settings.values()].join(' '),
    name: all('database')[0]?.[0] ?? '',
    tables: all('table').map(([name = '']) => name),
    collations: new Set(all('collation').map(([name = '']) => name.toLowerCase())),
  };
}

type Action = 'dump' | 'restore' | 'tables' | 'schema' | 'about' | 'definitions' | 'query';
interface Variables {
  readonly file: string;
  readonly kept: string;
  readonly restrict?: string;
  readonly part?: string;
}
interface Streams {
  readonly stdin?: string | ((stdin: Writable) => Promise<void>) | undefined;
  readonly onOutput?: ((stdout: Readable) => Promise<void>) | undefined;
}

/** Does one of the things that the scripts of `resources/database` know. @throws Problem `no-database-tools`, `database-refused`, … */
export async function perform(
  work: DatabaseWork,
  attempted: string,
  action: Action,
  variables: Variables,
  streams: Streams,
): Promise<RemoteResult> {
  const { script, stdin } = scriptFor(work, work.scripts, action, variables);
  return performed(work, attempted, script, { stdin: stdin ?? streams.stdin, onOutput: streams.onOutput });
}

async function performed(
  work: DatabaseWork,
  attempted: string,
  script: Script,
  streams: Streams,
): Promise<RemoteResult> {
  const { connection, access, signal } = work;
  const result = await run(connection, lines(work.before ?? sh``, script), {
    attempted,
    signal,
    timeLimit: TIME_LIMIT,
    stdin: streams.stdin,
    onOutput: streams.onOutput,
  });
  if (result.code === 0) return result;
  if (result.code === 64) {
    throw new Problem({
      code: 'no-database-tools',
      message: 'This server has no tool to dump the database with.',
      attempted,
      answered: result.stderr.trim(),
      todo: TODO[access.kind],
    });
  }
  if (REFUSED.test(result.stderr)) {
    throw new Problem({
      code: 'database-refused',
      message: 'The database did not let us in.',
      attempted: `${attempted} on ${connection.label}`,
      answered: result.stderr.trim(),
      todo: 'Check that the site itself works; its own configuration is what is used to log in.',
    });
  }
  throw keptFrom(attempted, result.stderr) ?? remoteFailed(connection, attempted, result);
}

/** What PostgreSQL refuses so that the rest of the database stays whole. */
function keptFrom(attempted: string, stderr: string): Problem | null {
  const answered = stderr.trim();
  if (/other objects depend on it/.test(stderr))
    return new Problem({
      code: 'table-depended-on',
      message:
        'The table is defined otherwise than in the backup, and something else in the database depends on it. Nothing was changed.',
      attempted,
      answered,
      todo: 'Restore the whole database, or write the table into a file.',
    });
  if (/violates foreign key constraint/.test(stderr))
    return new Problem({
      code: 'table-referred-to',
      message: 'The rows of this table and those of another one would not fit together. Nothing was changed.',
      attempted,
      answered,
      todo: 'Restore both tables at once, or the whole database.',
    });
  return null;
}

function scriptFor(
  work: DatabaseWork,
  scripts: DatabaseScripts,
  action: Action,
  variables: Variables,
): { script: Script; stdin?: string } {
  const { access } = work;
  if (access.kind === 'mysql') {
    return {
      script: scriptFile(scripts.mysql, {
        action,
        options: optionFile(access),
        access: inHex(access),
        php: work.php,
        code: withoutTag(scripts.mysqlPhp),
        name: access.name,
        prefix: access.prefix,
        file: variables.file,
        kept: variables.kept,
      }),
    };
  }
  if (access.kind === 'postgresql') {
    const { host, name, user, password } = access;
    const port = access.port ?? '';
    return {
      script: scriptFile(scripts.postgresql, {
        action,
        host,
        port,
        name,
        user,
        password,
        restrict: '',
        part: '',
        ...variables,
      }),
    };
  }
  if (action === 'restore')
    return { script: scriptFile(scripts.sqliteRestore, { database: access.file, file: variables.file }) };
  const { read, stdin } = programOnStdin(withoutTag(scripts.sqlite));
  return {
    script: lines(read, sh`exec ${work.php} -r "$code" -- ${[action, access.file, variables.file]}`),
    stdin,
  };
}

function withoutTag(php: string): string {
  return php.replace(/^<\?php/gm, '');
}

/** What our own dumper logs in with, one value a line; in hex, so that no byte of a password means anything else. */
function inHex(access: Extract<DatabaseAccess, { kind: 'mysql' }>): string {
  const { host, port, socket, user, password, name, prefix } = access;
  return [host, port?.toString() ?? '', socket ?? '', user, password, name, prefix]
    .map((value) => encodeName(value).toString('hex'))
    .join('\n');
}

/** An option file for MySQL's and MariaDB's clients, which is how a password stays out of the process list. */
function optionFile(access: Extract<DatabaseAccess, { kind: 'mysql' }>): string {
  const value = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const network = access.socket === null && access.host !== 'localhost';
  return [
    '[client]',
    `user=${value(access.user)}`,
    `password=${value(access.password)}`,
    access.socket === null ? `host=${value(access.host)}` : `socket=${value(access.socket)}`,
    ...(access.port === null ? [] : [`port=${access.port}`]),
    ...(network || access.port !== null ? ['protocol=tcp'] : []),
    '',
  ].join('\n');
}
