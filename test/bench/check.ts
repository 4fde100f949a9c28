import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import PQueue from 'p-queue';
import ssh2 from 'ssh2';
import { checkSites, openCheckRecords } from '../../main/checks/index.ts';
import { createConnections, openHostKeys, type Reach } from '../../main/connections/index.ts';
import { openDatabase } from '../../main/database/index.ts';
import { openPlatforms } from '../../main/platforms/index.ts';
import { openAnswers } from '../../main/releases/index.ts';
import { createLanes, createRuns, openJournal } from '../../main/runs/index.ts';
import { Site } from '../../main/sites/index.ts';
import { newSiteId } from '../../main/words/index.ts';
import { aJsonFile } from '../main/samples.ts';
import { runCommand } from '../rig/commands.ts';
import {
  anSshHost,
  aPlugin,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  meadow,
  type SshHost,
} from '../rig/index.ts';
import type { Benchmark, Contender } from './harness.ts';

const SITES = 200;
const AT_ONCE = 32;
const platformFolder = path.resolve(import.meta.dirname, '..', '..', 'resources', 'platforms');

/** A check of 200 real WordPress sites, each over an SSH connection of its own, 32 at once. */
export const check: Benchmark = {
  name: 'check',
  what: `${SITES} WordPress sites on a local sshd, a new SSH connection for each, ${AT_ONCE} at once`,
  aims: { 'Groundskeeper, nothing changed': 1.3 },
  async prepare() {
    const host = await anSshHost();
    const org = await aWordPressOrg();
    const temp = aTempFolder('bench');
    const roots = await aFleetOn(host);
    const database = openDatabase(path.join(temp.path, 'bench.db'));
    const records = openCheckRecords(database);
    const sites = roots.map((root, index) => siteAt(host, root, index));
    const keys = openHostKeys(aJsonFile(), []);
    keys.trust({ host: host.host, port: host.port, type: 'ssh-ed25519', fingerprint: host.hostKey() }, true);
    const platforms = openPlatforms([platformFolder]);

    const runs = createRuns(openJournal(database, Date.now), createLanes({ total: 4, perHost: 4 }), Date.now);

    const ours = async (force: boolean) => {
      // A pool of its own each time, so that no connection is left from the round before.
      const connections = createConnections({ hostKeys: keys, environment: {}, idle: 60_000 });
      const noSecrets = () => ({ password: async () => null, passphrase: async () => null });
      const reach: Reach = (site, signal, work) => connections.use(site.connection, noSecrets, signal, work);
      const clock = Date.now;
      const services = {
        reach,
        platforms,
        records,
        answers: openAnswers(database, clock),
        place: () => org,
        atOnce: () => AT_ONCE,
        clock,
        onSite: () => {},
      };
      const run = await runs.start(
        { kind: 'check', site: null, title: 'Check', expected: [], plan: null },
        null,
        (context) => checkSites(services, sites, force, context),
      );
      const { state, summary, problem } = await runs.ended(run.id);
      connections.close();
      if (state !== 'done') throw new Error(problem?.answered ?? summary);
    };
    const contenders: Contender[] = [
      { name: 'a bare ssh2 loop, one small file per site', run: () => bareLoop(host, roots) },
      { name: 'Groundskeeper, nothing changed', ours: true, run: () => ours(false) },
      { name: 'Groundskeeper, all read anew', ours: true, run: () => ours(true) },
      { name: 'xargs -P32 ssh, one small file per site', run: () => xargs(host, roots, temp.path) },
    ];
    if (await isThere('ansible'))
      contenders.push({
        name: 'ansible -m raw -f 32, one small file',
        rounds: 2,
        run: () => ansible(host, roots, temp.path),
      });
    await ours(true);
    return {
      contenders,
      async stop() {
        await database.destroy();
        await org.stop();
        await host.stop();
        temp.remove();
      },
    };
  },
};

/** Roots with all that a reader looks at of a real site: its configuration, version, plugins, themes; one database for all. */
async function aFleetOn(host: SshHost): Promise<string[]> {
  const plugins = Array.from({ length: 12 }, (_, index) =>
    aPlugin({ slug: `plugin-${index}`, name: `Plugin ${index}`, version: `1.${index}` }),
  );
  const model = await aWordPressSite({ on: host, plugins, themes: [meadow.old], theme: 'meadow' });
  await model.page();
  const fleet = path.join(host.folder, 'fleet');
  const small = path.join(host.folder, 'small');
  fs.cpSync(model.root, small, {
    recursive: true,
    filter: (file) => isRead(path.relative(model.root, file)),
  });
  const file = path.join(host.folder, 'shared.sqlite');
  fs.copyFileSync(path.join(model.root, 'wp-content/database/.ht.sqlite'), file);
  const configuration = fs
    .readFileSync(path.join(model.root, 'wp-config.php'), 'utf8')
    .replace('<?php\n', `<?php\ndefine('FQDB', '${file}');\n`);
  fs.writeFileSync(path.join(small, 'wp-config.php'), configuration);
  await model.stop();
  const roots = Array.from({ length: SITES }, (_, index) => path.join(fleet, `site-${index}`));
  for (const root of roots) fs.cpSync(small, root, { recursive: true });
  runCommand('chown', ['-R', `${host.account.uid}:${host.account.gid}`, host.folder]);
  return roots;
}

