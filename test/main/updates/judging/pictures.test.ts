import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openPictures } from '../../../../main/updates/judging/pictures.ts';
import { newRunId, type RunId } from '../../../../main/words/index.ts';
import { aTempFolder } from '../../../rig/index.ts';

const temp = aTempFolder('pictures');
afterAll(() => temp.remove());
const pictures = openPictures(temp.path, { open: async () => null });
const png = Buffer.from('a picture');

describe('pictures', () => {
  it('are kept with their run', async () => {
    const runId = newRunId();
    await pictures.keep(runId, '0-before.png', png);
    expect(await pictures.read(runId, '0-before.png')).toEqual(png);
    await expect(pictures.read(newRunId(), '0-before.png')).rejects.toMatchObject({ code: 'no-picture' });
  });

  it.each(['../secrets.json', 'a/b.png', '', '.png', 'x.json', '..png'])(
    'are nowhere else: %j',
    async (name) => {
      await expect(pictures.read(newRunId(), name)).rejects.toMatchObject({ code: 'no-picture' });
      await expect(pictures.keep(newRunId(), name, png)).rejects.toMatchObject({ code: 'no-picture' });
      await expect(pictures.read('../..' as RunId, 'x.png')).rejects.toMatchObject({ code: 'no-picture' });
    },
  );

  it('of the newest 200 runs are kept', async () => {
    for (let run = 0; run < 210; run += 1) await pictures.keep(newRunId(), '0-after.png', png);
    expect(readdirSync(temp.path)).toHaveLength(200);
  });
});
