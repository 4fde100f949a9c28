import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Router } from '@orpc/server';
import { RPCHandler } from '@orpc/server/ws';
import { WebSocketServer } from 'ws';
import { type Contract, answerInProblems } from '../../api/index.ts';
import { refusal } from './guard.ts';
import type { Sessions } from './sessions.ts';

/** The sub-protocol that is answered; the session's token travels beside it, prefixed so. */
const PROTOCOL = 'groundskeeper';
const SESSION_PREFIX = 'session.';
const HEARTBEAT = 25_000;
/** An import may be 20 MB of text. */
const MAX_MESSAGE = 32 * 1024 * 1024;

/** The WebSocket half of the shell: oRPC at /api for windows that hold a session. @returns what closes it. */
export function serveLive(options: {
  readonly server: Server;
  readonly router: Router<Contract, Record<never, never>>;
  readonly sessions: Sessions;
  readonly port: () => number;
}): () => void {
  const handler = new RPCHandler(options.router, { clientInterceptors: [answerInProblems] });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    handleProtocols: () => PROTOCOL,
  });

  options.server.on('upgrade', (request, socket, head) => {
    if (pathOf(request) !== '/api') return;
    const why = refusal(request.headers, options.port(), true);
    if (why !== null) return refuse(socket, '403 Forbidden');
    if (!options.sessions.isOpen(sessionOf(request))) return refuse(socket, '401 Unauthorized');
    sockets.handleUpgrade(request, socket, head, (ws) => {
      let alive = true;
      const heart = setInterval(() => {
        if (!alive) return ws.terminate();
        alive = false;
        ws.ping();
      }, HEARTBEAT);
      ws.on('pong', () => (alive = true));
      ws.on('close', () => clearInterval(heart));
      ws.on('error', () => ws.terminate());
      void handler.upgrade(ws, { context: {} });
    });
  });

  return () => {
    for (const ws of sockets.clients) ws.terminate();
    sockets.close();
  };
}

function sessionOf(request: IncomingMessage): string {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  if (!offered.includes(PROTOCOL)) return '';
  return offered.find((one) => one.startsWith(SESSION_PREFIX))?.slice(SESSION_PREFIX.length) ?? '';
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://localhost').pathname;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
