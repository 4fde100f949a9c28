import fs from 'node:fs';
import path from 'node:path';
import {
  createConnections,
  openHostKeys,
  type Connection,
  type ConnectionLimits,
  type Connections,
  type HostKeys,
} from '../../main/connections/index.ts';
import { ConnectionSettings } from '../../main/sites/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  takeBackup,
  type Backup,
  type DatabaseScripts,
  type Store,
  type TakeOptions,
} from '../../main/backups/index.ts';
import { aJsonFile, never, quietly } from '../main/samples.ts';
import type { SshHost } from '../rig/index.ts';

const resources = path.join(import.meta.dirname, '..', '..', 'resources');

/** The scripts that the app hands to backups. */
export const scripts: DatabaseScripts = {
  mysql: fs.readFileSync(path.join(resources, 'database/mysql.sh'), 'utf8'),
  mysqlPhp: ['mysql-dump.php', 'mysql-restore.php', 'mysql-link.php', 'mysql.php']
    .map((name) => fs.readFileSync(path.join(resources, 'database', name), 'utf8'))
    .join(''),
  postgresql: fs.readFileSync(path.join(resources, 'database/postgresql.sh'), 'utf8'),
  sqlite: fs.readFileSync(path.join(resources, 'database/sqlite.php'), 'utf8'),
  files: {
    php: fs.readFileSync(path.join(resources, 'backups/files.php'), 'utf8'),
    python: fs.readFileSync(path.join(resources, 'backups/files.py'), 'utf8'),
  },
  sqliteTables: fs.readFileSync(path.join(resources, 'database/sqlite-tables.sh'), 'utf8'),
  sqliteRestore: fs.readFileSync(path.join(resources, 'database/sqlite-restore.sh'), 'utf8'),
};
/** What keeps a run's commands in turn. */
export const turn = fs.readFileSync(path.join(resources, 'updates/turn.sh'), 'utf8');
export const platformFolder = path.join(resources, 'platforms');

export const at = remotePath;

/** How a host of the rig is reached, with its own key unless said otherwise. */
export function wayTo(
  host: SshHost,
  part: Record<string, unknown> = {},
): Extract<ConnectionSettings, { kind: 'ssh' }> {
  const settings = ConnectionSettings.parse({
    kind: 'ssh',
    host: host.host,
    port: host.port,
    user: host.user,
    authentication: { kind: 'key', file: host.key.file },
    ...part,
  });
  if (settings.kind !== 'ssh') throw new TypeError('not over SSH');
  return settings;
}

/** Trusts the key that a host shows now. */
export function confirm(keys: HostKeys, host: Pick<SshHost, 'host' | 'port' | 'hostKey'>): void {
  keys.trust({ host: host.host, port: host.port, type: 'ssh-ed25519', fingerprint: host.hostKey() }, true);
}

export interface Secret {
  readonly password?: string | null;
  readonly passphrase?: string | null;
}

/** Connections as the app makes them, trusting the given hosts, and knowing these secrets. */
export function aPool(
  hosts: readonly Pick<SshHost, 'host' | 'port' | 'hostKey'>[],
  environment: NodeJS.ProcessEnv = {},
  limits?: ConnectionLimits,
) {
  const keys = openHostKeys(aJsonFile(), []);
  for (const host of hosts) confirm(keys, host);
  const connections: Connections = createConnections({
    hostKeys: keys,
    environment,
    idle: 30_000,
    ...(limits && { limits }),
  });
  return {
    keys,
    /** Does work over a connection, with one secret for each hop. */
    use: <T>(
      settings: ConnectionSettings,
      work: (connection: Connection) => Promise<T>,
      secrets: readonly Secret[] = [],
      signal: AbortSignal = never,
    ) =>
      connections.use(
        settings,
        (hop) => ({
          password: async () => secrets[hop]?.password ?? null,
          passphrase: async () => secrets[hop]?.passphrase ?? null,
        }),
        signal,
        work,
      ),
    [Symbol.dispose]: () => connections.close(),
  };
}

/** Backs up a folder of a host into a store: all of it, and no database. Over SSH unless said otherwise. */
export function backUpFolder(
  pool: ReturnType<typeof aPool>,
  host: SshHost,
  store: Store,
  site: TakeOptions['site'],
  { kind = 'ssh', ...more }: { kind?: 'ssh' | 'sftp' } & Partial<Pick<TakeOptions, 'onSwept' | 'log'>> = {},
): Promise<Backup> {
  return pool.use({ ...wayTo(host), kind }, (connection) =>
    takeBackup(store, connection, {
      site,
      reason: 'asked',
      leaveOut: { paths: [], rules: [], largerThan: null },
      database: null,
      scripts,
      signal: never,
      progress: quietly,
      log: () => {},
      ...more,
    }),
  );
}
