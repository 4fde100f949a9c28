import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { RPCHandler } from '@orpc/server/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { answerInProblems, type AppRouter, type Client } from '../../api/index.ts';
import { Problem, readJson, wordsOf } from '../../words/index.ts';

const Address = z.object({ path: z.string(), token: z.string() });
const MAX_MESSAGE = 32 * 1024 * 1024;

/**
 * Lets commands typed while the app runs reach it: oRPC over a local socket. Its path and token stand in
 * `socket.json` (0600) of the data folder, so only who may read that folder gets in.
 */
export async function serveSocket(
  router: AppRouter,
  dataFolder: string,
): Promise<{ close(): Promise<void> }> {
  const token = randomBytes(32).toString('base64url');
  const path = socketPath(dataFolder);
  const handler = new RPCHandler(router, { clientInterceptors: [answerInProblems] });
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE });
  server.on('upgrade', (request, socket, head) => {
    if (!same(request.headers.authorization ?? '', `Bearer ${token}`)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => ws.terminate());
      void handler.upgrade(ws, { context: {} });
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  const address = join(dataFolder, 'socket.json');
  writeFileSync(address, JSON.stringify({ path, token }), { mode: 0o600 });
  return {
    async close() {
      rmSync(address, { force: true });
      for (const ws of sockets.clients) ws.terminate();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** A client of the process that owns the data folder. @throws Problem `owner-silent` */
export async function connectToOwner(dataFolder: string): Promise<{ client: Client; close(): void }> {
  try {
    const { path, token } = readJson(Address, readFileSync(join(dataFolder, 'socket.json'), 'utf8'));
    const websocket = new WebSocket('ws://localhost/', {
      headers: { authorization: `Bearer ${token}` },
      createConnection: () => connect(path),
      maxPayload: MAX_MESSAGE,
    });
    await new Promise<void>((resolve, reject) => {
      websocket.once('open', resolve);
      websocket.once('error', reject);
    });
    const client: Client = createORPCClient(new RPCLink({ websocket: asBrowsers(websocket) }));
    // oRPC tells the owner, a moment after it was asked to, what is not followed any more; to a closed socket it cannot, and throws.
    return { client, close: () => void setImmediate(() => websocket.close()) };
  } catch (error) {
    throw new Problem(
      {
        code: 'owner-silent',
        message: 'Groundskeeper is running with this data folder, but does not answer.',
        attempted: `Reach the process that owns ${dataFolder}`,
        answered: wordsOf(error),
        todo: 'Wait a moment if it is just starting or closing; else close it and try again.',
      },
      error,
    );
  }
}

type Socket = ConstructorParameters<typeof RPCLink>[0]['websocket'];

/** ws's WebSocket has the browser's methods; only its types differ in the event. */
function asBrowsers(websocket: WebSocket): Socket {
  const socket: unknown = websocket;
  if (isSocket(socket)) return socket;
  throw new TypeError('not a WebSocket');
}

function isSocket(value: unknown): value is Socket {
  return value instanceof WebSocket;
}

/** Short, because a Unix socket's path may have 104 characters; in a folder that is this user's alone. */
function socketPath(dataFolder: string): string {
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\groundskeeper-${name}`;
  const folder = join(process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), `groundskeeper-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return join(folder, `${name}.sock`);
}

function same(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
