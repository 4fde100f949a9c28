import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBackSome } from '../../../../main/backups/index.ts';
import { never, quietly } from '../../samples.ts';
import { aStore } from './sample.ts';

type Place = Awaited<ReturnType<typeof aStore>>;
const restless = () => Promise.resolve();
const some = (place: Place, bytes: number, notSince = place.clock() + 1) =>
  readBackSome(place.store, { bytes, notSince, rest: restless }, never, quietly);
const packsOf = (folder: string) =>
  fs
    .readdirSync(path.join(folder, 'packs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pack'))
    .map((name) => path.join(folder, 'packs', name));
const verified = async (place: Place) =>
  Object.fromEntries((await place.store.list()).map(({ id, verifiedAt }) => [id, verifiedAt]));

describe('reading back in parts', () => {
  it('takes the packs that were read longest ago, and moves a backup on when all of its packs were read', async () => {
    using place = await aStore();
    const first = await place.take({ one: randomBytes(100_000) });
    const second = await place.take({ two: randomBytes(100_000) });
    const both = await place.take({ one: randomBytes(50_000), two: randomBytes(50_000) });
    const began = place.clock();
    place.clock.forward(1000);
    expect(await some(place, 1)).toMatchObject({ packs: 1, damage: [] });
    expect(Object.values(await verified(place)).filter((at) => at !== null)).toHaveLength(1);
    place.clock.forward(1000);
    await some(place, 1);
    await some(place, 1);
    const when = await verified(place);
    for (const { id } of [first, second, both]) expect(when[id]).toBeGreaterThan(began);

    place.clock.forward(1000);
    expect(await some(place, Number.MAX_SAFE_INTEGER, began)).toMatchObject({ packs: 0, bytes: 0 });
    expect(await some(place, Number.MAX_SAFE_INTEGER)).toMatchObject({ packs: 3, bytes: place.store.size() });
    expect(new Set(Object.values(await verified(place)))).toEqual(new Set([place.clock()]));
  });

  it('comes to every pack in as many parts as there are shares', async () => {
    using place = await aStore();
    for (let at = 0; at < 12; at += 1) await place.take({ [`file-${at}`]: randomBytes(20_000 + at * 1000) });
    const share = Math.ceil((await place.store.size()) / 5);
    const began = place.clock();
    for (let day = 0; day < 5; day += 1) {
      place.clock.forward(86_400_000);
      await some(place, share);
    }
    for (const at of Object.values(await verified(place))) expect(at).toBeGreaterThan(began);
  });

  it('finds a damaged pack, names the file and the backup, and the next backup mends it', async () => {
    using place = await aStore();
    const files = { 'index.php': randomBytes(40_000) };
    const { id } = await place.take(files);
    await place.take({ other: randomBytes(40_000) });
    await some(place, Number.MAX_SAFE_INTEGER);
    const before = (await verified(place))[id];
    const [damagedFile] = packsOf(place.folder)
      .map((file) => ({ file, at: fs.statSync(file).mtimeMs }))
      .sort((a, b) => a.at - b.at);
    const bytes = fs.readFileSync(damagedFile?.file ?? '');
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    fs.writeFileSync(damagedFile?.file ?? '', bytes);
    place.clock.forward(1000);
    const { damage } = await some(place, Number.MAX_SAFE_INTEGER);
    expect(damage).toHaveLength(1);
    expect(damage[0]).toMatch(new RegExp(`^${id} index.php: `));
    expect((await verified(place))[id]).toBe(before);

    const mended = await place.take(files);
    expect(mended.addedBytes).toBeGreaterThan(30_000);
    expect((await place.store.verify([mended.id, id], never, quietly)).damage).toEqual([]);
  });

  it('says what is in no pack at all, also when it has nothing to read', async () => {
    using place = await aStore();
    const { id } = await place.take({ 'index.php': randomBytes(40_000) });
    for (const file of packsOf(place.folder)) fs.rmSync(file);
    await place.reopen();
    expect((await some(place, 1)).damage).toEqual([expect.stringContaining(id) as string]);
  });

  it('rests between packs, so that a backup and a prune come in between', async () => {
    using place = await aStore();
    await place.take({ one: randomBytes(30_000) });
    const doomed = await place.take({ two: randomBytes(30_000) });
    let rests = 0;
    const report = await readBackSome(
      place.store,
      {
        bytes: Number.MAX_SAFE_INTEGER,
        notSince: place.clock() + 1,
        async rest() {
          rests += 1;
          if (rests !== 2) return;
          await place.take({ three: randomBytes(30_000) });
          await place.store.remove(doomed.id);
          expect(await place.store.prune({ dryRun: false }, never, quietly)).toMatchObject({ deleted: 1 });
        },
      },
      never,
      quietly,
    );
    expect(report.damage).toEqual([]);
    expect(report.packs).toBeGreaterThan(0);
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
  });

  it('ends when it is cancelled', async () => {
    using place = await aStore();
    await place.take({ one: randomBytes(30_000) });
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(
      readBackSome(
        place.store,
        { bytes: 1e9, notSince: place.clock() + 1, rest: restless },
        abort.signal,
        quietly,
      ),
    ).rejects.toThrow('enough');
  });
});
