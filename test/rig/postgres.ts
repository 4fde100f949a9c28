import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Account } from './accounts.ts';
import { runCommand, startServer } from './commands.ts';
import { aTempFolder } from './folders.ts';
import { aFreePort } from './ports.ts';

/** One database with the role that owns it. */
export interface PostgresDatabase {
  /** The folder of its socket. */
  readonly socket: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

/** A PostgreSQL server on 127.0.0.1 and on a socket, in a folder of its own. */
export interface Postgres {
  readonly port: number;
  readonly socket: string;
  /** Makes an empty database and a role that owns it. */
  aDatabase(): PostgresDatabase;
  /** Runs SQL as the administrator, or as a database's own role; rows come back tab-separated, without a header. */
  sql(statement: string, database?: string | PostgresDatabase): string;
  /** All that pg_dump says is in a database. */
  content(database: PostgresDatabase): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';

/** Starts a PostgreSQL server with nothing in it (about 2 seconds). */
export async function aPostgres(): Promise<Postgres> {
  const temp = aTempFolder('postgres');
  const as = databaseAccount(temp.path);
  const [newest = ''] = fs.readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
  const bin = path.join(VERSIONS, newest, 'bin');
  const data = path.join(temp.path, 'data');
  const port = await aFreePort();
  const administrator = crypto.randomBytes(12).toString('base64url');
  const passwordFile = path.join(temp.path, 'password');
  fs.writeFileSync(passwordFile, administrator, { mode: 0o600 });
  if (as) for (const file of [temp.path, passwordFile]) fs.chownSync(file, as.uid, as.gid);
  runCommand(
    path.join(bin, 'initdb'),
    [
      ...['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ...['--encoding=UTF8', '--locale=C', '--no-sync'],
    ],
    { as },
  );
  const asRole = (user: string, password: string, name: string): NodeJS.ProcessEnv => ({
    ...{ PATH: process.env.PATH, PGHOST: temp.path, PGPORT: String(port) },
    ...{ PGUSER: user, PGPASSWORD: password, PGDATABASE: name },
  });
  const psql = (statement: string, env: NodeJS.ProcessEnv): string =>
    runCommand(path.join(bin, 'psql'), ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1'], {
      input: statement,
      env,
    });
  const root = (name: string) => asRole('postgres', administrator, name);
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${temp.path}`];
  const server = await startServer(
    path.join(bin, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    () => isReady(() => psql('SELECT 1', root('postgres'))),
    { as },
  );
  const stop = async (): Promise<void> => {
    await server.stop();
    temp.remove();
  };
  return {
    port,
    socket: temp.path,
    sql: (statement, database = 'postgres') =>
      psql(
        statement,
        typeof database === 'string'
          ? root(database)
          : asRole(database.user, database.password, database.name),
      ),
    content: (database) =>
      runCommand(path.join(bin, 'pg_dump'), [], { env: root(database.name) })
        .split('\n')
        .filter((line) => !/^\\(un)?restrict /.test(line))
        .join('\n')
        .replaceAll(database.name, 'NAME'),
    aDatabase() {
      const name = `site_${crypto.randomBytes(4).toString('hex')}`;
      const password = crypto.randomBytes(12).toString('base64url');
      psql(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`, root('postgres'));
      psql(`CREATE DATABASE ${name} OWNER ${name}`, root('postgres'));
      return { socket: temp.path, port, name, user: name, password };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** PostgreSQL refuses to run as root; Debian's package made an account for it. */
function databaseAccount(home: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const uid = Number(runCommand('id', ['-u', 'postgres']));
  const gid = Number(runCommand('id', ['-g', 'postgres']));
  return { name: 'postgres', uid, gid, home, password: null, remove: () => {} };
}

function isReady(ask: () => string): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}
