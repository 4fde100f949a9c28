import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keyFile,
  openStoreInThread,
  type SnapshotWriter,
  type Store,
} from '../../../../../main/backups/index.ts';
import { startStoreThread } from '../../../../../main/backups/store/thread/client.ts';
import { aTempFolder, type TempFolder } from '../../../../rig/index.ts';
import { aClock, never, quietly } from '../../../samples.ts';
import { siteId, stamp } from '../sample.ts';

let temp: TempFolder;
let store: Store;
const clock = aClock();
const open = () =>
  openStoreInThread(path.join(temp.path, 'store'), {
    clock,
    keeper: keyFile(path.join(temp.path, 'keys')),
  });

beforeEach(async () => {
  temp = aTempFolder('thread');
  store = await open();
});
afterEach(async () => {
  await store.close();
  temp.remove();
});

async function* inParts(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

const begin = () => store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
const counts = { files: 0, bytes: 0, moved: [], unreadable: [], database: null, databaseKind: null };

/** Hands over files as a pull does: the next one before the last one is stored. */
async function take(writer: SnapshotWriter, contents: readonly Uint8Array[], part: number) {
  const stored = [];
  for (const bytes of contents) stored.push((await writer.handOver(inParts(bytes, part))).stored);
  const files = await Promise.all(stored);
  const root = await writer.putTree(
    files.map(({ blobs, size }, at) => ({
      kind: 'file',
      name: `file ${String(at).padStart(6, '0')}`,
      ...stamp,
      size,
      blobs: [...blobs],
    })),
  );
  return writer.commit({ ...counts, root, files: files.length });
}

describe('a store in a thread', () => {
  it('keeps files apart that are handed over at once', async () => {
    const contents = Array.from({ length: 12 }, (_none, at) =>
      crypto.randomBytes(at % 3 === 0 ? 3_000_000 : 70_000),
    );
    await using writer = await begin();
    const handed = await Promise.all(contents.map((bytes) => writer.handOver(inParts(bytes, 10_000))));
    const stored = await Promise.all(handed.map((one) => one.stored));
    const entries = stored.map(({ blobs, size }, at) => ({
      ...{ kind: 'file' as const, name: `file ${String(at).padStart(2, '0')}`, ...stamp },
      ...{ size, blobs: [...blobs] },
    }));
    const { id } = await writer.commit({
      ...counts,
      root: await writer.putTree(entries),
      files: entries.length,
    });
    const snapshot = await store.open(id);
    for (const [at, bytes] of contents.entries())
      expect((await buffer(snapshot.read(stored[at]?.blobs ?? []))).equals(bytes)).toBe(true);
  });

  it('keeps every byte of empty, small and large files, however they come', async () => {
    const sizes = [0, 1, 1_048_575, 1_048_576, 1_048_577, 0, 20_000_000, 3, 5_000_000, 0];
    const contents = sizes.map((size) => crypto.randomBytes(size));
    for (const part of [700_001, 64 * 1024 * 1024]) {
      await using writer = await begin();
      const backup = await take(writer, contents, part);
      const snapshot = await store.open(backup.id);
      const tree = await snapshot.tree(snapshot.root);
      for (const [at, entry] of tree.entries()) {
        if (entry.kind !== 'file') throw new Error('a file was stored');
        expect(Buffer.compare(await buffer(snapshot.read(entry.blobs)), contents[at] ?? Buffer.of(1))).toBe(
          0,
        );
      }
      expect(tree).toHaveLength(sizes.length);
    }
  });

  it('takes thousands of small files without waiting for each', async () => {
    const contents = Array.from({ length: 5000 }, (_, at) => Buffer.from(`file ${at}`));
    await using writer = await begin();
    const backup = await take(writer, contents, 100);
    const last = await writer.last();
    expect(last.get('')?.entries).toHaveLength(5000);
    expect(last.get('')?.lost).toEqual([]);
    expect(await store.list()).toEqual([backup]);
    expect(await store.verify(null, never, quietly)).toMatchObject({ backups: 1, damage: [] });
  });

  it('writes many files at once, and tells which it could not', async () => {
    const contents = Array.from({ length: 300 }, (_, at) => crypto.randomBytes(at * 7));
    await using writer = await begin();
    const backup = await take(writer, [...contents, crypto.randomBytes(700_000)], 100_000);
    const snapshot = await store.open(backup.id);
    const tree = await snapshot.tree(snapshot.root);
    const folder = path.join(temp.path, 'restored');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, '7'), 'mine');
    const files = tree.map((entry, at) => {
      if (entry.kind !== 'file') throw new Error('a file was stored');
      // The blob of the last but one is in no pack.
      const blobs = at === 299 ? ['0'.repeat(64) as (typeof entry.blobs)[number]] : entry.blobs;
      return { target: path.join(folder, String(at)), blobs, modified: at === 3 ? null : 1_000_000.5 };
    });
    expect((await snapshot.writeFiles(files)).sort((a, b) => a - b)).toEqual([7, 299]);
    expect(fs.readdirSync(folder)).toHaveLength(300);
    expect(fs.readFileSync(path.join(folder, '7'), 'utf8')).toBe('mine');
    for (const [at, bytes] of contents.entries())
      if (at !== 7 && at !== 299) expect(fs.readFileSync(path.join(folder, String(at)))).toEqual(bytes);
    expect(fs.statSync(path.join(folder, '8'))).toMatchObject({ mtimeMs: 1_000_000_500, mode: 0o100600 });
    expect(fs.statSync(path.join(folder, '300')).size).toBe(700_000);
  });

  it('writes nothing of a file that is damaged in its pack', async () => {
    await using writer = await begin();
    const backup = await take(writer, [crypto.randomBytes(5000), crypto.randomBytes(5000)], 5000);
    const packs = path.join(temp.path, 'store', 'packs');
    for (const name of fs.readdirSync(packs, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.pack')) continue;
      const bytes = fs.readFileSync(path.join(packs, name));
      // In the first blob, whichever it is.
      bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
      fs.writeFileSync(path.join(packs, name), bytes);
    }
    const snapshot = await store.open(backup.id);
    const files = (await snapshot.tree(snapshot.root)).map((entry, at) => ({
      target: path.join(temp.path, `out-${at}`),
      blobs: entry.kind === 'file' ? entry.blobs : [],
      modified: null,
    }));
    const left = await snapshot.writeFiles(files);
    expect(left).toHaveLength(1);
    expect(files.map(({ target }) => fs.existsSync(target))).toEqual(
      files.map((_, at) => !left.includes(at)),
    );
  });

  it('a file that breaks off is none, and what comes after it is not taken for its rest', async () => {
    await using writer = await begin();
    const broken = async function* () {
      yield crypto.randomBytes(10);
      yield crypto.randomBytes(3_000_000);
      throw new Error('the connection broke');
    };
    const before = await writer.handOver(inParts(Buffer.from('before'), 2));
    await expect(writer.handOver(broken())).rejects.toThrow('the connection broke');
    const contents = [Buffer.from('after'), Buffer.alloc(0), crypto.randomBytes(2_000_000)];
    const backup = await take(writer, contents, 100_000);
    expect((await before.stored).size).toBe(6);
    const snapshot = await store.open(backup.id);
    for (const [at, entry] of (await snapshot.tree(snapshot.root)).entries())
      if (entry.kind === 'file')
        expect((await buffer(snapshot.read(entry.blobs))).equals(contents[at] ?? Buffer.of(1))).toBe(true);
  });

  it('dates a backup by the app’s clock', async () => {
    clock.forward(86_400_000);
    await using writer = await begin();
    const { takenAt } = await take(writer, [Buffer.from('x')], 10);
    expect(Math.abs(takenAt - clock())).toBeLessThan(60_000);
  });

  it('passes problems on as they are, and goes on', async () => {
    await expect(store.unlock('not a phrase')).resolves.toBeUndefined();
    await expect(store.remove('backup_000000' as never)).rejects.toMatchObject({ code: 'no-such-backup' });
    await expect(open()).rejects.toMatchObject({ code: 'store-in-use' });
    expect(await store.list()).toEqual([]);
  });

  it('ends a backup when the disk refuses, however much is still to come', async () => {
    fs.rmSync(path.join(temp.path, 'store', 'packs'), { recursive: true });
    fs.writeFileSync(path.join(temp.path, 'store', 'packs'), 'no folder');
    await using writer = await begin();
    const endless = async function* () {
      for (;;) yield crypto.randomBytes(1_000_000);
    };
    await expect(writer.put(endless())).rejects.toMatchObject({ code: 'store-unwritable' });
    await expect(writer.put(inParts(Buffer.from('more'), 1))).rejects.toMatchObject({
      code: 'store-unwritable',
    });
  });

  it('can be cancelled in the middle of a verification', async () => {
    await using writer = await begin();
    await take(writer, [crypto.randomBytes(120_000_000)], 1_000_000);
    const cancel = new AbortController();
    const verifying = store.verify(null, cancel.signal, () => cancel.abort());
    await expect(verifying).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('keeps the key where the app keeps keys', async () => {
    const phrase = await store.makePhrase();
    expect(store.state()).toMatchObject({ sealed: true, locked: false, hasPhrase: false, phraseWaits: true });
    await store.dropPhrase();
    expect(store.state()).toMatchObject({ phraseWaits: false });
    await expect(store.confirmPhrase(phrase)).rejects.toMatchObject({ code: 'phrase-not-waiting' });
    const kept = await store.makePhrase();
    await store.confirmPhrase(kept);
    expect(store.state()).toMatchObject({ sealed: true, locked: false, hasPhrase: true, phraseWaits: false });
    await store.close();
    fs.rmSync(path.join(temp.path, 'keys'), { recursive: true });
    store = await open();
    expect(store.state()).toMatchObject({ locked: true });
    await expect(store.list()).rejects.toMatchObject({ code: 'store-locked' });
    await store.unlock(kept);
    expect(await store.list()).toEqual([]);
    await store.close();
    store = await open();
    expect(store.state()).toMatchObject({ locked: false });
  });
});

describe('a thread that ends', () => {
  it('fails what it was asked, and all that is asked later', async () => {
    const thread = startStoreThread(clock, null);
    await thread.ask('open', [path.join(temp.path, 'other'), false]);
    const asked = thread.ask('verify', [null, 'deep']);
    asked.catch(() => {});
    const heard: unknown[] = [];
    thread.onTaken(7, ({ failed }) => heard.push(failed?.code));
    await thread.end();
    await expect(asked).rejects.toMatchObject({ code: 'store-thread-ended' });
    await expect(thread.ask('list', [undefined])).rejects.toMatchObject({ code: 'store-thread-ended' });
    expect(heard).toEqual(['store-thread-ended']);
  });
});
