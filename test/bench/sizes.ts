import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { keyFile, openStoreInThread } from '../../main/backups/index.ts';
import { newSiteId, type SiteId } from '../../main/words/index.ts';
import { aPool, at, backUpFolder } from '../integration/reach.ts';
import { runCommand } from '../rig/commands.ts';
import { anSshHost, aTempFolder } from '../rig/index.ts';
import type { Benchmark, Contender } from './harness.ts';
import { bytesIn, isThere, resticIn } from './peers.ts';

const ROWS = 480_000;
const SITES = 10;
const SHARED = 900;
const OWN = 100;
const FILE = 12_000;

/** What backups add to a sealed store: one row inserted into a dump of 60 MB, and ten sites of which nine tenths are the same. */
export const sizes: Benchmark = {
  name: 'sizes',
  what: 'one row inserted at a third of a dump of 60 MB; ten sites of 12 MB that share 90 % of their files. What counts are the bytes below',
  aims: {},
  async prepare() {
    const host = await anSshHost();
    const temp = aTempFolder('bench-sizes');
    const pool = aPool([host]);
    const dump = path.join(host.folder, 'dump-site');
    const sites = Array.from({ length: SITES }, (_, site) => path.join(host.folder, `site-${site}`));
    writeDump(dump, false);
    plantSites(sites);
    runCommand('chown', ['-R', `${host.account.uid}:${host.account.gid}`, host.folder]);
    const notes = new Map<string, string>();
    const compare = (who: string, row: number, one: number, ten: number) =>
      notes.set(
        who,
        `${who}: the row adds ${Math.round(row / 1000)} kB; ten sites take ${(ten / one).toFixed(2)} × one`,
      );
    let round = 0;
    const ours = async () => {
      const folder = path.join(temp.path, `store-${(round += 1)}`);
      const store = await openStoreInThread(folder, {
        clock: Date.now,
        keeper: keyFile(path.join(temp.path, 'keys')),
      });
      const take = (id: SiteId, root: string) =>
        backUpFolder(pool, host, store, { id, name: 'Site', root: at(root) });
      const first = newSiteId();
      await take(first, dump);
      writeDump(dump, true);
      const { addedBytes } = await take(first, dump);
      writeDump(dump, false);
      const before = bytesIn(folder);
      const after: number[] = [];
      for (const root of sites) {
        await take(newSiteId(), root);
        after.push(bytesIn(folder) - before);
      }
      await store.close();
      compare('Groundskeeper', addedBytes, after[0] ?? 0, after.at(-1) ?? 0);
    };
    const restics = async () => {
      const repo = path.join(temp.path, `restic-${(round += 1)}`);
      const restic = resticIn(repo, temp.path);
      await restic('init');
      await restic('backup', dump);
      const whole = bytesIn(repo);
      writeDump(dump, true);
      await restic('backup', dump);
      writeDump(dump, false);
      const before = bytesIn(repo);
      const after: number[] = [];
      for (const root of sites) {
        await restic('backup', root);
        after.push(bytesIn(repo) - before);
      }
      compare('restic', before - whole, after[0] ?? 0, after.at(-1) ?? 0);
    };
    const contenders: Contender[] = [{ name: 'Groundskeeper, twelve backups', ours: true, run: ours }];
    if (await isThere('restic')) contenders.push({ name: 'restic, twelve backups', run: restics });
    return {
      contenders,
      notes: () => [...notes.values()],
      async stop() {
        pool[Symbol.dispose]();
        await host.stop();
        temp.remove();
      },
    };
  },
};

/** About 60 MB of rows; with one more at a third of it. */
function writeDump(folder: string, inserted: boolean): void {
  fs.mkdirSync(folder, { recursive: true });
  const rows = Array.from(
    { length: ROWS },
    (_, id) =>
      `INSERT INTO wp_posts VALUES (${id},'${crypto.hash('sha1', String(id))}','A post about ${id % 977} things, as every year, and more');\n`,
  );
  if (inserted) rows.splice(ROWS / 3, 0, `INSERT INTO wp_posts VALUES (0,'new','one more');\n`);
  fs.writeFileSync(path.join(folder, 'dump.sql'), rows.join(''));
}

function plantSites(roots: readonly string[]): void {
  const shared = Array.from({ length: SHARED }, () => crypto.randomBytes(FILE));
  for (const root of roots) {
    fs.mkdirSync(root);
    const own = Array.from({ length: OWN }, () => crypto.randomBytes(FILE));
    for (const [number, bytes] of [...shared, ...own].entries())
      fs.writeFileSync(path.join(root, `file-${number}.php`), bytes);
  }
}
