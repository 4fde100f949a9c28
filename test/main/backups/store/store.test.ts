import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keyFile,
  openStore,
  type Backup,
  type KeyKeeper,
  type Snapshot,
  type Store,
  type TreeEntry,
} from '../../../../main/backups/index.ts';
import { type BackupId, newBackupId, SiteId } from '../../../../main/words/index.ts';
import { aTempFolder, type TempFolder } from '../../../rig/index.ts';
import { aClock, never, quietly } from '../../samples.ts';

const siteId = SiteId.parse('site_bakery0');
const clock = aClock();
const stamp = { mode: 0o644, mtime: '1700000000.5', ctime: '1700000000.5', inode: '7' };

let temp: TempFolder;
let folder: string;
let store: Store;
let keeper: KeyKeeper | null;
beforeEach(async () => {
  temp = aTempFolder('store');
  folder = path.join(temp.path, 'store');
  keeper = keyFile(path.join(temp.path, 'store.key'));
  store = await openStore(folder, { clock, keeper });
});
afterEach(async () => {
  await store.close();
  temp.remove();
});

async function* inParts(bytes: Uint8Array, part: number) {
  for (let from = 0; from < bytes.length; from += part) yield Buffer.from(bytes.subarray(from, from + part));
}

/** A backup of some files in one folder, by name. */
async function take(files: Readonly<Record<string, Uint8Array>>, part = 64 * 1024): Promise<Backup> {
  clock.forward(1000);
  const writer = await store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
  const entries: TreeEntry[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const { blobs, size } = await writer.put(inParts(bytes, part));
    entries.push({ kind: 'file', name, ...stamp, size, blobs: [...blobs] });
  }
  const root = await writer.putTree(entries);
  return writer.commit({
    root,
    database: null,
    databaseKind: null,
    files: entries.length,
    bytes: 0,
    moved: [],
    unreadable: [],
  });
}

async function contentOf(snapshot: Snapshot): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const entry of await snapshot.tree(snapshot.root)) {
    if (entry.kind === 'file')
      content[entry.name] = (await buffer(snapshot.read(entry.blobs))).toString('hex');
  }
  return content;
}

const inHex = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
  );
const packs = () =>
  fs
    .readdirSync(path.join(folder, 'packs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pack'))
    .map((name) => path.join(folder, 'packs', name));
const reopen = async () => {
  await store.close();
  store = await openStore(folder, { clock, keeper });
};
const damage = async () => (await store.verify(null, never, quietly)).damage;

