/**
 * Connections that are cut while a backup comes. In the suite as many as take little time; many by hand:
 * `CUTS=300 npx vitest run --project integration cut` (`SEED=…` for the same again).
 */
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openStoreInThread,
  restoreToFolder,
  takeBackup,
  type Backup,
  type Store,
} from '../../main/backups/index.ts';
import { Problem, SiteId } from '../../main/words/index.ts';
import { never, quietly } from '../main/samples.ts';
import {
  aCuttingWay,
  anSshHost,
  aTempFolder,
  type Cut,
  type CuttingWay,
  type SshHost,
  type TempFolder,
} from '../rig/index.ts';
import { seeded } from '../rig/random.ts';
import { aPool, at, scripts, wayTo } from './reach.ts';

const CUTS = Number(process.env['CUTS'] ?? 12);
const SEED = Number(process.env['SEED'] ?? crypto.randomInt(2 ** 31));
/** Milliseconds after which a backup that has not ended hangs. */
const HANGS = 60_000;
/** A server that says nothing for so long has gone. */
const SOON = { connect: 1_500, silence: 1_500 };

let host: SshHost;
let way: CuttingWay;
let temp: TempFolder;
beforeAll(async () => {
  host = await anSshHost();
  way = await aCuttingWay(host.port);
  temp = aTempFolder('cut');
});
afterAll(async () => {
  await way[Symbol.asyncDispose]();
  await host.stop();
  temp.remove();
});

/** A site: large files, small ones, and a database beside them. All of it is new after `renew`. */
class Source {
  readonly folder = fs.mkdtempSync(path.join(host.folder, 'cut-'));
  readonly root = path.join(this.folder, 'site');
  readonly database = path.join(this.folder, 'site.sqlite');
  readonly files = new Map<string, Buffer>();

  renew(): void {
    const sizes = [1_700_000, 900_000, 700_000, ...Array.from({ length: 25 }, (_, one) => one * 400)];
    for (const [one, size] of sizes.entries()) {
      const name = `folder-${one % 3}/file ${one}`;
      const bytes = crypto.randomBytes(size);
      fs.mkdirSync(path.join(this.root, path.dirname(name)), { recursive: true });
      fs.writeFileSync(path.join(this.root, name), bytes);
      this.files.set(name, bytes);
    }
    fs.rmSync(this.database, { force: true });
    const db = new DatabaseSync(this.database);
    db.exec('CREATE TABLE posts (id INTEGER PRIMARY KEY, content BLOB)');
    const insert = db.prepare('INSERT INTO posts (content) VALUES (?)');
    for (let row = 0; row < 100; row += 1) insert.run(crypto.randomBytes(3_000));
    db.close();
    if (process.getuid?.() === 0)
      execFileSync('chown', ['-R', `${host.account.uid}:${host.account.gid}`, this.folder]);
  }
}

function rowsOf(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = db.prepare('SELECT id, hex(content) AS content FROM posts ORDER BY id').all();
    return crypto.createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  } finally {
    db.close();
  }
}

const site = { id: SiteId.parse('site_cutoff00'), name: 'Cut off' };

/** A backup over the way that is cut, with a connection of its own. */
async function backUp(store: Store, source: Source, kind: 'ssh' | 'sftp', whole: boolean): Promise<Backup> {
  const near = { host: host.host, port: way.port, hostKey: () => host.hostKey() };
  using pool = aPool([near], {}, whole ? undefined : SOON);
  return await pool.use({ ...wayTo(host, { port: way.port }), kind }, (connection) =>
    takeBackup(store, connection, {
      site: { ...site, root: at(source.root) },
      reason: 'asked',
      leaveOut: { paths: [], rules: [], largerThan: null },
      database:
        kind === 'sftp'
          ? null
          : { access: { kind: 'sqlite', file: at(source.database) }, kind: 'sqlite', php: 'php' },
      scripts,
      signal: never,
      progress: quietly,
      log: () => {},
    }),
  );
}

