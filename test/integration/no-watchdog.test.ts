import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  aMariaDb,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  badPlugins,
  endProcess,
  goodPlugins,
  groundskeeper,
  killAtStep,
  type MariaDb,
  type OtherPrograms,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
} from '../rig/index.ts';
import { aWaitingSite, leftBehind, visitUntilBack, watching, type Watched } from './watched.ts';

const { eventTickets: migrates, openingHours: plain } = goodPlugins;

let mariadb: MariaDb;
let org: WordPressOrg;
let data: TempFolder;
beforeAll(async () => {
  vi.stubEnv('GROUNDSKEEPER_LEASE', '4');
  [mariadb, org] = await Promise.all([aMariaDb(), aWordPressOrg()]);
  data = aTempFolder('no-watchdog');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([mariadb.stop(), org.stop()]);
  data.remove();
});

/** A host of its own for each test, with what it lacks. */
async function on<T>(
  tools: Readonly<Record<string, string>>,
  other: OtherPrograms,
  work: (watched: Watched & { readonly host: SshHost }) => Promise<T>,
): Promise<T> {
  await using host = await anSshHost(tools, other);
  return await work({ host, mariadb, org, dataFolder: data.path });
}
const run = (...args: readonly string[]) => groundskeeper(data.path, org, ['--json', ...args]).ended;
const update = (...args: readonly string[]) => run('update', ...args);
/** Holds a dump up while a watchdog is there, so that it takes longer than the lease. */
const SLOW_DUMP = {
  'mariadb-dump': `for one in "$HOME"/.groundskeeper/*/*/watch; do [ ! -d "$one" ] || sleep 6; done; exec /usr/bin/mariadb-dump "$@"`,
};

describe('a host that ends with a connection what it left behind', () => {
  it('is known beforehand; a database is changed there only when a person agrees', async () => {
    await on({}, { reaps: true }, async (watched) => {
      await using wp = await aWaitingSite(watched, 'Reaping', migrates, plain);
      const [files, dump] = [wp.files(), wp.dump()];
      const planned = await update('Reaping', '--all', '--dry-run');
      expect(planned).toMatchObject({
        code: 1,
        err: expect.stringContaining('--without-watchdog') as string,
      });
      expect(planned.out).toMatch(/"needsConsent": true/);
      expect(leftBehind(watched.host)).toEqual([]);

      const refused = await update('Reaping', '--all');
      expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('needs-consent') as string });
      expect([wp.files(), wp.dump()]).toEqual([files, dump]);
      expect(leftBehind(watched.host)).toEqual([]);

      const files1 = await update('Reaping', '--component', plain.new.slug);
      expect(files1).toMatchObject({ code: 0 });
      expect(files1.out).toContain('ends what a connection leaves behind');
      expect(wp.versionOf(plain.new)).toBe(plain.new.version);

      const agreed = await update('Reaping', '--component', migrates.new.slug, '--without-watchdog');
      expect(agreed).toMatchObject({ code: 0 });
      expect(wp.versionOf(migrates.new)).toBe(migrates.new.version);
      expect(watching(watched.host)).toEqual([]);

      const back = await run('rollback', 'Reaping', '--database', 'restore');
      expect(back).toMatchObject({ code: 0 });
      expect(back.out).toContain('ends what a connection leaves behind');
      expect(wp.versionOf(migrates.new)).toBe(migrates.old.version);
      // But for the old version of what stays updated.
      expect(leftBehind(watched.host).filter((name) => !/^run_\w+(\/old.*)?$/.test(name))).toEqual([]);
    });
  });
});

it('a watchdog that cannot be armed though it looked as if: what migrates stops before anything is changed', async () => {
  const dies = { setsid: 'case $* in *"/watch/program run") exit 1 ;; esac; exec /usr/bin/setsid "$@"' };
  await on(dies, {}, async (watched) => {
    await using wp = await aWaitingSite(watched, 'Unarmed', migrates);
    const [files, dump] = [wp.files(), wp.dump()];
    const planned = await update('Unarmed', '--all', '--dry-run');
    expect(planned).toMatchObject({ code: 0, out: expect.stringMatching(/"runs": true/) as string });

    const refused = await update('Unarmed', '--all');
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('needs-consent') as string });
    expect([wp.files(), wp.dump()]).toEqual([files, dump]);
    expect(leftBehind(watched.host)).toEqual([]);
  });
});

it('one command at a time, and one that takes longer than the lease: the watchdog is told all the same', async () => {
  await on(SLOW_DUMP, { maxSessions: 1 }, async (watched) => {
    await using wp = await aWaitingSite(watched, 'Narrow', migrates);
    const done = await update('Narrow', '--all');
    expect(done).toMatchObject({ code: 0 });
    expect(wp.versionOf(migrates.new)).toBe(migrates.new.version);
    expect(watching(watched.host)).toEqual([]);

    const back = await run('rollback', 'Narrow', '--database', 'restore');
    expect(back).toMatchObject({ code: 0 });
    expect(wp.versionOf(migrates.new)).toBe(migrates.old.version);
    expect(watching(watched.host)).toEqual([]);
    expect(leftBehind(watched.host)).toEqual([]);
  });
});

it('a watchdog that dies is started again, and brings the site back when the app is killed later', async () => {
  await on(SLOW_DUMP, {}, async (watched) => {
    await using wp = await aWaitingSite(watched, 'Dying', migrates);
    const { host } = watched;
    const files = wp.files();
    const started = Date.now();
    const line = groundskeeper(data.path, org, ['update', 'Dying', '--all']);
    // The maintenance page alone says nothing: PHP is asked through it before there is a watchdog.
    const first = await vi.waitFor(
      () => {
        const [pid] = watching(host);
        if (pid === undefined || !fs.existsSync(path.join(wp.root, '.maintenance')))
          throw new Error('no watchdog over a closed site yet');
        return pid;
      },
      { timeout: 60_000, interval: 20 },
    );
    endProcess(first);
    await killAtStep(line, data.path, `judge ${migrates.new.slug}`, started);
    expect(watching(host).filter((pid) => pid !== first)).toHaveLength(1);

    await visitUntilBack(host, wp);

    expect(wp.files()).toBe(files);
    expect(watching(host)).toEqual([]);
    await groundskeeper(data.path, org, ['runs', 'recover']).ended;
  });
});

it('no client of the database on the host: the watchdog puts the dump back with PHP', async () => {
  const without = ['mysql', 'mariadb', 'mysqldump', 'mariadb-dump'];
  await on({}, { without }, async (watched) => {
    const { migratesThenDies: bad } = badPlugins;
    await using wp = await aWaitingSite(watched, 'Clientless', bad);
    const [files, dump] = [wp.files(), wp.dump()];
    const line = groundskeeper(data.path, org, ['update', 'Clientless', '--all']);
    const migrated =
      "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'wp_shop_orders' AND column_name = 'amount'";
    await vi.waitFor(() => expect(wp.sql(migrated).trim()).toBe('1'), { timeout: 60_000, interval: 20 });
    line.process.kill('SIGKILL');
    await line.ended;

    const answers = await visitUntilBack(watched.host, wp);

    expect([...answers].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect([wp.files(), wp.dump()]).toEqual([files, dump]);
    await groundskeeper(data.path, org, ['runs', 'recover']).ended;
  });
});
