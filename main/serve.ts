import { openHeadless } from './open-headless.ts';
import { findInstalled } from './installed.ts';
import { serveSocket } from './shells/terminal/index.ts';
import { serveWeb } from './shells/web/index.ts';

export interface ServeOptions {
  readonly dataFolder: string;
  readonly port: number;
  readonly dev: boolean;
  readonly say: (line: string) => void;
}

/** The app in a browser, until the process is told to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const app = await openHeadless({ dataFolder: options.dataFolder, shell: 'web', stays: true });
  const socket = await serveSocket(app.router, options.dataFolder);
  const web = await serveWeb({
    router: app.router,
    port: options.port,
    rendererFolder: findInstalled().rendererFolder,
    dev: options.dev,
    onLink: (url) => options.say(`For another window: ${url}`),
  });
  options.say(`Groundskeeper is at ${web.url}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  options.say('Closing…');
  await web.close();
  await socket.close();
  await app.close();
}