/** What of a backup is not as the site is. */
async function wrongIn(store: Store, backup: Backup, source: Source): Promise<string[]> {
  const target = fs.mkdtempSync(path.join(temp.path, 'restored-'));
  const snapshot = await store.open(backup.id);
  await restoreToFolder(snapshot, [], target, false, never, quietly);
  const wrong: string[] = [];
  const found = fs
    .readdirSync(target, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(target, name)).isFile());
  if (found.length !== source.files.size) wrong.push(`${found.length} files of ${source.files.size}`);
  for (const [name, bytes] of source.files)
    if (!found.includes(name) || !fs.readFileSync(path.join(target, name)).equals(bytes))
      wrong.push(`${name} is not as it is on the site`);
  if (snapshot.database !== null) {
    const dump = path.join(target, 'dump.sqlite');
    for await (const piece of snapshot.read(snapshot.database.blobs)) fs.appendFileSync(dump, piece);
    if (rowsOf(dump) !== rowsOf(source.database)) wrong.push('the database is not as it is on the site');
  }
  fs.rmSync(target, { recursive: true });
  return wrong;
}

/** Whether somebody can make something of a failure. */
function unclear(error: unknown): string[] {
  if (!(error instanceof Problem))
    return [`no words: ${error instanceof Error ? error.stack : String(error)}`];
  const { code, message, todo } = error;
  const wrong =
    ['defect', 'no-sftp', 'no-shell'].includes(code) ||
    code === 'cancelled' ||
    !/\.$/.test(message) ||
    todo === '';
  return wrong ? [`unclear: ${JSON.stringify(error)}`] : [];
}

describe.each(['ssh', 'sftp'] as const)('a backup over %s whose connection is cut', (kind) => {
  it(
    `ends in words and leaves nothing half, and the next one is whole: ${CUTS / 2} cuts, seed ${SEED}`,
    { timeout: 60_000 + CUTS * 10_000 },
    async () => {
      const random = seeded(SEED + (kind === 'ssh' ? 0 : 1));
      const source = new Source();
      const store = await openStoreInThread(path.join(temp.path, kind), { clock: Date.now, keeper: null });
      const whole = new Set<string>();
      source.renew();
      way.will(null);
      whole.add((await backUp(store, source, kind, true)).id);
      const long = way.said();

      /** Anywhere in what is said, and as often in how it begins or in how it ends. */
      const aCut = (number: number): Cut => {
        const direction = random() < 0.6 ? 'down' : 'up';
        const all = long[direction];
        const part = random();
        const near = Math.floor(Math.exp(random() * Math.log(Math.min(all, 40_000))));
        const after = part < 0.4 ? Math.floor(random() * all) : part < 0.75 ? near : all - near;
        return { kind: number % 6 === 5 ? 'stall' : number % 2 === 0 ? 'reset' : 'end', direction, after };
      };
      const wrong: string[] = [];
      const codes = new Map<string, number>();
      for (let number = 0; number < CUTS / 2; number += 1) {
        const cut = aCut(number);
        const say = (lines: readonly string[]) =>
          wrong.push(...lines.map((line) => `${JSON.stringify(cut)}: ${line}`));
        source.renew();
        way.will(cut);
        const ended = await Promise.race([
          backUp(store, source, kind, false).catch((error: unknown) => ({ error })),
          wait(HANGS, null, { ref: false }),
        ]);
        if (ended === null) {
          say(['it hangs']);
          break;
        }
        if ('error' in ended) {
          say(unclear(ended.error));
          const code = ended.error instanceof Problem ? ended.error.code : 'none';
          codes.set(code, (codes.get(code) ?? 0) + 1);
        } else {
          codes.set('done', (codes.get('done') ?? 0) + 1);
          whole.add(ended.id);
          say(await wrongIn(store, ended, source));
        }
        say((await store.verify(null, never, quietly)).damage);
        say((await store.list()).filter(({ id }) => !whole.has(id)).map(({ id }) => `${id} is half`));

        way.will(null);
        const next = await backUp(store, source, kind, true);
        whole.add(next.id);
        say(await wrongIn(store, next, source));
        for (const { id } of (await store.list()).slice(2)) await store.remove(id);
      }
      console.log(`${kind}: ${long.up} bytes up, ${long.down} down; ${JSON.stringify([...codes])}`);
      await store.close();
      expect(wrong).toEqual([]);
    },
  );
});
