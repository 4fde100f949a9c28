/**
 * A site on a simulated host: an SSH server in this process, whose commands are real, with a WordPress that is hardly more than what an
 * update meets of one. A thousand updates of real ones would take a day.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { placeComponent } from '../rig/component.ts';
import { aCuttingWay, type CuttingWay } from '../rig/cutting-relay.ts';
import type { KeyPair } from '../rig/keys.ts';
import { listing } from '../rig/listing.ts';
import type { SshHost } from '../rig/sshd.ts';
import { startPhp, type PhpServer } from '../rig/php.ts';
import { aFreePort } from '../rig/ports.ts';
import { startSshServer, type SshServer } from '../rig/ssh-server.ts';
import { aSwitchedWay, type SwitchedWay } from '../rig/switched-way.ts';
import { WARES } from './releases.ts';

const FILES = path.join(import.meta.dirname, 'small-site');
const DATABASE = 'wp-content/database/.ht.sqlite';
/** What can be made to fail; each is a script that counts, and then the program itself. */
const PROGRAMS = ['mkdir', 'mv', 'cp', 'rm', 'tar', 'chmod', 'ln', 'cat', 'php'];

export interface SmallSite extends AsyncDisposable {
  readonly name: string;
  readonly root: string;
  readonly url: string;
  readonly user: string;
  readonly key: KeyPair;
  readonly host: SshHost['host'];
  /** Stands for the SSH server's, behind both ways. */
  readonly port: number;
  readonly ssh: SshServer;
  /** Cut at a byte. */
  readonly cutting: CuttingWay;
  /** Away as a whole. */
  readonly way: SwitchedWay;
  /** The web server ends, and comes back. */
  webDown(): Promise<void>;
  webUp(): Promise<void>;
  /** The program that is started then, counted from now, fails. null: none does. */
  failAt(start: number | null): void;
  /** The next program fails in whose arguments this stands. */
  failWith(words: string): void;
  /** Files and database as they are, whatever the site's address is. Two equal ones mean equal sites. */
  state(): string;
  /** What a run left on the host, but for the old version that is kept for a rollback. */
  leftBehind(): string[];
  page(at: string): Promise<{ status: number; text: string }>;
  /** As it was in the beginning, with nothing of before at work or compiled. */
  reset(): Promise<void>;
}

/** Makes one, with every ware in its old version. @param folder nobody else's */
export async function aSmallSite(folder: string, name: string, key: KeyPair): Promise<SmallSite> {
  const at = (...names: string[]) => path.join(folder, ...names);
  const [home, root, pristine, programs] = [at('home'), at('home', 'htdocs'), at('pristine'), at('programs')];
  const port = await aFreePort();
  const url = `http://127.0.0.1:${port}`;
  fs.mkdirSync(home, { recursive: true });
  fs.cpSync(FILES, root, { recursive: true });
  furnish(root, url);
  fs.mkdirSync(programs);
  for (const program of PROGRAMS)
    fs.writeFileSync(path.join(programs, program), failing(program), { mode: 0o755 });
  const serve = () => startPhp({ root, errorLog: at('php.log'), port, env: { PHP_CLI_SERVER_WORKERS: '2' } });
  let web: PhpServer | null = await serve();
  const ssh = await startSshServer({
    ...{ user: 'keeper', publicKeys: [key.publicKey], home, commands: programs },
    ...{ hostKeyFile: at('host-key'), env: { COUNT: at('count'), WORDS: at('words') } },
  });
  const cutting = await aCuttingWay(ssh.port);
  const way = await aSwitchedWay(cutting.port);
  const page = async (where: string) => {
    const answer = await fetch(url + where, { redirect: 'manual' });
    return { status: answer.status, text: await answer.text() };
  };
  // Plugins make their tables at the first request.
  await page('/');
  fs.cpSync(root, pristine, { recursive: true, preserveTimestamps: true });

  return {
    ...{ name, root, url, user: 'keeper', key, host: '127.0.0.1', port: way.port, ssh, cutting, way, page },
    async webDown() {
      await web?.stop();
      web = null;
    },
    async webUp() {
      web ??= await serve();
    },
    failAt(start) {
      fs.rmSync(at('count'), { force: true });
      if (start !== null) fs.writeFileSync(at('count'), `${start}\n`);
    },
    failWith: (words) => fs.writeFileSync(at('words'), `${words}\n`),
    state: () =>
      `${listing(root, [DATABASE, `${DATABASE}-journal`])}\n${contentOf(path.join(root, DATABASE))}`.replaceAll(
        url,
        'its address',
      ),
    leftBehind() {
      const own = path.join(home, '.groundskeeper');
      const names = fs.existsSync(own) ? fs.readdirSync(own, { recursive: true, encoding: 'utf8' }) : [];
      // SITE/RUN/old/…
      const left = names.filter((one) => one.split('/').length > 2 && one.split('/')[2] !== 'old');
      const watching = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(own) && line.includes('/watch/program'));
      return [...left, ...watching];
    },
    async reset() {
      // PHP that had the new version compiled would run it for two seconds more, and migrate what was just put back.
      await web?.stop();
      fs.rmSync(path.join(home, '.groundskeeper'), { recursive: true, force: true });
      execFileSync('rsync', ['-a', '--delete', '--checksum', `${pristine}/`, `${root}/`]);
      web = await serve();
    },
    async [Symbol.asyncDispose]() {
      await web?.stop();
      await way[Symbol.asyncDispose]();
      await cutting[Symbol.asyncDispose]();
      await ssh.stop();
    },
  };
}

