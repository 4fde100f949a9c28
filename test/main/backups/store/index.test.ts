import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openIndex } from '../../../../main/backups/store/index-db.ts';
import { Sha256 } from '../../../../main/words/index.ts';
import { aTempFolder } from '../../../rig/index.ts';
import { never, quietly } from '../../samples.ts';
import { aStore } from './sample.ts';

type Place = Awaited<ReturnType<typeof aStore>>;

/** Every row that says where something is, read apart from the store, which lets nobody else at it while it is open. */
async function rowsOf(place: Place): Promise<{ packs: unknown[]; blobs: unknown[]; records: unknown[] }> {
  await place.store.close();
  const db = new DatabaseSync(path.join(place.folder, 'index.db'), { readOnly: true });
  try {
    return {
      packs: db.prepare('SELECT name, size, hex(salt) AS salt FROM packs ORDER BY name').all(),
      blobs: db
        .prepare(
          `SELECT hex(id) AS id, name, offset, stored, raw, codec
           FROM blobs JOIN packs ON packs.number = blobs.pack ORDER BY id`,
        )
        .all(),
      records: db.prepare('SELECT name FROM records ORDER BY name').all(),
    };
  } finally {
    db.close();
    await place.reopen();
  }
}

async function withoutIndex(place: Place): Promise<void> {
  await place.store.close();
  for (const suffix of ['', '-wal', '-shm'])
    fs.rmSync(path.join(place.folder, `index.db${suffix}`), { force: true });
  await place.reopen();
}

const files = (...numbers: number[]) =>
  Object.fromEntries(numbers.map((number) => [`file-${number}`, contents[number] ?? Buffer.alloc(0)]));
const contents = Array.from({ length: 6 }, (_, at) => randomBytes(1000 + at * 20_000));

it('an index asked for thousands of blobs at once lacks exactly those that it does not have', () => {
  const temp = aTempFolder('index');
  const index = openIndex(path.join(temp.path, 'index.db'));
  const ids = Array.from({ length: 3000 }, () => Sha256.parse(randomBytes(32).toString('hex')));
  index.add(
    { name: 'pack', size: 1, salt: Buffer.alloc(32) },
    ids.filter((_, at) => at % 3 !== 0).map((id) => ({ id, offset: 0, stored: 1, raw: 1, codec: 0 })),
  );
  for (const id of ids.slice(0, 9)) index.forgetBlob(id);
  const missing = ids.filter((id) => !index.has(id));
  expect(missing).toHaveLength(1000 + 6);
  expect(index.lacks(ids)).toEqual(new Set(missing));
  expect(index.lacks([])).toEqual(new Set());
  index.close();
  temp.remove();
});

describe('an index that is made anew from the packs', () => {
  it('is row for row the one that was kept, also after a prune', async () => {
    using place = await aStore();
    const first = await place.take(files(0, 1, 2, 5));
    const second = await place.take(files(1, 2, 3, 4));
    await place.store.mark(second.id, { pin: { at: 1, note: 'keep' } });
    for (const pruned of [false, true]) {
      if (pruned) {
        await place.store.remove(first.id);
        expect(await place.store.prune({ dryRun: false }, never, quietly)).toMatchObject({ rewritten: 1 });
      }
      const kept = await rowsOf(place);
      expect(kept.blobs.length).toBeGreaterThan(4);
      await place.store.rebuildIndex();
      expect(await rowsOf(place)).toEqual(kept);
      await withoutIndex(place);
      expect(await rowsOf(place)).toEqual(kept);
    }
  });

  it('knows each blob once where it lies in two packs, and every one of them is read', async () => {
    using place = await aStore();
    const { id } = await place.take(files(0, 5));
    // A pack that the index has lost makes the next backup store the same anew.
    const packs = path.join(place.folder, 'packs');
    await place.store.close();
    fs.renameSync(packs, `${packs}-away`);
    await place.reopen();
    await place.take(files(0, 5));
    await place.store.close();
    fs.cpSync(`${packs}-away`, packs, { recursive: true });
    await place.reopen();
    const kept = await rowsOf(place);
    expect(kept.packs).toHaveLength(2);
    await place.store.rebuildIndex();
    expect(await rowsOf(place)).toEqual(kept);
    await withoutIndex(place);
    // Which of the two is found first is not said, but each blob is found, in one that has it.
    const ids = (rows: typeof kept) => rows.blobs.map((row) => (row as { id: string }).id);
    expect(ids(await rowsOf(place))).toEqual(ids(kept));
    expect(Object.keys(await place.contentOf(id))).toEqual(['file-0', 'file-5']);
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
  });

  it('has found again what was forgotten as damaged, once that is whole', async () => {
    using place = await aStore();
    await place.take(files(3));
    const kept = await rowsOf(place);
    const [pack = ''] = fs
      .readdirSync(path.join(place.folder, 'packs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pack'))
      .map((name) => path.join(place.folder, 'packs', name));
    const good = fs.readFileSync(pack);
    const bad = Buffer.from(good);
    bad.writeUInt8(good.readUInt8(5000) ^ 1, 5000);
    fs.writeFileSync(pack, bad);
    expect((await place.store.verify(null, never, quietly)).damage).toHaveLength(1);
    expect((await rowsOf(place)).blobs.length).toBe(kept.blobs.length - 1);
    fs.writeFileSync(pack, good);
    await place.store.rebuildIndex();
    expect(await rowsOf(place)).toEqual(kept);
  });
});
