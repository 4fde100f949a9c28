import { Hono } from 'hono';
import { DOCUMENT_HEADERS, contentPolicy, rendererFile } from '../window/index.ts';
import type { Sessions } from './sessions.ts';

/** What the renderer sends its link's token in. */
const LINK_HEADER = 'X-Groundskeeper-Link';
/** What the renderer asks with whether its session still holds. */
const SESSION_HEADER = 'X-Groundskeeper-Session';

/** The HTTP half of the shell: the renderer's files, and the exchange of a link for a session. */
export function pages(options: {
  readonly sessions: Sessions;
  readonly rendererFolder: string;
  /** Called after a link was used, so that the next one can be shown. */
  readonly onExchanged: () => void;
}): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(DOCUMENT_HEADERS)) c.header(name, value);
    const host = new URL(c.req.url).host;
    c.header('Content-Security-Policy', contentPolicy([`ws://${host}`]));
  });

  app.post('/session', (c) => {
    c.header('Cache-Control', 'no-store');
    const session = options.sessions.exchange(c.req.header(LINK_HEADER) ?? '');
    if (session === null) return c.json({ error: 'This link was used already.' }, 401);
    options.onExchanged();
    return c.json({ session });
  });

  app.get('/session', (c) => {
    const open = options.sessions.isOpen(c.req.header(SESSION_HEADER) ?? '');
    return c.body(null, open ? 204 : 401, { 'Cache-Control': 'no-store' });
  });

  app.get('*', async (c) => {
    const file = await rendererFile(options.rendererFolder, c.req.path);
    if (file === null) return c.text('Not found', 404, { 'Cache-Control': 'no-store' });
    c.header('Content-Type', file.type);
    c.header('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-store');
    return c.body(file.bytes);
  });

  return app;
}