function furnish(root: string, url: string): void {
  const write = (name: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  };
  write('wp-includes/version.php', "<?php\n$wp_version = '6.5.2';\n$wp_db_version = 57155;\n");
  write('wp-content/db.php', '<?php // SQLite\n');
  write(DATABASE, '');
  for (const { release } of WARES) placeComponent(root, release.old);
  const plugins = WARES.flatMap(({ release: { old } }) => (old.kind === 'plugin' ? [old.entry] : []));
  const options = {
    ...{ siteurl: url, home: url, blogname: 'The smallest shop', template: 'meadow', stylesheet: 'meadow' },
    ...{ db_version: '57155', active_plugins: serialized(plugins) },
  };
  const database = new DatabaseSync(path.join(root, DATABASE));
  database.exec(
    "CREATE TABLE wp_options (option_id INTEGER PRIMARY KEY AUTOINCREMENT, option_name TEXT UNIQUE, option_value TEXT, autoload TEXT DEFAULT 'yes')",
  );
  const insert = database.prepare('INSERT INTO wp_options (option_name, option_value) VALUES (?, ?)');
  for (const [option, value] of Object.entries(options)) insert.run(option, value);
  database.close();
}

/** As PHP's serialize() writes a list of texts. */
function serialized(texts: readonly string[]): string {
  const items = texts.map((text, index) => `i:${index};s:${Buffer.byteLength(text)}:"${text}";`);
  return `a:${texts.length}:{${items.join('')}}`;
}

/**
 * All rows, without the locks of WordPress's updaters, which end by themselves, and without the numbers of options. A journal that a killed
 * process left counts for what SQLite makes of it, as it will at the next request: so this is not opened for reading only.
 */
function contentOf(file: string): string {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    const tables = database.prepare(
      "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    return tables
      .all()
      .map(({ name, sql }) => {
        const rows = database.prepare(`SELECT * FROM "${String(name)}"`).all();
        const lines = rows
          .map(({ option_id: _number, ...row }) => JSON.stringify(row))
          .filter((line) => !line.includes('_updater.lock'));
        return [String(sql), ...lines.sort()].join('\n');
      })
      .join('\n');
  } finally {
    database.close();
  }
}

function failing(program: string): string {
  const real = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  return `#!/bin/sh
if [ -f "$COUNT" ]; then
  printf . >> "$COUNT"
  { read -r fatal; read -r passed; } < "$COUNT" 2>/dev/null
  if [ "\${#passed}" = "$fatal" ]; then echo '${program}: no space left on device' >&2; exit 1; fi
fi
if [ -f "$WORDS" ]; then
  read -r words < "$WORDS" 2>/dev/null
  case " $* " in *"$words"*) /bin/rm -f "$WORDS"; echo '${program}: no process can be started' >&2; exit 1 ;; esac
fi
exec ${real} "$@"
`;
}
