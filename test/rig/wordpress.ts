import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { runCommand, runMeanwhile } from './commands.ts';
import { giveTo, placeComponent, type Component } from './component.ts';
import { installedOnce } from './installed-once.ts';
import { listing } from './listing.ts';
import { phpSettings, startPhp, type Opcache } from './php.ts';
import type { SshHost } from './sshd.ts';
import { aFreePort } from './ports.ts';
import { meadow } from './themes.ts';
import { placeWordPress, type WordPressPlan } from './wordpress-install.ts';

/** What a test says about the site it wants; the rest is chosen for it. */
export interface WordPressSiteOptions extends Partial<Omit<WordPressPlan, 'root' | 'url'>> {
  /** The host that the site is on; its files belong to the host's account. */
  readonly on: SshHost;
  /** Shows PHP's errors in the page. */
  readonly showErrors?: boolean;
  /** The host in its URL; 127.0.0.1 unless said otherwise. */
  readonly name?: string;
  /** The port in its URL, where something stands before its web server. */
  readonly publicPort?: number;
  /** More environment for its web server. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether PHP keeps compiled files for two seconds, as hosts do. On unless said otherwise. */
  readonly opcache?: Opcache;
}

/** One answer of a site, redirects not followed. */
export interface Page {
  readonly status: number;
  readonly text: string;
  /** Where it redirects to, or null. */
  readonly location: string | null;
}

