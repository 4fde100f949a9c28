import { createHash } from 'node:crypto';
import type { ConnectionSettings, SshHop } from '../sites/index.ts';
import type { Connection } from './connection.ts';
import { localConnection } from './local.ts';
import type { HopSecrets } from './ssh/authenticate.ts';
import { connectThrough } from './ssh/connect.ts';
import type { HostKeys } from './ssh/host-keys.ts';
import { sshConnection } from './ssh/ssh-connection.ts';

export interface PoolOptions {
  readonly hostKeys: HostKeys;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds that a connection nobody uses stays open. */
  readonly idle: number;
  readonly limits?: ConnectionLimits;
}

/** How long a server may take, in milliseconds. */
export interface ConnectionLimits {
  /** To let us in, for each hop. */
  readonly connect: number;
  /** To answer anything at all, while a connection is open: it is asked for a sign of life three times in this time. */
  readonly silence: number;
}

/** Where the secrets of a connection's hops come from. */
export type SecretsOf = (hop: number) => HopSecrets;

/** Open connections, shared by all work on the same account of the same server. */
export interface Connections {
  /** Lends a connection; it stays open for a while afterwards. @throws Problem, see ssh/connect.ts */
  use<T>(
    settings: ConnectionSettings,
    secrets: SecretsOf,
    signal: AbortSignal,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T>;
  /** Opens a connection for this work alone, and closes it afterwards. @throws Problem, see ssh/connect.ts */
  apart<T>(
    settings: ConnectionSettings,
    secrets: SecretsOf,
    signal: AbortSignal,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T>;
  close(): void;
}

interface Lent {
  readonly opening: Promise<Connection>;
  readonly abort: AbortController;
  opened: boolean;
  users: number;
  timer: NodeJS.Timeout | null;
}

const LIMITS: ConnectionLimits = { connect: 20_000, silence: 30_000 };

export function createConnections(options: PoolOptions): Connections {
  const open = new Map<string, Lent>();
  const apart = new Set<Connection>();

  const connect = async (
    settings: ConnectionSettings,
    secrets: SecretsOf,
    signal: AbortSignal,
  ): Promise<Connection> => {
    if (settings.kind === 'local') return localConnection();
    const hops: SshHop[] = [...settings.jump, settings];
    const clients = await connectThrough(hops, {
      hostKeys: options.hostKeys,
      secretsOf: secrets,
      environment: options.environment,
      signal,
      limits: options.limits ?? LIMITS,
    });
    const label = `${settings.user}@${settings.host}:${settings.port}`;
    return sshConnection(label, clients, settings.kind === 'sftp');
  };

  const drop = (key: string, lent: Lent) => {
    if (open.get(key) === lent) open.delete(key);
    if (lent.timer) clearTimeout(lent.timer);
    lent.abort.abort();
    void lent.opening.then(
      (connection) => connection.close(),
      () => {},
    );
  };

  return {
    async use(settings, secrets, signal, work) {
      signal.throwIfAborted();
      const key = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
      let lent = open.get(key);
      // One that has gone while nobody used it is not lent again.
      if (lent && (await hasGone(lent))) {
        drop(key, lent);
        lent = open.get(key);
      }
      if (!lent) {
        const abort = new AbortController();
        lent = {
          opening: connect(settings, secrets, abort.signal),
          abort,
          opened: false,
          users: 0,
          timer: null,
        };
        open.set(key, lent);
      }
      if (lent.timer) clearTimeout(lent.timer);
      lent.users += 1;
      const mine = lent;
      try {
        const connection = await opened(mine, signal);
        return await work(connection);
      } catch (error) {
        // A connection that never opened or has gone is not lent again.
        const connection = await mine.opening.catch(() => null);
        if (connection === null || connection.closed) drop(key, mine);
        throw error;
      } finally {
        mine.users -= 1;
        if (mine.users === 0 && open.get(key) === mine) {
          mine.timer = setTimeout(() => drop(key, mine), options.idle);
          mine.timer.unref();
        }
      }
    },
    async apart(settings, secrets, signal, work) {
      const connection = await connect(settings, secrets, signal);
      apart.add(connection);
      try {
        return await work(connection);
      } finally {
        apart.delete(connection);
        connection.close();
      }
    },
    close() {
      for (const [key, lent] of open) drop(key, lent);
      for (const connection of apart) connection.close();
    },
  };

  /** Whether a connection was open and is not any more. One that is still being opened has not gone. */
  async function hasGone(lent: Lent): Promise<boolean> {
    if (!lent.opened) return false;
    return (await lent.opening).closed;
  }

  /** Waits for the connection to open; who is the only one waiting and cancels, cancels the connecting. */
  async function opened(lent: Lent, signal: AbortSignal): Promise<Connection> {
    const cancelled = () => {
      if (lent.users === 1) lent.abort.abort();
    };
    signal.addEventListener('abort', cancelled, { once: true });
    try {
      const connection = await lent.opening;
      lent.opened = true;
      return connection;
    } finally {
      signal.removeEventListener('abort', cancelled);
    }
  }
}
