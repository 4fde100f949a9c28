import { type Server, createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Router } from '@orpc/server';
import type { Contract } from '../../api/index.ts';
import { Problem, wordsOf } from '../../words/index.ts';
import { type Middleware, liveRenderer } from './dev.ts';
import { refusal } from './guard.ts';
import { serveLive } from './live.ts';
import { pages } from './pages.ts';
import { Sessions } from './sessions.ts';

export type WebShellOptions = {
  readonly router: Router<Contract, Record<never, never>>;
  /** 0: any free port. */
  readonly port: number;
  /** Where the built renderer is. */
  readonly rendererFolder: string;
  /** Serve the renderer's sources with live reload instead. */
  readonly dev?: boolean;
  /** A link was used; here is the next one, for another window. */
  readonly onLink?: (url: string) => void;
};

export type WebShell = {
  /** A link that opens the app once, its token in the fragment. */
  readonly url: string;
  /** The token of that link. */
  readonly token: string;
  readonly port: number;
  /** Another such link. */
  newLink(): string;
  close(): Promise<void>;
};

/**
 * The app in a browser, on 127.0.0.1 only.
 * @throws Problem `port-taken` when the port cannot be had.
 */
export async function serveWeb(options: WebShellOptions): Promise<WebShell> {
  const sessions = new Sessions();
  let port = options.port;
  const linkFor = (token: string) => `http://127.0.0.1:${port}/#link=${token}`;
  const newLink = () => linkFor(sessions.newLink());
  const site = pages({
    sessions,
    rendererFolder: options.rendererFolder,
    onExchanged: () => options.onLink?.(newLink()),
  });
  const answer = getRequestListener(site.fetch);

  let fromSources: Middleware | null = null;
  const server = createServer((request, response) => {
    const why = refusal(request.headers, port, request.method !== 'GET' && request.method !== 'HEAD');
    if (why !== null) {
      response.writeHead(403, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end(why);
    } else if (fromSources !== null && request.url !== '/session') {
      fromSources(request, response, () => response.writeHead(404).end());
    } else {
      void answer(request, response);
    }
  });
  port = await listen(server, options.port);
  const closeLive = serveLive({ server, router: options.router, sessions, port: () => port });
  const dev = options.dev === true ? await liveRenderer(server) : null;
  fromSources = dev?.middleware ?? null;

  const token = sessions.newLink();
  return {
    url: linkFor(token),
    token,
    port,
    newLink,
    close: async () => {
      closeLive();
      await dev?.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function listen(server: Server, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  }).catch((thrown: unknown) => {
    throw new Problem(
      {
        code: 'port-taken',
        message: `Port ${wanted} on this computer could not be opened.`,
        attempted: `Listen on 127.0.0.1:${wanted}`,
        answered: wordsOf(thrown),
        todo: 'Choose another port with --port, or close what is using this one.',
      },
      thrown,
    );
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : wanted;
}
