import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TreeEntry } from '../../../../../main/backups/index.ts';
import { keysOf } from '../../../../../main/backups/store/keys.ts';
import { readPackTable } from '../../../../../main/backups/store/pack.ts';
import type { BackupId } from '../../../../../main/words/index.ts';
import { never, quietly } from '../../../samples.ts';
import { aStore, siteId, stamp } from '../sample.ts';

/** Contents that are each one blob, by the path that damage to it is to be named by. */
const CONTENTS = {
  'readme.txt': Buffer.from('What every visitor may read.'),
  'wp-content/style.css': Buffer.from('body { color: black; } '.repeat(9)),
  database: Buffer.from("INSERT INTO posts VALUES (1,'Hello');\n".repeat(4)),
};

async function* once(bytes: Buffer) {
  yield bytes;
}

describe('every byte of a small store', () => {
  let place: Awaited<ReturnType<typeof aStore>>;
  let id: BackupId;
  /** All files of the store but the index, which is a cache. */
  let files: readonly string[];
  let pack: string;
  beforeAll(async () => {
    place = await aStore();
    await using writer = await place.store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
    const put = async (name: keyof typeof CONTENTS) => writer.put(once(CONTENTS[name]));
    const file = async (name: keyof typeof CONTENTS): Promise<TreeEntry> => {
      const { blobs, size } = await put(name);
      return { kind: 'file', name: path.posix.basename(name), ...stamp, size, blobs: [...blobs] };
    };
    const below = await writer.putTree([await file('wp-content/style.css')]);
    const root = await writer.putTree([
      await file('readme.txt'),
      { kind: 'folder', name: 'wp-content', ...stamp, tree: below },
    ]);
    const { blobs, size } = await put('database');
    const backup = await writer.commit({
      root,
      database: { kind: 'mysql', blobs: [...blobs], size, tables: [] },
      databaseKind: 'mariadb',
      files: 2,
      bytes: 0,
      moved: [],
      unreadable: [],
    });
    ({ id } = backup);
    await place.store.mark(id, { pin: { at: 1, note: 'keep' } });
    await place.store.confirmPhrase(await place.store.makePhrase());
    await place.store.makePhrase();
    files = fs
      .readdirSync(place.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(pack|snapshot|mark)$|config\.json$/.test(name));
    expect(files).toHaveLength(4);
    pack = files.find((name) => name.endsWith('.pack')) ?? '';
  });
  afterAll(() => place.close());

  const at = (name: string) => path.join(place.folder, name);
  const damage = async () => (await place.store.verify(null, never, quietly)).damage;
  /** What is found while a file is other than it should be. */
  async function foundWith(name: string, bytes: Buffer | null): Promise<readonly string[]> {
    const good = fs.readFileSync(at(name));
    if (bytes === null) fs.rmSync(at(name));
    else fs.writeFileSync(at(name), bytes);
    try {
      return await damage();
    } finally {
      fs.writeFileSync(at(name), good);
      // What was found damaged is forgotten, until it is looked for again.
      await place.store.rebuildIndex();
    }
  }

  /** What damage at a byte of the pack is to be named by. */
  async function namesOfPack(): Promise<(byte: number) => RegExp> {
    const bytes = fs.readFileSync(at(pack));
    const master = JSON.parse(
      fs.readFileSync(path.join(path.dirname(place.folder), 'keys'), 'utf8'),
    ) as Record<string, string>;
    const keys = keysOf(Buffer.from(Object.values(master)[0] ?? '', 'base64'));
    const { places } = await readPackTable('', bytes.length, keys, async (from, length) =>
      bytes.subarray(from, from + length),
    );
    const paths = new Map(
      Object.entries(CONTENTS).map(([name, content]) => [keys.blobId(content) as string, name]),
    );
    const snapshot = await place.store.open(id);
    paths.set(snapshot.root, '/');
    for (const entry of await snapshot.tree(snapshot.root))
      if (entry.kind === 'folder') paths.set(entry.tree, 'wp-content');
    return (byte) => {
      const hit = places.find(({ offset, stored }) => byte >= offset && byte < offset + stored);
      const name = hit === undefined ? undefined : paths.get(hit.id);
      // The salt at the beginning is part of every blob's key; headers and the table name the pack.
      const salt = byte >= 8 && byte < 40;
      if (name === undefined && !salt) return new RegExp(path.basename(pack, '.pack'));
      return new RegExp(`^${id} ${name ?? '/'}: blob`);
    };
  }

  const NAMED: Readonly<Record<string, (byte?: number) => RegExp>> = {
    snapshot: () => new RegExp(`^${id} .*snapshots/${id}\\.snapshot`),
    mark: () => new RegExp(`^${id} .*marks/${id}\\.1\\.mark`),
    json: () => /config\.json/,
  };
  const ending = (name: string) => name.split('.').at(-1) ?? '';

  it.each(['pack', 'snapshot', 'mark', 'json'])(
    'flipped in the %s is found by verification, and named',
    async (kind) => {
      const name = files.find((one) => ending(one) === kind) ?? '';
      const good = fs.readFileSync(at(name));
      const named = kind === 'pack' ? await namesOfPack() : (NAMED[kind] ?? (() => /$^/));
      const missed: string[] = [];
      for (const byte of good.keys()) {
        const bad = Buffer.from(good);
        bad.writeUInt8(good.readUInt8(byte) ^ (1 << (byte % 8)), byte);
        const found = await foundWith(name, bad);
        const expected = named(byte);
        if (!found.some((line) => expected.test(line))) missed.push(`byte ${byte}: ${found.join(' / ')}`);
      }
      expect(missed).toEqual([]);
      expect(await damage()).toEqual([]);
    },
  );

  it.each(['pack', 'snapshot', 'mark', 'json'])(
    'cut off the %s is found, at whatever length, and so is the file that is not there',
    async (kind) => {
      const name = files.find((one) => ending(one) === kind) ?? '';
      const good = fs.readFileSync(at(name));
      const named = kind === 'pack' ? new RegExp(`^${id} `) : (NAMED[kind]?.() ?? /$^/);
      const missed: string[] = [];
      for (const length of [null, ...good.keys()]) {
        const found = await foundWith(name, length === null ? null : good.subarray(0, length));
        if (!found.some((line) => named.test(line))) missed.push(`length ${length}: ${found.join(' / ')}`);
      }
      expect(missed).toEqual([]);
      expect(await damage()).toEqual([]);
    },
  );

  it.each(['snapshot', 'mark'])('of a %s that is gone is missed after a start as well', async (kind) => {
    const name = files.find((one) => ending(one) === kind) ?? '';
    const good = fs.readFileSync(at(name));
    fs.rmSync(at(name));
    await place.reopen();
    expect((await damage()).join('\n')).toMatch(new RegExp(`^${id} .*${path.basename(name)}`, 'm'));
    fs.writeFileSync(at(name), good);
    await place.reopen();
    expect(await damage()).toEqual([]);
  });

  it.each([0, 1, 40])('of an index is only a cache: cut to %i bytes it is made anew', async (length) => {
    await place.store.close();
    fs.truncateSync(at('index.db'), length);
    await place.reopen();
    expect(await damage()).toEqual([]);
    expect((await place.store.list()).map((backup) => backup.id)).toEqual([id]);
  });

  it('of config.json that no longer says what the store is keeps it from opening, in words', async () => {
    const good = fs.readFileSync(at('config.json'));
    fs.writeFileSync(at('config.json'), good.subarray(0, -20));
    await expect(place.reopen()).rejects.toMatchObject({
      code: 'store-damaged',
      attempted: expect.stringContaining('config.json') as string,
    });
    fs.writeFileSync(at('config.json'), good);
    await place.reopen();
    expect(await damage()).toEqual([]);
  });
});
