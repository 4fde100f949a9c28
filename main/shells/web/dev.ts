import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import path from 'node:path';

/** Serves one request; calls `next` when it has no answer. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const SOURCES = path.resolve(import.meta.dirname, '..', '..', '..', 'renderer');

/**
 * The renderer straight from its sources, reloaded as they change. For our own development only: Vite is
 * not in the packaged app, and its page needs inline styles and scripts, so no content policy is set.
 */
export async function liveRenderer(
  server: Server,
): Promise<{ middleware: Middleware; close(): Promise<void> }> {
  const { createServer } = await import('vite');
  const vite = await createServer({
    configFile: path.join(SOURCES, 'vite.config.ts'),
    root: SOURCES,
    appType: 'spa',
    server: { middlewareMode: true, hmr: { server } },
  });
  return { middleware: vite.middlewares, close: () => vite.close() };
}
