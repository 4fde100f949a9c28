import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupId } from '../../../../main/words/index.ts';
import { never, quietly } from '../../samples.ts';
import { aStore, inHex, siteId } from './sample.ts';

const prune = (place: Awaited<ReturnType<typeof aStore>>, dryRun = false) =>
  place.store.prune({ dryRun }, never, quietly);
const packsOf = (folder: string) =>
  fs
    .readdirSync(path.join(folder, 'packs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pack'))
    .map((name) => path.join(folder, 'packs', name));
const sizeOf = (folder: string) => packsOf(folder).reduce((sum, file) => sum + fs.statSync(file).size, 0);

describe('pruning', () => {
  it('gives back what no backup needs, exactly as foretold, and keeps every byte of the others', async () => {
    const content = Array.from({ length: 8 }, (_, at) => randomBytes(2000 + at * 30_000));
    const choice = fc.array(fc.nat(7), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(choice, fc.boolean()), { minLength: 1, maxLength: 8 }),
        async (backups) => {
          using place = await aStore();
          const kept: [BackupId, Record<string, string>][] = [];
          for (const [chosen, stays] of backups) {
            const files = Object.fromEntries(
              chosen.map((at) => [`file-${at}`, content[at] ?? Buffer.alloc(0)]),
            );
            const { id } = await place.take(files);
            if (stays) kept.push([id, inHex(files)]);
            else await place.store.remove(id);
          }
          const before = sizeOf(place.folder);
          const foretold = await prune(place, true);
          expect(sizeOf(place.folder)).toBe(before);
          const report = await prune(place);
          expect(report).toEqual(foretold);
          expect(sizeOf(place.folder)).toBe(before - report.freed);
          expect(report.bytes).toBe(sizeOf(place.folder));
          if (kept.length === 0) expect(sizeOf(place.folder)).toBe(0);
          for (const again of [false, true]) {
            if (again) await place.reopen();
            for (const [id, files] of kept) expect(await place.contentOf(id)).toEqual(files);
            expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
          }
          expect(await prune(place)).toMatchObject({ deleted: 0, freed: 0 });
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('tells beforehand what removing a backup would give', async () => {
    using place = await aStore();
    const { id } = await place.take({ big: randomBytes(500_000) });
    await place.take({ other: randomBytes(1000) });
    expect((await prune(place, true)).freed).toBe(0);
    const foretold = await place.store.prune({ dryRun: true, without: [id] }, never, quietly);
    expect(foretold.freed).toBeGreaterThan(500_000);
    await place.store.remove(id);
    expect((await prune(place)).freed).toBe(foretold.freed);
  });

  it('throws nothing away while a backup cannot be read', async () => {
    using place = await aStore();
    const gone = await place.take({ gone: randomBytes(100_000) });
    const bad = await place.take({ bad: Buffer.from('bad') });
    await place.store.remove(gone.id);
    fs.truncateSync(path.join(place.folder, 'snapshots', `${bad.id}.snapshot`), 60);
    await place.reopen();
    const before = sizeOf(place.folder);
    await expect(prune(place)).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringContaining('nothing was thrown away') as string,
    });
    expect(sizeOf(place.folder)).toBe(before);
  });

  it('waits for backups that are being taken, and lets reading go on', async () => {
    using place = await aStore();
    const shared = randomBytes(50_000);
    const old = await place.take({ shared });
    await place.store.remove(old.id);
    const writer = await place.store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
    const stored = await writer.put(
      (async function* () {
        yield shared;
      })(),
    );
    let pruned = false;
    const pruning = prune(place).then(() => (pruned = true));
    const root = await writer.putTree([
      {
        kind: 'file',
        name: 'shared',
        mode: 0o644,
        mtime: '1',
        ctime: '1',
        inode: '1',
        size: stored.size,
        blobs: [...stored.blobs],
      },
    ]);
    expect(pruned).toBe(false);
    const backup = await writer.commit({
      root,
      database: null,
      databaseKind: null,
      files: 1,
      bytes: stored.size,
      moved: [],
      unreadable: [],
    });
    await pruning;
    expect(await place.contentOf(backup.id)).toEqual(inHex({ shared }));
  });

  it('that was cut off between laying a pack aside and deleting it loses nothing', async () => {
    using place = await aStore();
    const files = { one: randomBytes(40_000) };
    const { id } = await place.take(files);
    await place.store.close();
    const [pack = ''] = packsOf(place.folder);
    fs.mkdirSync(path.join(place.folder, 'aside'));
    fs.renameSync(pack, path.join(place.folder, 'aside', path.basename(pack)));
    await place.reopen();
    expect(await place.contentOf(id)).toEqual(inHex(files));
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
  });

  it('reads while packs are rewritten under the reader', async () => {
    using place = await aStore();
    const stays = randomBytes(200_000);
    const gone = await place.take({ gone: randomBytes(400_000), stays });
    const { id } = await place.take({ stays });
    await place.store.remove(gone.id);
    const reading = Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        await new Promise((resolve) => setTimeout(resolve, at));
        return place.contentOf(id);
      }),
    );
    await prune(place);
    for (const content of await reading) expect(content).toEqual(inHex({ stays }));
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
  });
});