/** A running WordPress on a host that one can log in to. */
export interface WordPressSite {
  /** Where it is on its host. */
  readonly root: string;
  /** `http://127.0.0.1:PORT` unless it has another name, without a slash at the end. */
  readonly url: string;
  readonly title: string;
  /** The exact version that was installed. */
  readonly version: string;
  readonly plan: WordPressPlan;
  /** The password of its user `owner`. */
  readonly password: string;
  /** Where its own web server listens. */
  readonly port: number;
  /** @param host as a visitor by another name asks for */
  page(path?: string, host?: string): Promise<Page>;
  /** PHP's error log so far. */
  phpLog(): string;
  /** Runs PHP with the site loaded; gives what it printed. */
  php(code: string): string;
  /** The same, while its visitors are served as ever. */
  phpMeanwhile(code: string): Promise<string>;
  /** Runs SQL in the site's database; rows tab-separated (`|` on SQLite). */
  sql(statement: string): string;
  /** The version of a plugin or theme as its files say. */
  versionOf(component: Component): string | null;
  /** Puts a component in place by hand, as its owner would. */
  place(component: Component): void;
  /** Removes a file or folder, relative to the root. */
  remove(name: string): void;
  /** Writes a file, relative to the root, as its owner would. */
  write(name: string, content: string | Buffer): void;
  /** One line per file and folder (an SQLite database left out: see `dump`). Two equal ones mean equal sites. */
  files(): string;
  /** The database's whole content as SQL, without what every request changes (transients) and the locks of updaters, which end by themselves. */
  dump(): string;
  /** Its web server ends and comes back, as when the host is restarted. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** WordPress's own default theme takes PHP four times as long to show, in a suite whose sites are looked at a thousand times. */
const QUICK_THEME = { themes: [meadow.old], theme: meadow.old.slug };

/**
 * Installs a real WordPress on a host and serves it. On SQLite unless a database is given; with a small classic theme unless themes are
 * given (none: WordPress's own default, of blocks).
 */
export async function aWordPressSite(options: WordPressSiteOptions): Promise<WordPressSite> {
  const { on, showErrors, opcache, publicPort, env, name = '127.0.0.1', ...wished } = options;
  const home = fs.mkdtempSync(path.join(on.folder, 'site-'));
  fs.chmodSync(home, 0o755);
  const root = path.join(home, 'public_html');
  const errorLog = path.join(home, 'php.log');
  const port = await aFreePort();
  const plan: WordPressPlan = {
    title: 'Hollyhock Bakery',
    version: '6.4',
    database: 'sqlite',
    ...(wished.themes === undefined && wished.theme === undefined ? QUICK_THEME : {}),
    ...wished,
    root,
    url: `http://${name}:${publicPort ?? port}`,
  };
  const as = on.account;
  await placeWordPress(plan);
  fs.writeFileSync(errorLog, '');
  giveTo(as, home);
  const script = (file: string, args: readonly string[] = []): string =>
    runCommand('php', [...phpSettings(errorLog), file, ...args], { as, cwd: root });
  const password = await installedOnce(plan, path.join(on.folder, 'site.json'), (file, args) =>
    script(readable(file, on.folder), args),
  );
  const serve = () => startPhp({ root, as, errorLog, showErrors, opcache, port, env });
  let server = await serve();
  const { database } = plan;

  /** A script with the site loaded. */
  const placed = (code: string): string => {
    const file = path.join(home, 'run.php');
    const host = JSON.stringify(new URL(plan.url).host);
    fs.writeFileSync(
      file,
      `<?php $_SERVER += array('HTTP_HOST' => ${host}, 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1');\nrequire ${JSON.stringify(`${root}/wp-load.php`)};\n${code}`,
    );
    return file;
  };

  const stop = async (): Promise<void> => {
    await server.stop();
    fs.rmSync(home, { recursive: true, force: true });
  };
  const site: WordPressSite = {
    root,
    url: plan.url,
    title: plan.title,
    version: coreVersion(root),
    plan,
    password,
    port,
    async page(at = '/', host) {
      if (host !== undefined) return pageOf(port, at, host);
      const answer = await fetch(plan.url + at, { redirect: 'manual' });
      return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
    },
    phpLog: () => fs.readFileSync(errorLog, 'utf8'),
    php: (code) => script(placed(code)),
    phpMeanwhile: (code) => runMeanwhile('php', [...phpSettings(errorLog), placed(code)], { as, cwd: root }),
    sql(statement) {
      if (database === 'sqlite') return runCommand('sqlite3', [sqliteFile(root)], { as, input: statement });
      return runCommand('mariadb', [...login(database), '-N', '-B', database.name], { input: statement });
    },
    versionOf(component) {
      const folder = component.kind === 'plugin' ? 'plugins' : 'themes';
      const main = component.kind === 'plugin' ? component.entry : `${component.slug}/style.css`;
      const file = path.join(root, 'wp-content', folder, main);
      if (!fs.existsSync(file)) return null;
      return /Version:\s*(\S+)/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? null;
    },
    place: (component) => placeComponent(root, component, as),
    remove: (name) => fs.rmSync(path.join(root, name), { recursive: true, force: true }),
    write(name, content) {
      const file = path.join(root, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
      giveTo(as, file);
    },
    files: () => listing(root, ['wp-content/database/.ht.sqlite']),
    dump() {
      if (database === 'sqlite')
        return withoutTransients(runCommand('sqlite3', [sqliteFile(root), '.dump'], { as }));
      const dumped = runCommand('mariadb-dump', [
        ...login(database),
        '--skip-comments',
        '--skip-extended-insert',
        '--order-by-primary',
        database.name,
      ]);
      return withoutTransients(dumped);
    },
    async restart() {
      await server.stop();
      server = await serve();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return site;
}

function pageOf(port: number, at: string, host: string): Promise<Page> {
  const { promise, resolve, reject } = Promise.withResolvers<Page>();
  http
    .get({ host: '127.0.0.1', port, path: at, headers: { host } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text, location: answer.headers.location ?? null }),
      );
    })
    .on('error', reject);
  return promise;
}

/** The version that a tree's version.php names. */
export function coreVersion(root: string): string {
  const source = fs.readFileSync(path.join(root, 'wp-includes', 'version.php'), 'utf8');
  return /\$wp_version\s*=\s*'([^']+)'/.exec(source)?.[1] ?? '';
}

/** The account may not be able to read our checkout, so a script is copied to where it can. */
function readable(script: string, folder: string): string {
  const copy = path.join(folder, path.basename(script));
  fs.copyFileSync(script, copy);
  fs.chmodSync(copy, 0o644);
  return copy;
}

function sqliteFile(root: string): string {
  return path.join(root, 'wp-content', 'database', '.ht.sqlite');
}

function login(database: Exclude<WordPressPlan['database'], 'sqlite'>): string[] {
  return [
    '--no-defaults',
    `--socket=${database.socket}`,
    `--user=${database.user}`,
    `--password=${database.password}`,
  ];
}

function withoutTransients(sql: string): string {
  return sql
    .split('\n')
    .filter((line) => !/_transient_|'cron'|_updater\.lock'|AUTO_INCREMENT=|sqlite_sequence/.test(line))
    .join('\n');
}
