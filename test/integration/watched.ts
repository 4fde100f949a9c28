import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import {
  anApp,
  aWordPressSite,
  type MariaDb,
  type Release,
  type SshHost,
  type WordPressOrg,
  type WordPressSite,
} from '../rig/index.ts';

/** What all sites of a test share. */
export interface Watched {
  readonly host: SshHost;
  readonly mariadb: MariaDb;
  readonly org: WordPressOrg;
  readonly dataFolder: string;
  readonly opcache?: 'never-looks';
}

/** A site for which updates wait, at rest. */
export async function aWaitingSite(
  { host, mariadb, org, dataFolder, opcache }: Watched,
  name: string,
  ...plugins: readonly Release[]
): Promise<WordPressSite> {
  const wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: plugins.map((plugin) => plugin.old),
    ...(opcache === undefined ? {} : { opcache }),
  });
  for (const plugin of plugins) org.offer(plugin.new);
  await using gk = await anApp(org, dataFolder);
  await gk.check(await gk.add(wp, host, name));
  // WordPress writes to its database at the first visits.
  for (const page of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(page);
  return wp;
}

/** What lies in the private folders of a host's account, below those of the runs. */
export function leftBehind(host: SshHost): string[] {
  const folder = path.join(host.account.home, '.groundskeeper');
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.split('/').slice(1).join('/'))
    .filter((name) => name !== '');
}

/** Numbers of the processes that are a host's watchdogs. */
export function watching(host: SshHost): number[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /\/watch\/program run\b/.test(line) && line.includes(host.account.home))
    .map((line) => Number(line.trim().split(' ')[0]));
}

/** Waits until a site is back, asking for its page all the time. @returns the answers that visitors got */
export async function visitUntilBack(host: SshHost, wp: WordPressSite): Promise<Set<number>> {
  const answers = new Set<number>();
  await expect
    .poll(
      async () => {
        answers.add((await wp.page('/')).status);
        return leftBehind(host).filter((name) => !/^[^/]*(\/report)?$/.test(name));
      },
      { timeout: 90_000, interval: 100 },
    )
    .toEqual([]);
  return answers;
}

/** Holds a dump up while a watchdog is there (or what it would do) and the file `hold` is in the account's home. */
export const HELD_DUMP = {
  'mariadb-dump': `for one in "$HOME"/.groundskeeper/*/*/watch; do while [ -d "$one" ] && [ -e "$HOME/hold" ]; do sleep 0.1; done; done; exec /usr/bin/mariadb-dump "$@"`,
};
