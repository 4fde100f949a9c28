import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aTempFolder, type TempFolder } from '../../../../rig/index.ts';
import { disksCanFail, type DiskFault } from '../../../../rig/disk/disk.ts';
import { bundleLives, Lane, Promises, type LifeName } from './rig.ts';

/** How a disk refuses, and what users are told then. */
type Refusal = Omit<Extract<DiskFault, { does: 'refuse' }>, 'does' | 'at'> & {
  readonly failing: '' | 'disk';
};
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a full disk': { with: 'ENOSPC', what: ['space'], failing: '' },
  'an fsync that fails': { with: 'EIO', what: ['sync'], failing: '' },
  'a disk that turned read-only': { with: 'EROFS', what: ['space', 'change'], failing: '' },
  'a network disk that vanishes': {
    with: 'ESTALE',
    what: ['space', 'change', 'sync', 'read'],
    failing: 'disk',
  },
};
const LIVES: readonly LifeName[] = ['backup', 'prune', 'move', 'phrase'];
/** Points of each life at which the disk begins to refuse: the first, the last, and some between. */
const POINTS = Number(process.env['POINTS'] ?? 2);

describe.skipIf(!disksCanFail)('a disk that refuses', () => {
  let temp: TempFolder;
  let bundle: string;
  const before = new Promises();
  /** How many points each life comes by, whatever refuses. */
  const pointsOf = new Map<LifeName, number>();
  beforeAll(async () => {
    temp = aTempFolder('refusals');
    bundle = path.join(temp.path, 'bundle');
    await bundleLives(bundle);
    using lane = new Lane(bundle, temp.path, 'first');
    fs.mkdirSync(path.join(lane.folder, 'settings'), { recursive: true });
    for (const seed of ['a', 'b']) before.hear((await lane.live('backup', seed)).lines);
    fs.renameSync(lane.folder, path.join(temp.path, 'template'));
  }, 120_000);
  afterAll(() => temp.remove());

  describe.each(Object.entries(REFUSALS))('%s', (_name, { failing, ...refusal }) => {
    it.each(LIVES)('in the middle of "%s" is told clearly, and nothing is lost', async (life) => {
      using lane = new Lane(bundle, temp.path, 'lane', failing, { IN_THREAD: 'yes' });
      const liveWith = async (fault: DiskFault) => {
        lane.startFrom(path.join(temp.path, 'template'));
        lane.disk.will(fault);
        const ended = await lane.live(life, 'r');
        const points = lane.disk.count();
        lane.disk.will({ does: 'nothing' });
        return { ...ended, points };
      };
      const points = pointsOf.get(life) ?? (await liveWith({ does: 'nothing' })).points;
      pointsOf.set(life, points);
      let told = 0;
      for (let number = 0; number < POINTS; number += 1) {
        const at = number === 0 ? 1 : Math.ceil(Math.random() * points);
        const promises = before.copy();
        const ended = await liveWith({ does: 'refuse', at, ...refusal });
        const where = `from point ${at} of ${points}`;
        expect([ended.code, ended.errors], where).toEqual([0, '']);
        expect(
          ended.lines.filter((line) => line.startsWith('raw ')),
          where,
        ).toEqual([]);
        const [problem] = ended.lines.filter((line) => line.startsWith('problem '));
        if (problem !== undefined) {
          told += 1;
          expect(JSON.parse(problem.slice('problem '.length)), where).toMatchObject({
            code: expect.stringMatching(/^(disk-full|store-|place-)/) as string,
            message: expect.stringMatching(/\.$/) as string,
            todo: expect.stringMatching(/\.$/) as string,
          });
        }
        promises.hear(ended.lines);
        expect(await lane.examine(promises.of(lane.folder)), where).toEqual([]);
      }
      expect(told).toBeGreaterThan(0);
    });
  });
});
