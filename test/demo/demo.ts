/**
 * `npm run demo`: the app with a fleet of real sites to play with. Everything is in one temporary folder and goes
 * away at the end; nothing of the user's is read or written.
 *
 *   --sites N     at least N sites (those beyond the ten clients are small ones of plain files)
 *   --no-window   only print where the app is
 *   --no-app      only the fleet, without the app
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { aTempFolder } from '../rig/folders.ts';
import { connectToOwner } from '../../main/shells/terminal/index.ts';
import { startApp } from './app.ts';
import { startFleet } from './fleet.ts';
import { addSites, makeHistory } from './history.ts';

const { values } = parseArgs({
  options: {
    sites: { type: 'string', default: '0' },
    'no-window': { type: 'boolean' },
    'no-app': { type: 'boolean' },
  },
});
const say = (line: string): void => console.log(line);

const temp = aTempFolder('demo');
let started = false;
/** Asked to end: by Ctrl-C, by a signal, or because the user quit the app. */
const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // While it still starts there is nothing to close in order; what was started ends with us.
    process.on(signal, () => (started ? resolve() : process.exit(130)));
  }
});
// The fleet itself does not keep this process alive.
const alive = setInterval(() => undefined, 60_000);

say('Starting the demo fleet (about half a minute; the first time it fetches WordPress)…');
const fleet = await startFleet(temp.path, Number(values.sites), say);
started = true;
try {
  const data = path.join(temp.path, 'data');
  const env = {
    GROUNDSKEEPER_WORDPRESS_API: fleet.org.api,
    GROUNDSKEEPER_WORDPRESS_DOWNLOADS: fleet.org.downloads,
  };
  for (const { name, user, host, port } of fleet.servers) {
    say(`  server ${name}: ssh -i ${fleet.key.file} -p ${port} ${user}@${host}`);
  }
  if (values['no-app']) {
    say('The fleet is up. Ctrl-C ends it.');
    await asked;
  } else {
    const app = await startApp(data, env, !values['no-window']);
    const past = giveItAPast(data);
    await Promise.race([app.ended, asked]);
    await past.stop();
    app.stop();
    await app.ended;
  }
} finally {
  say('Cleaning up…');
  clearInterval(alive);
  await fleet.stop();
  temp.remove();
}

/** Adds the sites and makes some history, through the running app and before the user's eyes. */
function giveItAPast(data: string): { stop(): Promise<void> } {
  let stopped = false;
  const work = (async () => {
    const owner = await reach(data, () => stopped);
    if (owner === null) return;
    try {
      await addSites(owner.client, fleet);
      await makeHistory(owner.client, say);
      say('Ready. Updates wait; one of those still waiting breaks its site, and comes back by itself.');
    } finally {
      owner.close();
    }
  })().catch((error: unknown) => {
    if (!stopped)
      say(`The history could not be made: ${error instanceof Error ? error.message : String(error)}`);
  });
  return {
    stop: async () => {
      stopped = true;
      await Promise.race([work, pause(2000)]);
    },
  };
}

async function reach(
  data: string,
  stopped: () => boolean,
): Promise<Awaited<ReturnType<typeof connectToOwner>> | null> {
  for (let tries = 0; !stopped(); tries += 1) {
    try {
      return await connectToOwner(data);
    } catch (error) {
      if (tries > 300) throw error;
      await pause(200);
    }
  }
  return null;
}
