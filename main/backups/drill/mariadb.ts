import { execFile, spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Problem, shorten, wordsOf } from '../../words/index.ts';
import { ownDefiners } from './own-definers.ts';

const exec = promisify(execFile);
/** Where packages put what a login does not have in its path. */
const ELSEWHERE = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/usr/local/mariadb/bin',
];
/** Milliseconds that a server may take to begin. */
const START = 60_000;
const LOAD = 2 * 3_600_000;

interface Programs {
  readonly server: string;
  readonly install: string;
  readonly client: string;
}

/** The programs of MariaDB on this computer; null: not all of them are here. */
export function findMariaDb(path = process.env['PATH'] ?? ''): Programs | null {
  const find = (...names: readonly string[]) => {
    for (const folder of [...path.split(delimiter), ...ELSEWHERE])
      for (const name of names) {
        const file = join(folder, name);
        if (folder !== '' && existsSync(file)) return file;
      }
    return null;
  };
  const [server, install, client] = [find('mariadbd'), find('mariadb-install-db'), find('mariadb')];
  return server === null || install === null || client === null ? null : { server, install, client };
}

/**
 * Loads a dump into a MariaDB of its own and counts the rows that are there then. The server is begun for this in a private
 * folder, without a network, and is gone with all its files afterwards, also when this process dies.
 *
 * A dump of a hostile site is a program. So it is run by an account that may use one database and nothing else (a server's
 * administrator can make it write files), by a client that takes no commands but SQL's (`--binary-mode`) and sends no files.
 * @returns the server's name and each table's rows
 * @throws Problem `drill-failed` when the server does not take the dump, `no-server` when it could not be begun
 */
export async function loadIntoMariaDb(
  programs: Programs,
  dump: string,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<{ server: string; rows: Map<string, number> }> {
  // A socket's name is at most 107 bytes long, so it is not put below the data folder.
  const folder = await mkdtemp(join(tmpdir(), 'gk-drill-'));
  const at = (name: string) => join(folder, name);
  const socket = at('s');
  const as = process.getuid?.() === 0 ? ['--user=root'] : [];
  const client = (user: string, ...rest: readonly string[]) => [
    '--no-defaults',
    `--socket=${socket}`,
    `--user=${user}`,
    '--default-character-set=utf8mb4',
    '--batch',
    '--skip-column-names',
    ...rest,
  ];
  const ask = async (user: string, sql: string) =>
    (await exec(programs.client, client(user, '--execute', sql), { signal, maxBuffer: 64 * 1024 * 1024 }))
      .stdout;
  let stop = async () => {};
  try {
    for (const name of ['tmp', 'none']) await mkdir(at(name), { mode: 0o700 });
    // A server that starts deletes the temporary tables in its folder for them: in a shared one, those of others too.
    const places = [`--datadir=${at('data')}`, `--tmpdir=${at('tmp')}`];
    try {
      await exec(
        programs.install,
        ['--no-defaults', ...as, ...places, '--auth-root-authentication-method=normal', '--skip-test-db'],
        { signal },
      );
      stop = begin(programs.server, [
        '--no-defaults',
        ...as,
        ...places,
        `--socket=${socket}`,
        `--pid-file=${at('pid')}`,
        '--skip-networking',
        '--skip-log-bin',
        '--local-infile=0',
        `--secure-file-priv=${at('none')}`,
        `--plugin-dir=${at('none')}`,
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-buffer-pool-size=64M',
        '--max-allowed-packet=1G',
      ]);
      const until = Date.now() + START;
      while (!(await ask('root', 'SELECT 1').catch(() => ''))) {
        signal.throwIfAborted();
        if (Date.now() > until) throw new Error('it did not answer in a minute');
        await pause(100, undefined, { signal });
      }
    } catch (error) {
      signal.throwIfAborted();
      throw new Problem(
        {
          code: 'no-server',
          message: 'MariaDB on this computer could not be begun.',
          answered: wordsOf(error),
        },
        error,
      );
    }
    const version = (await ask('root', 'SELECT VERSION()')).trim();
    await ask(
      'root',
      'CREATE DATABASE site CHARACTER SET utf8mb4; CREATE USER drill@localhost; GRANT ALL ON site.* TO drill@localhost; SET GLOBAL log_bin_trust_function_creators=1',
    );
    await load(
      programs.client,
      client('drill', '--binary-mode', '--local-infile=0', '--max-allowed-packet=1G', 'site'),
      dump,
      signal,
    );
    const rows = new Map<string, number>();
    for (const table of tables) {
      const counted = await ask('root', `SELECT COUNT(*) FROM site.\`${table.replaceAll('`', '``')}\``).catch(
        (error: unknown) => wordsOf(error),
      );
      if (/^\d+\s*$/.test(counted)) rows.set(table, Number(counted));
    }
    return { server: `MariaDB ${version.split('-')[0] ?? ''}`, rows };
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Begins a server that ends with this process, however that does: its keeper waits for the end of a pipe that we hold. */
function begin(program: string, args: readonly string[]): () => Promise<void> {
  const keeper = spawn(
    '/bin/sh',
    [
      '-c',
      '"$@" </dev/null >/dev/null 2>&1 & pid=$!; cat >/dev/null; kill "$pid" 2>/dev/null; wait "$pid"',
      'sh',
      program,
      ...args,
    ],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  const ended = new Promise<void>((resolve) =>
    keeper.once('close', () => resolve()).once('error', () => resolve()),
  );
  keeper.stdin.on('error', () => {});
  return async () => {
    keeper.stdin.end();
    await ended;
  };
}

async function load(
  program: string,
  args: readonly string[],
  dump: string,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], signal, timeout: LOAD });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = shorten(said + text, 4000)));
  const ended = new Promise<number | null>((resolve, reject) =>
    child.once('close', resolve).once('error', reject),
  );
  child.stdin.write('SET SESSION foreign_key_checks=0, unique_checks=0;\n');
  // Where it ends early, its own words say more than a broken pipe.
  await pipeline(createReadStream(dump), ownDefiners, child.stdin).catch(() => {});
  const code = await ended;
  signal.throwIfAborted();
  if (code === 0) return;
  throw new Problem({
    code: 'drill-failed',
    message: 'The dump could not be loaded.',
    attempted: 'Load the dump into MariaDB on this computer',
    answered: said.trim(),
    todo: 'Back up the site again and try once more. If it happens again, look at the table that is named.',
  });
}
