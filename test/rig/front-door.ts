import { once } from 'node:events';
import http from 'node:http';

/** What stands before a site's web server: `open`, or as a network or a PHP that has gone. */
export type DoorState = 'open' | 'cut' | 'stalled' | 'dead';

/** A relay before a web server, through which everybody but the observer comes. */
export interface FrontDoor extends AsyncDisposable {
  /** Stands for the web server's own, on 127.0.0.1; the port in the site's URL. */
  readonly port: number;
  /** `dead`: every page is a 500, as where PHP dies at once. */
  is(state: DoorState): void;
  /** Where the web server listens. */
  leadsTo(port: number): void;
  /** Called before a request of ours goes on; it waits for the promise. */
  onKnock: (path: string) => Promise<void>;
}

/** Puts a door before a web server that is told later. */
export async function aFrontDoor(): Promise<FrontDoor> {
  let state: DoorState = 'open';
  let to = 0;
  const waiting = new Set<() => void>();
  const door = { onKnock: async (_path: string): Promise<void> => {} };

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (request.headers['user-agent']?.includes('Groundskeeper') === true)
      await door.onKnock(request.url ?? '/');
    while (state === 'stalled') await new Promise<void>((resolve) => void waiting.add(resolve));
    if (state === 'cut') {
      request.socket.resetAndDestroy();
      return;
    }
    if (state === 'dead') {
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('');
      return;
    }
    const { method = 'GET', url = '/', headers } = request;
    const onward = http.request(
      { host: '127.0.0.1', port: to, method, path: url, headers: { ...headers, connection: 'close' } },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.on('error', () => response.destroy());
        answered.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
  const server = http.createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the door does not listen');
  return Object.assign(door, {
    port: address.port,
    is(next: DoorState) {
      state = next;
      if (next === 'cut') server.closeAllConnections();
      for (const go of waiting) go();
      waiting.clear();
    },
    leadsTo: (port: number) => void (to = port),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}
