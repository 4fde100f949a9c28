/** A disk with the store on it that goes away under a running app, and comes back. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../main/backups/index.ts';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath, type RunId } from '../../main/words/index.ts';
import { aTempFolder, type TempFolder } from '../rig/index.ts';
import { anAppProcess, type AppProcess } from '../rig/app-process.ts';
import { seeded } from '../rig/random.ts';
import { aFailingDisk, disksCanFail, type DiskFault, type FailingDisk } from '../rig/disk/disk.ts';

type Away = Extract<DiskFault, { does: 'go' }>;

/** By hand more: at how many calls of a backup, and of a verification, the disk goes. */
const POINTS = Number(process.env['POINTS'] ?? 1);
/** Which calls: another seed each time, and the same ones again with `SEED=…`. */
const SEED = Number(process.env['SEED'] ?? crypto.randomInt(1_000_000));

describe.skipIf(!disksCanFail)('a disk with the backups that goes away while the app runs', () => {
  let temp: TempFolder;
  let disk: FailingDisk;
  let app: AppProcess;
  let site: Site;
  const dataFolder = () => path.join(temp.path, 'data');
  const root = () => path.join(temp.path, 'site');
  const folder = () => path.join(temp.path, 'disk', 'store');
  /** What each backup has of `page.bin`. A run whose end failed may have written all of it before. */
  const pages = new Map<Backup['id'], Buffer>();
  const unfinished: Buffer[] = [];

  async function ended({ runId }: { runId: RunId }): Promise<Run> {
    for await (const _line of await app.client.runs.follow({ runId })) {
      // Only the end matters.
    }
    return app.client.runs.show({ runId });
  }
  const write = () => {
    const page = crypto.randomBytes(400_000);
    fs.writeFileSync(path.join(root(), 'page.bin'), page);
    for (let one = 0; one < 5; one += 1)
      fs.writeFileSync(path.join(root(), `file-${one}`), crypto.randomBytes(3_000));
    return page;
  };
  /** Backs the site up as it is now. */
  const backUp = async (page: Buffer): Promise<Run> => {
    const run = await ended(await app.client.backups.start({ siteId: site.id }));
    const [latest] = run.state === 'done' ? await app.client.backups.list({}) : [];
    if (latest !== undefined) pages.set(latest.id, page);
    else unfinished.push(page);
    return run;
  };
  const verify = async () => ended(await app.client.backups.verify({}));
  const contentOf = async ({ id }: Pick<Backup, 'id'>) => {
    const file = await app.client.backups.file({ backupId: id, path: 'page.bin', limit: 4_000_000 });
    return Buffer.from(file.base64, 'base64');
  };

  beforeAll(async () => {
    temp = aTempFolder('vanish');
    for (const below of ['data', 'site', 'disk', 'beside']) fs.mkdirSync(path.join(temp.path, below));
    disk = aFailingDisk(path.join(temp.path, 'disk'), path.join(temp.path, 'beside'));
    app = await anAppProcess(dataFolder(), disk.env);
    site = await app.client.sites.add({
      draft: {
        name: 'Bakery',
        url: 'http://127.0.0.1:9/',
        platform: 'files',
        root: remotePath(root()),
        connection: { kind: 'local' },
        tags: [],
        notes: '',
        settings: {},
      },
    });
    expect(await backUp(write())).toMatchObject({ state: 'done' });
    expect(await ended(await app.client.store.move({ folder: folder() }))).toMatchObject({ state: 'done' });
  }, 60_000);
  afterAll(async () => {
    expect(await app.close()).toBe(0);
    const log = fs.readFileSync(path.join(dataFolder(), 'log', 'groundskeeper.log'), 'utf8');
    temp.remove();
    expect(log.split('\n').filter((line) => line.includes('"defect"'))).toEqual([]);
  });

  /** The app goes on while the disk is away, and says what is the matter. */
  async function expectAway(): Promise<void> {
    const away = { code: 'store-away', answered: expect.stringContaining(folder()) as string };
    await expect(app.client.backups.list({})).rejects.toMatchObject({ data: away });
    for (const id of [...pages.keys()].slice(-2))
      await expect(contentOf({ id })).rejects.toMatchObject({ data: away });
    expect(await app.client.store.state({})).toMatchObject({ away: true, folder: folder() });
    expect(await app.client.sites.list({})).toMatchObject([{ site: { name: 'Bakery' } }]);
    expect((await app.client.runs.list({ limit: 5 })).length).toBeGreaterThan(1);
    expect(await backUp(write())).toMatchObject({ state: 'failed', problem: { code: 'store-away' } });
  }
  /** With the disk all is there again, in the same process. */
  async function expectBack(): Promise<void> {
    const list = await app.client.backups.list({});
    for (const backup of list.filter(({ id }) => !pages.has(id))) {
      const page = await contentOf(backup);
      if (unfinished.some((one) => one.equals(page))) pages.set(backup.id, page);
    }
    expect(list.map(({ id }) => id).sort()).toEqual([...pages.keys()].sort());
    expect(await app.client.store.state({})).toMatchObject({ away: false, locked: false });
    expect(await backUp(write())).toMatchObject({ state: 'done' });
    // What was there before all this, and what is new.
    for (const backup of [...list.slice(-1), ...(await app.client.backups.list({})).slice(0, 2)])
      expect((await contentOf(backup)).equals(pages.get(backup.id) ?? Buffer.alloc(0))).toBe(true);
    expect(await verify()).toMatchObject({ state: 'done', problem: null });
  }
  /** How many calls reach the disk meanwhile. */
  async function callsOf(work: () => Promise<unknown>): Promise<number> {
    disk.will({ does: 'go', with: 'EIO', at: 2_000_000_000 });
    await work();
    const calls = disk.count();
    disk.will({ does: 'nothing' });
    return calls;
  }

  describe.each(['ESTALE', 'EIO', 'ENOENT'] as const)(`(%s, seed ${SEED})`, (how) => {
    const random = seeded(SEED);
    const goes = (at: number): Away => ({ does: 'go', with: how, at });

    it('while nobody looks is said, and all works as soon as it is back', async () => {
      disk.will(goes(1));
      await expectAway();
      disk.will({ does: 'come-back' });
      await expectBack();
    }, 60_000);

    it(
      'ends a backup in words',
      async () => {
        const calls = await callsOf(() => backUp(write()));
        for (let point = 0; point < POINTS; point += 1) {
          disk.will(goes(1 + Math.floor(random() * calls)));
          const run = await backUp(write());
          if (run.state !== 'done')
            expect(run).toMatchObject({ state: 'failed', problem: { code: 'store-away' } });
          disk.will({ does: 'come-back' });
          await expectBack();
        }
      },
      60_000 + POINTS * 20_000,
    );

    it(
      'ends a verification in words, and calls nothing damaged',
      async () => {
        const calls = await callsOf(verify);
        for (let point = 0; point < POINTS; point += 1) {
          disk.will(goes(1 + Math.floor(random() * calls)));
          const run = await verify();
          if (run.state !== 'done')
            expect(run).toMatchObject({ state: 'failed', problem: { code: 'store-away' } });
          disk.will({ does: 'come-back' });
          await expectBack();
        }
      },
      60_000 + POINTS * 20_000,
    );
  });
});
