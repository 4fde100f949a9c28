import fs from 'node:fs';
import path from 'node:path';
import type { KeyPair } from '../rig/keys.ts';
import { aKeyPair } from '../rig/keys.ts';
import { aFreePort } from '../rig/ports.ts';
import { startSshServer, type SshServer } from '../rig/ssh-server.ts';
import { aWordPressOrg, type WordPressOrg } from '../rig/wordpress-org.ts';
import { installWordPress, placeWordPress, type WordPressPlan } from '../rig/wordpress-install.ts';
import { CLIENTS, OFFERED, type DemoClient } from './clients.ts';
import { findPhp, type DemoPhp } from './php.ts';
import { serveFiles } from './static-site.ts';

/** One site of the demo, as the app is to be told about it. */
export interface DemoSite {
  readonly name: string;
  readonly url: string;
  /** Where its files are on its server. */
  readonly root: string;
  readonly platform: 'wordpress' | 'files';
  readonly server: DemoServer;
  readonly tags: readonly string[];
}

/** One of the demo's SSH servers. */
export interface DemoServer {
  readonly name: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` of its host key. */
  readonly fingerprint: string;
  readonly home: string;
}

/** Everything the demo plays with; nothing of it is outside its folder. */
export interface Fleet {
  readonly sites: readonly DemoSite[];
  readonly servers: readonly DemoServer[];
  /** The private key that opens all servers. */
  readonly key: KeyPair;
  readonly org: WordPressOrg;
  /** For people: which PHP runs the sites. */
  readonly php: string;
  stop(): Promise<void>;
}

/**
 * Starts the demo's servers and sites in the given folder.
 * @param wanted how many sites there should be at least; those beyond the clients are small ones of plain files.
 */
export async function startFleet(
  folder: string,
  wanted: number,
  say: (line: string) => void,
): Promise<Fleet> {
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of running.reverse()) await one.stop();
  };
  try {
    const key = aKeyPair(path.join(folder, 'demo_key'));
    const org = await aWordPressOrg();
    running.push(org);
    for (const component of OFFERED) org.offer(component);
    await org.offerCore('6.5');

    const php = findPhp(folder);
    say(`Sites run on ${php.name}.`);
    const servers = new Map<string, DemoServer>();
    for (const name of ['harbour', 'meadow', 'studio']) {
      const { ssh, server } = await startDemoServer(folder, name, key, php);
      running.push(ssh);
      servers.set(name, server);
    }
    const sites: DemoSite[] = [];
    // Two at a time: installing WordPress is work for one core each.
    const queue = [...CLIENTS];
    const work = async (): Promise<void> => {
      for (let client = queue.shift(); client; client = queue.shift()) {
        const server = servers.get(client.server);
        if (!server) throw new Error(`The demo has no server ${client.server}.`);
        const { site, web } = await startSite(client, server, php);
        running.push(web);
        sites[CLIENTS.indexOf(client)] = site;
        say(`  ${site.name}  ${site.url}`);
      }
    };
    await Promise.all([work(), work()]);
    const [first] = servers.values();
    if (first && wanted > sites.length) {
      const more = await startSmallSites(first, wanted - sites.length);
      running.push(more.web);
      sites.push(...more.sites);
      say(`  and ${more.sites.length} small sites of plain files`);
    }
    return { sites, servers: [...servers.values()], key, org, php: php.name, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDemoServer(
  folder: string,
  name: string,
  key: KeyPair,
  php: DemoPhp,
): Promise<{ ssh: SshServer; server: DemoServer }> {
  const home = path.join(folder, name, 'home');
  fs.mkdirSync(home, { recursive: true });
  const hostKeyFile = path.join(folder, name, 'host_key');
  const user = 'deploy';
  const commands = php.commands ?? undefined;
  const ssh = await startSshServer({ user, publicKeys: [key.publicKey], home, hostKeyFile, commands });
  const server: DemoServer = {
    name,
    host: '127.0.0.1',
    port: ssh.port,
    user,
    fingerprint: ssh.fingerprint,
    home,
  };
  return { ssh, server };
}

async function startSite(
  client: DemoClient,
  server: DemoServer,
  php: DemoPhp,
): Promise<{ site: DemoSite; web: { stop(): Promise<void> } }> {
  const port = await aFreePort();
  const url = `http://127.0.0.1:${port}`;
  const root = path.join(server.home, client.folder, 'public_html');
  const { name, tags } = client;
  if (client.wordPress === null) {
    placeFiles(client, root);
    const site: DemoSite = { name, url, root, platform: 'files', server, tags };
    return { site, web: await serveFiles(root, port) };
  }
  const { title, tagline } = client;
  const plan: WordPressPlan = { root, url, title, tagline, database: 'sqlite', ...client.wordPress };
  await placeWordPress(plan);
  await installWordPress(plan, path.join(server.home, `${client.folder}.json`), php.run);
  const logs = path.join(server.home, client.folder, 'logs');
  fs.mkdirSync(logs);
  const errorLog = path.join(logs, 'php-errors.log');
  fs.writeFileSync(errorLog, '');
  const site: DemoSite = { name, url, root, platform: 'wordpress', server, tags };
  return { site, web: await php.serve(root, port, errorLog) };
}

function placeFiles(client: DemoClient, root: string): void {
  const pages = ['index', 'visit', 'history', 'contact'];
  fs.mkdirSync(root, { recursive: true });
  fs.writeFileSync(
    path.join(root, 'style.css'),
    'body { font-family: Georgia, serif; max-width: 40rem; margin: auto }\n',
  );
  for (const page of pages)
    fs.writeFileSync(path.join(root, `${page}.html`), pageOf(client.title, client.tagline, page));
}

async function startSmallSites(
  server: DemoServer,
  count: number,
): Promise<{ sites: DemoSite[]; web: { stop(): Promise<void> } }> {
  const port = await aFreePort();
  const all = path.join(server.home, 'small');
  const sites = Array.from({ length: count }, (_, index): DemoSite => {
    const number = String(index + 1).padStart(4, '0');
    const root = path.join(all, number);
    const name = `Small site ${number}`;
    fs.mkdirSync(root, { recursive: true });
    fs.writeFileSync(path.join(root, 'index.html'), pageOf(name, 'One page, and a good one', 'index'));
    return {
      name,
      url: `http://127.0.0.1:${port}/${number}/`,
      root,
      platform: 'files',
      server,
      tags: ['small'],
    };
  });
  return { sites, web: await serveFiles(all, port) };
}

function pageOf(title: string, tagline: string, page: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="stylesheet" href="style.css"></head><body><h1>${title}</h1><p>${tagline}</p>
<p>This is the page “${page}” of ${title}. We are glad that you are here.</p></body></html>\n`;
}