/** Whether the reader may look at a path; the rest of WordPress only takes time to copy. */
function isRead(name: string): boolean {
  if (name === '' || !name.includes('/')) return !/\.(html|txt)$/.test(name);
  if (name.startsWith('wp-includes/')) return name === 'wp-includes/version.php';
  return (
    name.startsWith('wp-content/') &&
    !/\.(css|js|png|jpg|svg|woff2?|json|html)$|\/(assets|patterns|templates|parts)\//.test(
      name.replace(/style\.css$/, ''),
    )
  );
}

function siteAt(host: SshHost, root: string, index: number): Site {
  return Site.parse({
    id: newSiteId(),
    name: `Site ${index}`,
    url: 'http://127.0.0.1/',
    platform: 'wordpress',
    root,
    // Its own name in ~/.ssh/config makes it a connection of its own.
    connection: {
      kind: 'ssh',
      host: host.host,
      port: host.port,
      user: host.user,
      authentication: { kind: 'key', file: host.key.file },
      configHost: `site-${index}`,
    },
    addedAt: 0,
  });
}

/** The least that anybody can do with the same library: connect, read one file, go. */
async function bareLoop(host: SshHost, roots: readonly string[]): Promise<void> {
  const queue = new PQueue({ concurrency: AT_ONCE });
  await Promise.all(roots.map((root) => queue.add(() => readOne(host, `${root}/wp-includes/version.php`))));
}

async function readOne(host: SshHost, file: string): Promise<void> {
  const client = new ssh2.Client();
  // The server may be gone before our goodbye; what counts is what came.
  client.on('error', () => {});
  client.connect({ host: host.host, port: host.port, username: host.user, privateKey: host.key.privateKey });
  await once(client, 'ready');
  client.setNoDelay(true);
  const text = await new Promise<string>((resolve, reject) => {
    client.exec(`cat ${file}`, (error, channel) => {
      if (error) reject(error);
      else buffer(channel).then((bytes) => resolve(bytes.toString()), reject);
    });
  });
  client.end();
  mustBeVersion(text, 1);
}

const SSH = [
  '-F',
  'none',
  '-o',
  'StrictHostKeyChecking=no',
  '-o',
  'UserKnownHostsFile=/dev/null',
  '-o',
  'LogLevel=ERROR',
  '-o',
  'BatchMode=yes',
  '-o',
  'IdentitiesOnly=yes',
];

async function xargs(host: SshHost, roots: readonly string[], folder: string): Promise<void> {
  const list = path.join(folder, 'roots');
  fs.writeFileSync(list, roots.map((root) => `${root}\n`).join(''));
  const ssh = [
    'ssh',
    ...SSH,
    '-i',
    host.key.file,
    '-p',
    String(host.port),
    `${host.user}@${host.host}`,
    'cat {}/wp-includes/version.php',
  ];
  mustBeVersion(
    await outputOf('xargs', ['-a', list, '-P', String(AT_ONCE), '-I', '{}', ...ssh]),
    roots.length,
  );
}

async function ansible(host: SshHost, roots: readonly string[], folder: string): Promise<void> {
  const inventory = path.join(folder, 'inventory.ini');
  const common = `ansible_host=${host.host} ansible_port=${host.port} ansible_user=${host.user} ansible_ssh_private_key_file=${host.key.file}`;
  fs.writeFileSync(inventory, roots.map((root, index) => `site-${index} ${common} root=${root}\n`).join(''));
  const env = {
    ...process.env,
    ANSIBLE_HOST_KEY_CHECKING: 'False',
    ANSIBLE_SSH_ARGS: `${SSH.slice(2).join(' ')} -o ControlMaster=no`,
    ANSIBLE_FORKS: String(AT_ONCE),
    HOME: folder,
  };
  mustBeVersion(
    await outputOf(
      'ansible',
      [
        '-i',
        inventory,
        'all',
        '-m',
        'raw',
        '-a',
        'cat {{ root }}/wp-includes/version.php',
        '-f',
        String(AT_ONCE),
      ],
      env,
    ),
    roots.length,
  );
}

async function outputOf(command: string, args: readonly string[], env = process.env): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await buffer(child.stdout);
  return text.toString();
}

/** A peer that did not do the work was not measured. */
function mustBeVersion(text: string, times: number): void {
  const found = text.match(/\$wp_version = /g)?.length ?? 0;
  if (found !== times) throw new Error(`${found} of ${times} files came: ${text.slice(0, 500)}`);
}

async function isThere(command: string): Promise<boolean> {
  const child = spawn(command, ['--version'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}
