import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../main/api/client.ts';
import type { Run } from '../../main/runs/index.ts';
import type { RunId, SiteId } from '../../main/words/index.ts';
import { remotePath } from '../../main/words/index.ts';
import type { DemoServer, Fleet } from './fleet.ts';

/** The sites that something has happened to before the user looks. */
const BACKED_UP = ['Hollyhock Bakery', 'Tinker Museum', 'Riverside Bicycle Repairs'];
const UPDATED = { site: 'Hollyhock Bakery', slug: 'opening-hours' };
/** This update breaks the site, so that it comes back by itself. */
const BROKEN = { site: 'Brandt & Oyelaran, Solicitors', slug: 'contact-cards' };

/** Tells the app about the fleet, as its user would: trusts each server's key once and adds every site. */
export async function addSites(client: Client, fleet: Fleet): Promise<void> {
  for (const server of fleet.servers) await trust(client, fleet, server);
  for (const { name, url, root, platform, server, tags } of fleet.sites) {
    const connection = connectionTo(server, fleet);
    const draft = {
      name,
      url,
      root: remotePath(root),
      platform,
      connection,
      tags: [...tags],
      notes: '',
      settings: {},
    };
    await client.sites.add({ draft });
  }
}

/** Gives the app a past by really doing things: checks, backups, an update that went well and one that did not. */
export async function makeHistory(client: Client, say: (line: string) => void): Promise<void> {
  const sites = await client.sites.list({});
  const named = new Map(sites.map(({ site }) => [site.name, site.id]));
  say('Checking every site…');
  const { runIds } = await client.checks.start({ force: false });
  await Promise.all(runIds.map((runId) => ended(client, runId)));
  for (const name of BACKED_UP) {
    const siteId = named.get(name);
    if (siteId === undefined) continue;
    say(`Backing up ${name}…`);
    await ended(client, (await client.backups.start({ siteId })).runId);
  }
  for (const { site, slug } of [UPDATED, BROKEN]) {
    const siteId = named.get(site);
    if (siteId !== undefined) await update(client, siteId, site, slug, say);
  }
}

async function update(
  client: Client,
  siteId: SiteId,
  name: string,
  slug: string,
  say: (line: string) => void,
): Promise<void> {
  say(`Updating ${slug} of ${name}…`);
  const { runId } = await client.updates.start({ siteId, choices: [{ kind: 'plugin', slug }] });
  const run = await ended(client, runId);
  say(`  ${run.state}: ${run.summary}`);
}

async function trust(client: Client, fleet: Fleet, server: DemoServer): Promise<void> {
  const trial = await client.connections.test({ connection: connectionTo(server, fleet) });
  if (trial.outcome !== 'unknown-host') return;
  if (trial.key.fingerprint !== server.fingerprint) {
    throw new Error(`${server.name} showed ${trial.key.fingerprint}, but its key is ${server.fingerprint}.`);
  }
  await client.connections.trust({ key: trial.key });
}

function connectionTo(server: DemoServer, fleet: Fleet) {
  const { host, port, user } = server;
  return {
    kind: 'ssh' as const,
    host,
    port,
    user,
    authentication: { kind: 'key' as const, file: fleet.key.file },
  };
}

async function ended(client: Client, runId: RunId): Promise<Run> {
  for (;;) {
    const run = await client.runs.show({ runId });
    if (run.endedAt !== null) return run;
    await pause(200);
  }
}
