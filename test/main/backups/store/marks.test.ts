import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { aStore } from './sample.ts';

const pin = { at: 1_700_000_000_000, note: 'before the redesign' };
const proof = { at: 1_700_000_000_001, files: 1, bytes: 3, database: null, unproved: [] };

describe('a pin', () => {
  for (const sealed of [true, false])
    it(`stays through reopening and a lost index, in ${sealed ? 'a sealed' : 'an open'} store`, async () => {
      using place = await aStore(sealed ? {} : { keeper: null });
      const { id } = await place.take({ one: Buffer.from('abc') });
      expect(await place.store.mark(id, { pin })).toMatchObject({ id, pin, proof: null });
      await place.store.mark(id, { proof });
      await place.store.rebuildIndex();
      await place.reopen();
      expect(await place.store.list()).toMatchObject([{ id, pin, proof }]);
      await place.store.close();
      for (const name of fs.readdirSync(place.folder))
        if (name.startsWith('index.db')) fs.rmSync(path.join(place.folder, name));
      await place.reopen();
      expect(await place.store.list()).toMatchObject([{ id, pin, proof, verifiedAt: null }]);
    });

  it('keeps its backup from being removed until it is unpinned', async () => {
    using place = await aStore();
    const { id } = await place.take({ one: Buffer.from('abc') });
    await place.store.mark(id, { pin });
    await expect(place.store.remove(id)).rejects.toMatchObject({
      code: 'backup-pinned',
      answered: 'before the redesign',
    });
    expect(await place.store.list()).toHaveLength(1);
    await place.store.mark(id, { pin: null });
    await place.store.remove(id);
    expect(await place.store.list()).toEqual([]);
    expect(fs.readdirSync(path.join(place.folder, 'marks'))).toEqual([]);
  });

  it('that is damaged, cut, or another backup’s, still keeps its backup', async () => {
    using place = await aStore();
    const [first, second] = [
      await place.take({ one: Buffer.from('abc') }),
      await place.take({ two: Buffer.from('def') }),
    ];
    await place.store.mark(first.id, { pin });
    const file = path.join(place.folder, 'marks', `${first.id}.1.mark`);
    const whole = fs.readFileSync(file);
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      fs.writeFileSync(file, at % 2 === 0 ? flipped : whole.subarray(0, at));
      if (at % 48 > 1) continue;
      await place.reopen();
      await expect(place.store.remove(first.id)).rejects.toMatchObject({ code: 'backup-pinned' });
    }
    fs.writeFileSync(file, whole);
    fs.copyFileSync(file, path.join(place.folder, 'marks', `${second.id}.1.mark`));
    await place.reopen();
    await expect(place.store.remove(second.id)).rejects.toMatchObject({ code: 'backup-pinned' });
    await place.store.mark(second.id, { pin: null });
    await place.store.remove(second.id);
  });

  it('is the one with the highest number, after a crash between writing one and removing the one before', async () => {
    using place = await aStore();
    const { id } = await place.take({ one: Buffer.from('abc') });
    const file = (number: number) => path.join(place.folder, 'marks', `${id}.${number}.mark`);
    await place.store.mark(id, { pin });
    const before = fs.readFileSync(file(1));
    await place.store.mark(id, { pin: null });
    fs.writeFileSync(file(1), before);
    await place.reopen();
    expect(await place.store.list()).toMatchObject([{ id, pin: null }]);
    await place.store.mark(id, { proof });
    expect(fs.readdirSync(path.join(place.folder, 'marks'))).toEqual([`${id}.3.mark`]);
  });

  it('of a sealed store says nothing to whom has only its files', async () => {
    using place = await aStore();
    const { id } = await place.take({ one: Buffer.from('abc') });
    await place.store.mark(id, { pin });
    expect(fs.readFileSync(path.join(place.folder, 'marks', `${id}.1.mark`)).includes('redesign')).toBe(
      false,
    );
  });
});