describe('the store', () => {
  it('gives back every byte that it was given, in whatever pieces they came', async () => {
    const file = fc.tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.oneof(
        fc.nat(200),
        fc.constantFrom(0, 63, 64, 65, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 2_500_000),
      ),
      fc.boolean(),
    );
    const one = file.map(([byte, size, mixed]) =>
      Uint8Array.from({ length: size }, (_, index) => (mixed ? (index * 2654435761 + byte) >>> 13 : byte)),
    );
    const files = fc.dictionary(
      fc.string({ unit: fc.constantFrom(...'abé日\uDCFF\n\'"\\ .'), minLength: 1, maxLength: 8 }),
      one,
      { maxKeys: 5 },
    );
    await fc.assert(
      fc.asyncProperty(files, fc.constantFrom(1000, 65_536, 3_000_000), async (given, part) => {
        const { id } = await take(given, part);
        expect(await contentOf(await store.open(id))).toEqual(inHex(given));
      }),
      { numRuns: 40 },
    );
    expect(await damage()).toEqual([]);
  }, 60_000);

  it('stores the same bytes once', async () => {
    const first = await take({ one: Buffer.alloc(500_000, 'abc'), two: Buffer.alloc(500_000, 'abc') });
    const second = await take({ other: Buffer.alloc(500_000, 'abc') });
    expect(first.addedBytes).toBeLessThan(2_000);
    expect(second.addedBytes).toBeLessThan(1_000);
  });

  it('lists the newest backup first, and each site’s own', async () => {
    const first = await take({ one: Buffer.from('1') });
    const second = await take({ two: Buffer.from('2') });
    expect((await store.list(siteId)).map((backup) => backup.id)).toEqual([second.id, first.id]);
    expect(await store.list(SiteId.parse('site_another'))).toEqual([]);
  });

  it('shows a backup only once it is whole', async () => {
    const writer = await store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
    await writer.put(inParts(Buffer.from('half a backup'), 100));
    expect(await store.list()).toEqual([]);
    await expect(store.open(writer.id)).rejects.toMatchObject({ code: 'no-such-backup' });
  });

  it('forgets a backup that is removed, and keeps the others whole', async () => {
    const first = await take({ same: Buffer.alloc(100_000, 'x'), one: Buffer.from('1') });
    const second = await take({ same: Buffer.alloc(100_000, 'x') });
    await store.remove(first.id);
    expect((await store.list()).map((backup) => backup.id)).toEqual([second.id]);
    expect(await damage()).toEqual([]);
    await expect(store.remove(first.id)).rejects.toMatchObject({ code: 'no-such-backup' });
  });

  it('does not know a backup that there is not', async () => {
    await expect(store.open(newBackupId())).rejects.toMatchObject({ code: 'no-such-backup' });
  });

  it('leaves a store of a newer Groundskeeper alone', async () => {
    await store.close();
    fs.writeFileSync(path.join(folder, 'config.json'), '{"format":3}');
    await expect(openStore(folder, { clock, keeper })).rejects.toMatchObject({ code: 'store-newer' });
  });

  it('is readable for nobody else', async () => {
    await take({ secret: Buffer.from('secret') });
    const files = [
      folder + '/packs',
      folder + '/snapshots',
      ...packs(),
      ...fs.readdirSync(path.join(folder, 'snapshots')).map((name) => path.join(folder, 'snapshots', name)),
    ];
    expect(files.filter((file) => (fs.statSync(file).mode & 0o077) !== 0)).toEqual([]);
  });

  it('remembers which backups were verified', async () => {
    const { id } = await take({ one: Buffer.from('1') });
    await store.verify([id], never, quietly);
    expect((await store.list())[0]?.verifiedAt).toBe(clock());
    await reopen();
    expect((await store.list())[0]?.verifiedAt).toBe(clock());
  });

  it('stops verifying when it is cancelled', async () => {
    await take({ one: Buffer.from('1') });
    await expect(store.verify(null, AbortSignal.abort(), quietly)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('damage', () => {
  const files = {
    'index.php': Buffer.from('<?php // the front page, long enough to be compressed, compressed, compressed'),
    noise: randomBytes(50_000),
  };

  /** What can still be read, by name; what is refused as damaged is left out. */
  async function readable(id: BackupId): Promise<Record<string, string>> {
    const content: Record<string, string> = {};
    const snapshot = await store.open(id);
    for (const entry of await refusedOr(snapshot.tree(snapshot.root), [])) {
      const hex =
        entry.kind === 'file'
          ? await refusedOr(
              buffer(snapshot.read(entry.blobs)).then((bytes) => bytes.toString('hex')),
              null,
            )
          : null;
      if (hex !== null) content[entry.name] = hex;
    }
    return content;
  }
  const refusedOr = <T>(reading: Promise<T>, otherwise: T): Promise<T> =>
    reading.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'store-damaged' });
      return otherwise;
    });
  const withoutIndex = async () => {
    await store.close();
    for (const suffix of ['', '-wal', '-shm'])
      fs.rmSync(path.join(folder, `index.db${suffix}`), { force: true });
    store = await openStore(folder, { clock, keeper });
  };

  it('of a single byte, anywhere in a pack, never gives wrong bytes, with the index or without', async () => {
    const { id } = await take(files);
    const [pack = ''] = packs();
    const good = fs.readFileSync(pack);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bad = Buffer.from(good);
        bad.writeUInt8(good.readUInt8(at) ^ change, at);
        fs.writeFileSync(pack, bad);
        expect(inHex(files)).toMatchObject(await readable(id));
        expect((await damage()).filter((line) => !line.startsWith(`${id} `))).toEqual([]);
        await withoutIndex();
        expect(inHex(files)).toMatchObject(await readable(id));
        fs.writeFileSync(pack, good);
        await withoutIndex();
        expect(await damage()).toEqual([]);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it('of one file’s bytes is named by backup and path', async () => {
    const { id } = await take(files);
    const [pack = ''] = packs();
    const bytes = fs.readFileSync(pack);
    bytes.writeUInt8(bytes.readUInt8(20_000) ^ 1, 20_000);
    fs.writeFileSync(pack, bytes);
    expect(await damage()).toEqual([expect.stringMatching(`^${id} noise: blob`)]);
  });

  it('by cutting a pack is found', async () => {
    const { id } = await take(files);
    const [pack = ''] = packs();
    fs.truncateSync(pack, 100);
    expect((await damage()).join('\n')).toContain(id);
  });

  it('by deleting a pack is found, also after the store was opened anew, and the store still opens', async () => {
    const { id } = await take(files);
    fs.rmSync(packs()[0] ?? '');
    expect((await damage()).join('\n')).toContain(id);
    await reopen();
    expect((await damage()).join('\n')).toContain(id);
  });

  it('of one backup does not keep the others from being listed, read and taken', async () => {
    const bad = await take({ one: Buffer.from('one') });
    const good = await take({ two: Buffer.from('two') });
    fs.writeFileSync(path.join(folder, 'snapshots', `${bad.id}.snapshot`), 'GKS2 cut');
    await reopen();
    expect((await store.list()).map((backup) => backup.id)).toContain(good.id);
    expect(await contentOf(await store.open(good.id))).toEqual(inHex({ two: Buffer.from('two') }));
    expect((await damage()).join('\n')).toContain(bad.id);
  });

  it('of a pack does not keep the store from opening, and the next backup is whole', async () => {
    await take(files);
    const [pack = ''] = packs();
    fs.truncateSync(pack, 100);
    await withoutIndex();
    const next = await take(files);
    expect(await contentOf(await store.open(next.id))).toEqual(inHex(files));
  });

  it('of a database’s index is mended from the packs', async () => {
    const { id } = await take(files);
    await withoutIndex();
    expect(await contentOf(await store.open(id))).toEqual(inHex(files));
    await store.close();
    for (const suffix of ['-wal', '-shm']) fs.rmSync(path.join(folder, `index.db${suffix}`), { force: true });
    fs.writeFileSync(path.join(folder, 'index.db'), 'this is no database');
    store = await openStore(folder, { clock, keeper });
    expect(await contentOf(await store.open(id))).toEqual(inHex(files));
    expect((await take(files)).addedBytes).toBeLessThan(1_000);
  });

  it('that was found makes the next backup store anew what is damaged', async () => {
    await take(files);
    const [pack = ''] = packs();
    const bytes = fs.readFileSync(pack);
    bytes.writeUInt8(bytes.readUInt8(20_000) ^ 1, 20_000);
    fs.writeFileSync(pack, bytes);
    expect(await damage()).not.toEqual([]);
    const next = await take(files);
    expect(await contentOf(await store.open(next.id))).toEqual(inHex(files));
  });
});
