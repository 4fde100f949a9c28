/** One site with everything around it that can fail: host, disk, database, web server, the ways there, and the app's data folder. */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { aFrontDoor, type FrontDoor } from '../rig/front-door.ts';
import { aLeapingClock, type LeapingClock } from '../rig/clock/clock.ts';
import { aFailingDisk, disksCanFail, type FailingDisk } from '../rig/disk/disk.ts';
import { aSmallDisk, type SmallDisk } from '../rig/small-disk.ts';
import { aSwitchedWay, type SwitchedWay } from '../rig/switched-way.ts';
import {
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  endProcess,
  groundskeeper,
  type CommandLine,
  type MariaDb,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';
import { runCommand } from '../rig/commands.ts';
import { aGate, type Gate } from './gate.ts';
import { RELEASES, type Cores, type HostKind, type Kind, type Season } from './kinds.ts';

/** What stands there for all places. */
export interface Ground {
  readonly mariadb: MariaDb;
  readonly cores: Cores;
  readonly orgs: Readonly<Record<Season, WordPressOrg>>;
}

export interface Place {
  readonly over: HostKind;
  readonly host: SshHost;
  readonly site: WordPressSite;
  readonly gate: Gate;
  readonly door: FrontDoor;
  /** The ways of SSH, and of the site to its database. */
  readonly ssh: SwitchedWay;
  readonly database: SwitchedWay;
  readonly disk: SmallDisk;
  /** The host's clock, and this computer's. */
  readonly clocks: { readonly there: LeapingClock; readonly here: LeapingClock };
  /** This computer's disk; null where none can fail. */
  readonly diskHere: FailingDisk | null;
  readonly data: string;
  /** What it was like before anything was done to it. */
  readonly before: { readonly files: string; readonly dump: string };
  /** Starts a command line of the app. */
  line(kind: Kind, args: readonly string[], env?: Readonly<Record<string, string>>): CommandLine;
  /** Processes of the host's account, the web server's left out: `pid command`. */
  processes(): { readonly pid: number; readonly command: string }[];
  /** What lies in the account's private folder, relative to it. */
  privateFolder(): string[];
  /** Another computer, which knows nothing of what was done, takes the site over. */
  takeOver(): Promise<void>;
  /** How the last update stands in the journal, as the app reports it. */
  reported(): Reported;
  /** Makes everything what it was. */
  reset(kind: Kind): Promise<void>;
  stop(): Promise<void>;
}

export interface Reported {
  readonly state: string;
  readonly summary: string;
}

const SITE = 'Cell';
/** What Node made of our code is kept for the next command line. */
const COMPILED = path.resolve(import.meta.dirname, '..', '..', '.cache', 'node');

export async function theGround(mariadb: MariaDb, cores: Cores): Promise<Ground> {
  const org = async (core: Cores['small']) => {
    const made = await aWordPressOrg();
    for (const release of RELEASES) made.offer(release.new);
    made.offerTree(cores.old);
    made.offerTree(core);
    return made;
  };
  return {
    mariadb,
    cores,
    orgs: { ordinary: await org(cores.small), 'new core': await org(cores.migrating) },
  };
}

export async function aPlace({ mariadb, cores, orgs }: Ground, over: HostKind): Promise<Place> {
  const disk = aSmallDisk('place', 256);
  const gate = aGate();
  const there = aLeapingClock(path.join(gate.folder, 'clock'));
  const through = over === 'sftp' ? gate.throughSftp : gate.through;
  const host = await anSshHost(gate.tools, { inside: disk.path, through, env: there.env });
  const ssh = await aSwitchedWay(host.port);
  const database = await aSwitchedWay(mariadb.port);
  const door = await aFrontDoor();
  const owned = mariadb.aDatabase();
  const plugins = RELEASES.flatMap(({ old }) => (old.kind === 'plugin' ? [old] : []));
  const themes = RELEASES.flatMap(({ old }) => (old.kind === 'theme' ? [old] : []));
  const site = await aWordPressSite({
    ...{ on: host, tree: cores.old, version: cores.old.version, database: owned, plugins, themes },
    ...{ theme: 'meadow', publicPort: door.port, env: there.env },
  });
  // From here on it goes the way that can be cut.
  const config = fs.readFileSync(path.join(site.root, 'wp-config.php'), 'utf8');
  site.write('wp-config.php', config.replace(`:${mariadb.port}'`, `:${database.port}'`));
  door.leadsTo(site.port);
  door.onKnock = (asked) => gate.knock(asked);

  const temp = aTempFolder('cells');
  const data = path.join(temp.path, 'data');
  const here = aLeapingClock(path.join(temp.path, 'clock'));
  const diskHere = disksCanFail ? aFailingDisk(data, temp.path) : null;
  await prepareData(temp, data, { over, host, ssh, site, orgs });
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await site.page(page);
  const template = path.join(temp.path, 'template');
  runCommand('cp', ['-a', site.root, template]);
  const before = { files: site.files(), dump: contentOf(site) };
  const tables = () => site.sql('SHOW TABLES').trim().split('\n');
  const whole = wholeDump(owned);
  const uid = host.account.uid;
  let leapt = false;
  /** For which season all is in order; null: something was done since. */
  let ready: Season | null = null;

  const place: Place = {
    ...{ over, host, site, gate, door, ssh, database, disk, data, diskHere, before },
    clocks: {
      there: {
        env: there.env,
        leap(seconds) {
          leapt = true;
          there.leap(seconds);
        },
      },
      here,
    },
    line(kind, args, env = {}) {
      ready = null;
      return groundskeeper(data, orgs[kind.season], ['--json', ...args], '', {
        ...here.env,
        NODE_COMPILE_CACHE: COMPILED,
        ...env,
      });
    },
    async takeOver() {
      const { code, out, err } = await groundskeeper(
        ...([path.join(temp.path, 'ordinary'), orgs.ordinary] as const),
        ['--json', 'runs', 'recover', '--site', SITE],
      ).ended;
      // Where the run had not taken the site yet, or was through, there is nothing.
      if (code !== 0 && code !== 3 && !out.includes('nothing-cut-off'))
        throw new Error(`another computer could not take the site over: ${code} ${out}${err}`);
    },
    processes: () => processesOf(uid).filter(({ command }) => !/\bphp .* -S 127\.0\.0\.1/.test(command)),
    privateFolder() {
      const folder = path.join(host.account.home, '.groundskeeper');
      return fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    },
    reported() {
      const journal = new DatabaseSync(path.join(data, 'groundskeeper.db'), { readOnly: true });
      try {
        const row = journal
          .prepare("SELECT state, summary FROM runs WHERE kind = 'update' ORDER BY created_at DESC LIMIT 1")
          .get();
        return { state: String(row?.['state'] ?? 'none'), summary: String(row?.['summary'] ?? '') };
      } finally {
        journal.close();
      }
    },
    async reset(kind) {
      if (ready === kind.season) return;
      for (const way of [ssh, database]) way.mend();
      door.is('open');
      gate.killPhp(false);
      diskHere?.will({ does: 'nothing' });
      there.leap(0);
      // What PHP compiled in the future it would not look at again for as long.
      if (leapt) await site.restart();
      leapt = false;
      here.leap(0);
      disk.empty();
      await host.up();
      for (const { pid } of place.processes()) endProcess(pid);
      fs.rmSync(path.join(host.account.home, '.groundskeeper'), { recursive: true, force: true });
      fs.rmSync(path.join(gate.folder, 'crontab'), { force: true });
      runCommand('rsync', ['-a', '--delete', '--checksum', `${template}/`, `${site.root}/`]);
      // Where the database was dead at a run's end they are still there, and are no difference to what is compared.
      site.sql("DELETE FROM wp_options WHERE option_name LIKE '%_updater.lock'");
      if (contentOf(site) !== before.dump) {
        mariadb.sql(
          tables()
            .map((name) => `DROP TABLE \`${name}\`;`)
            .join(''),
          owned.name,
        );
        mariadb.sql(whole, owned.name);
      }
      runCommand('rsync', ['-a', '--delete', `${temp.path}/${kind.season}/`, `${data}/`]);
      fs.rmSync(path.join(path.dirname(site.root), 'php.log'), { force: true });
      if (site.files() !== before.files || contentOf(site) !== before.dump)
        throw new Error('the place could not be made what it was');
      ready = kind.season;
    },
    async stop() {
      await site.stop();
      for (const { pid } of place.processes()) endProcess(pid);
      await host.stop();
      await Promise.all([ssh, database, door].map((way) => way[Symbol.asyncDispose]()));
      gate.close();
      disk.remove();
      temp.remove();
    },
  };
  return place;
}

/** The database's content, but for what WordPress notes by itself when a page dies, and for the numbers of its options, which tell how many there have been. */
export function contentOf(site: WordPressSite): string {
  return site
    .dump()
    .split('\n')
    .filter((line) => !/'(recovery_keys|recovery_mode_email_last_sent)'/.test(line))
    .map((line) => line.replace(/^(INSERT INTO `wp_options` VALUES \()\d+,/, '$1'))
    .join('\n');
}

/** A data folder that knows the site and what waits for it, for each season. */
async function prepareData(
  temp: TempFolder,
  data: string,
  { over, host, ssh, site, orgs }: Pick<Place, 'over' | 'host' | 'ssh' | 'site'> & Pick<Ground, 'orgs'>,
): Promise<void> {
  for (const season of ['ordinary', 'new core'] as const) {
    const app = await anApp(orgs[season], data);
    try {
      const known = await app.client.sites.list({});
      const added = known[0]?.site ?? (await app.add(site, { ...host, port: ssh.port }, SITE, over));
      await app.check(added);
      // What every update backs up is there already, but for what differs.
      if (season === 'ordinary') await app.ended(await app.client.backups.start({ siteId: added.id }));
    } finally {
      await app.close();
    }
    runCommand('cp', ['-a', data, path.join(temp.path, season)]);
  }
}

function wholeDump(database: { socket: string; name: string }): string {
  return runCommand('mariadb-dump', [
    ...['--no-defaults', '-uroot', `--socket=${database.socket}`, '--skip-comments', database.name],
  ]);
}

/** The processes of an account that live. */
export function processesOf(uid: number): { pid: number; command: string }[] {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = fs.readFileSync(`/proc/${name}/status`, 'utf8');
      if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) !== uid || /^State:\s+Z/m.test(status)) return [];
      const command = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return command === '' ? [] : [{ pid: Number(name), command }];
    } catch {
      return [];
    }
  });
}
