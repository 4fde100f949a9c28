import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Account } from './accounts.ts';
import { runCommand, startServer } from './commands.ts';
import { aTempFolder } from './folders.ts';
import { aFreePort } from './ports.ts';

/** One database with the user that owns it. */
export interface Database {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly socket: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

/** A MariaDB server on 127.0.0.1 and on a socket, in a folder of its own. */
export interface MariaDb {
  readonly port: number;
  readonly socket: string;
  /** Makes an empty database and a user who may do everything in it. */
  aDatabase(): Database;
  /** Runs SQL as root; rows come back tab-separated, without a header. */
  sql(statement: string, database?: string): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a MariaDB server with nothing in it (about 3 seconds). */
export async function aMariaDb(): Promise<MariaDb> {
  const temp = aTempFolder('mariadb');
  const as = databaseAccount(temp.path);
  const data = path.join(temp.path, 'data');
  const socket = path.join(temp.path, 'mysqld.sock');
  const port = await aFreePort();
  // A server that starts deletes every temporary table in its folder for them: in a shared /tmp, those of others too,
  // which then crash.
  const ours = path.join(temp.path, 'tmp');
  fs.mkdirSync(ours);
  if (as) for (const folder of [temp.path, ours]) fs.chownSync(folder, as.uid, as.gid);
  const folders = [`--datadir=${data}`, `--tmpdir=${ours}`];
  runCommand(
    'mysql_install_db',
    ['--no-defaults', ...folders, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { as },
  );
  const server = await startServer(
    'mariadbd',
    [
      '--no-defaults',
      ...folders,
      `--socket=${socket}`,
      `--port=${port}`,
      `--pid-file=${temp.path}/mysqld.pid`,
      '--bind-address=127.0.0.1',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=64M',
      '--skip-name-resolve',
    ],
    () => isReady(socket),
    { as },
  );
  const sql = (statement: string, database = 'mysql'): string =>
    runCommand('mariadb', ['--no-defaults', '-uroot', `--socket=${socket}`, '-N', '-B', database], {
      input: statement,
    });
  const stop = async (): Promise<void> => {
    await server.stop();
    temp.remove();
  };
  return {
    port,
    socket,
    sql,
    aDatabase() {
      const name = `site_${crypto.randomBytes(4).toString('hex')}`;
      const password = crypto.randomBytes(12).toString('base64url');
      sql(`CREATE DATABASE ${name} CHARACTER SET utf8mb4;
        CREATE USER '${name}'@'localhost' IDENTIFIED BY '${password}';
        CREATE USER '${name}'@'127.0.0.1' IDENTIFIED BY '${password}';
        GRANT ALL ON ${name}.* TO '${name}'@'localhost';
        GRANT ALL ON ${name}.* TO '${name}'@'127.0.0.1';`);
      return { host: '127.0.0.1', port, socket, name, user: name, password };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** mariadbd refuses to run as root; Debian's package made an account for it. */
function databaseAccount(home: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const uid = Number(runCommand('id', ['-u', 'mysql']));
  const gid = Number(runCommand('id', ['-g', 'mysql']));
  return { name: 'mysql', uid, gid, home, password: null, remove: () => {} };
}

function isReady(socket: string): boolean {
  if (!fs.existsSync(socket)) return false;
  try {
    runCommand('mariadb-admin', ['--no-defaults', '-uroot', `--socket=${socket}`, 'ping']);
    return true;
  } catch {
    return false;
  }
}
