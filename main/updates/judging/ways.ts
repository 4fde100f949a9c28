import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { relayThrough, run, sh, type Connection } from '../../connections/index.ts';
import { isAbort, Problem } from '../../words/index.ts';
import type { Way } from './fetch-page.ts';

/** As visitors come. */
export const NETWORK: Way = {
  kind: 'network',
  open(url, signal) {
    return new Promise((resolve, reject) => {
      const stream = net.connect({ host: hostOf(url), port: portOf(url) });
      const stop = () => stream.destroy(new Error('Cancelled'));
      signal.addEventListener('abort', stop, { once: true });
      stream.once('error', reject);
      stream.once('connect', () => {
        signal.removeEventListener('abort', stop);
        stream.setNoDelay(true);
        resolve({ stream, plain: false });
      });
    });
  },
};

/** Milliseconds that a way into the server may take to open. */
const OPENS = 15_000;

/** How a server lets us in. */
export interface Door {
  readonly host: string;
  readonly port: number;
  /** Without TLS, where a proxy in front does that. */
  readonly plain: boolean;
  readonly by: 'forwarding' | 'program';
}

/**
 * From the server to itself, whatever DNS and a CDN say: its loopback, or the address that one logs in to, where its web
 * server listens only there. By a forwarded port, or a program of the server where it forwards none. The site's own name is said to the
 * web server as always; addresses of other hosts are reached over the network.
 * @returns null where nothing answers there
 */
export async function findDoor(connection: Connection, site: URL, signal: AbortSignal): Promise<Door | null> {
  const port = portOf(site);
  const own = await ownAddress(connection, signal);
  const hosts = ['127.0.0.1', '::1', ...(own === null ? [] : [own])];
  const doors: Omit<Door, 'by'>[] = hosts.map((host) => ({ host, port, plain: false }));
  if (site.protocol === 'https:' && site.port === '')
    doors.push(...hosts.map((host) => ({ host, port: 80, plain: true })));
  for (const by of ['forwarding', 'program'] as const) {
    if (by === 'program' && connection.onlyFiles) break;
    for (const place of doors) {
      const door = { ...place, by };
      const stream = await enter(connection, door, signal).catch((error: unknown) => {
        if (isAbort(error)) throw error;
        return null;
      });
      if (stream === null) continue;
      const answers = by === 'forwarding' || (await staysOpen(stream));
      stream.destroy();
      if (answers) return door;
    }
  }
  return null;
}

/** The way by a door that was found. */
export function through(connection: Connection, site: URL, door: Door): Way {
  return {
    kind: 'loopback',
    async open(url, signal) {
      if (url.hostname !== site.hostname) return NETWORK.open(url, signal);
      const { plain } = door;
      // The same site by its other protocol listens at that one's port.
      const port = url.protocol === site.protocol || plain ? door.port : portOf(url);
      return {
        stream: await enter(connection, { ...door, port }, signal),
        plain: plain && url.protocol === 'https:',
      };
    },
  };
}

async function enter(connection: Connection, { host, port, by }: Door, signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  const opening = by === 'forwarding' ? connection.forward(host, port) : relayThrough(connection, host, port);
  const late = Promise.withResolvers<never>();
  const stop = () =>
    late.reject(
      signal.aborted
        ? signal.reason
        : new Problem({ code: 'timed-out', message: 'The server did not open a way to itself.' }),
    );
  const timer = setTimeout(stop, OPENS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([opening, late.promise]);
  } catch (error) {
    void opening.then((stream) => stream.destroy()).catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** A program that could not connect, or is not there, ends at once. */
async function staysOpen(stream: Duplex): Promise<boolean> {
  const ended = new Promise<boolean>((resolve) => {
    stream.on('error', () => resolve(false));
    stream.once('end', () => resolve(false));
    stream.once('close', () => resolve(false));
    stream.resume();
  });
  return Promise.race([ended, wait(1_500, true, { ref: false })]);
}

/** The server's address as this connection came to it; null: it does not say. */
async function ownAddress(connection: Connection, signal: AbortSignal): Promise<string | null> {
  if (connection.onlyFiles) return null;
  try {
    const { stdout } = await run(connection, sh`printf %s "$SSH_CONNECTION"`, {
      attempted: 'Ask for the server’s own address',
      signal,
      timeLimit: 20_000,
    });
    const address = stdout.toString('utf8').split(' ')[2] ?? '';
    return net.isIP(address) === 0 || address === '127.0.0.1' || address === '::1' ? null : address;
  } catch (error) {
    if (isAbort(error)) throw error;
    return null;
  }
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}
