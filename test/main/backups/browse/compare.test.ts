import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  backupBefore,
  changesBetween,
  compareBackups,
  type Snapshot,
} from '../../../../main/backups/index.ts';
import { SiteId } from '../../../../main/words/index.ts';
import { aShelf, type Folder, type Shelf } from './snapshots.ts';

let shelf: Shelf;
beforeAll(async () => {
  shelf = await aShelf();
});
afterAll(() => shelf[Symbol.asyncDispose]());

async function changes(before: Snapshot, after: Snapshot, path?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { change, path: at } of changesBetween(before, after, path)) found.push(`${change} ${at}`);
  return found;
}

/** A snapshot that counts the folders and contents that are read of it. */
function counting(snapshot: Snapshot): Snapshot & { reads: number } {
  const counted = {
    ...snapshot,
    reads: 0,
    tree(id: Snapshot['root']) {
      counted.reads += 1;
      return snapshot.tree(id);
    },
    read(blobs: Parameters<Snapshot['read']>[0]) {
      counted.reads += 1;
      return snapshot.read(blobs);
    },
  };
  return counted;
}

const plugin = (version: string): Folder => ({
  'akismet.php': `<?php // ${version}`,
  views: { in: { 'start.php': 'start' } },
});

describe('what differs between two backups', () => {
  it('is what was added, changed and deleted, folder by folder', async () => {
    const before = await shelf.take({
      'index.php': 'one',
      'old.php': 'old',
      plugins: { in: { akismet: { in: plugin('5.2') }, hello: { in: { 'hello.php': 'hi' } } } },
    });
    const after = await shelf.take({
      'index.php': 'one',
      'new.php': 'new',
      plugins: { in: { akismet: { in: plugin('5.3.1') }, empty: { in: {} } } },
    });
    expect(await changes(before, after)).toEqual([
      'added new.php',
      'deleted old.php',
      'changed plugins/akismet/akismet.php',
      'added plugins/empty',
      'deleted plugins/hello/hello.php',
    ]);
  });

  it('is who may do what with a file or folder, and where a link points', async () => {
    const before = await shelf.take({
      'wp-config.php': { file: 'secret', mode: 0o644 },
      uploads: { in: { 'a.txt': 'a' }, mode: 0o755 },
      current: { link: 'releases/1' },
      same: { link: 'releases/1' },
    });
    const after = await shelf.take({
      'wp-config.php': { file: 'secret', mode: 0o600 },
      uploads: { in: { 'a.txt': 'a' }, mode: 0o777 },
      current: { link: 'releases/2' },
      same: { link: 'releases/1' },
    });
    expect(await changes(before, after)).toEqual(['target current', 'mode uploads', 'mode wp-config.php']);
  });

  it('is not a file that was only touched', async () => {
    const before = await shelf.take({ 'a.php': { file: 'a', mtime: '1700000000.0' } });
    const after = await shelf.take({ 'a.php': { file: 'a', mtime: '1800000000.0' } });
    expect(await changes(before, after)).toEqual([]);
  });

  it('is one line where a file became a link or a folder, and what is in the folder', async () => {
    const before = await shelf.take({ a: 'file', b: 'file', c: { in: {} } });
    const after = await shelf.take({ a: { link: 'b' }, b: { in: { 'x.php': 'x' } }, c: 'file' });
    expect(await changes(before, after)).toEqual(['changed a', 'changed b', 'added b/x.php', 'changed c']);
  });

  it('is not known of what one of both could not read', async () => {
    const root = { 'a.php': 'a', private: { in: { 'contract.pdf': 'x' } } };
    const before = await shelf.take(root);
    const after = await shelf.take({ 'a.php': 'a', private: { in: {} } }, { unreadable: ['private'] });
    expect(await changes(before, after)).toEqual(['unread private/contract.pdf']);
    expect(await changes(after, before)).toEqual(['unread private/contract.pdf']);
  });

  it('is found for one folder or one file alone; a path that neither has is refused', async () => {
    const before = await shelf.take({ a: { in: { 'x.php': '1' } }, b: { in: { 'y.php': '1' } } });
    const after = await shelf.take({ a: { in: { 'x.php': '2' } }, b: { in: { 'y.php': '2' } } });
    expect(await changes(before, after, 'a')).toEqual(['changed a/x.php']);
    expect(await changes(before, after, 'b/y.php')).toEqual(['changed b/y.php']);
    await expect(changes(before, after, 'c')).rejects.toMatchObject({ code: 'no-such-path' });
  });

  it('is counted in full although only the first are listed', async () => {
    const before = await shelf.take({});
    const after = await shelf.take({ a: '1', b: '2', c: '3' });
    const { changes: listed, truncated, counts } = await compareBackups(before, after, { limit: 2 });
    expect({ listed: listed.length, truncated, added: counts.added }).toEqual({
      listed: 2,
      truncated: true,
      added: 3,
    });
  });

  it('is found without reading folders that are the same', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, at) => [`plugin-${at}`, { in: plugin(String(at)) }]),
    );
    const before = counting(await shelf.take({ plugins: { in: many }, 'index.php': '1' }));
    const after = counting(await shelf.take({ plugins: { in: many }, 'index.php': '22' }));
    expect(await changes(before, after)).toEqual(['changed index.php']);
    expect([before.reads, after.reads]).toEqual([1, 1]);
  });

  it('is nothing where the same bytes were cut otherwise', async () => {
    const snapshot = await shelf.take({ 'big.sql': Buffer.alloc(2_500_000, 'abcdefg') });
    const [entry] = await snapshot.tree(snapshot.root);
    if (entry?.kind !== 'file') throw new TypeError('not a file');
    const otherwise: Snapshot = {
      ...snapshot,
      root: (await shelf.take({ other: 'root' })).root,
      tree: async () => [{ ...entry, blobs: entry.blobs.slice(0, 1) }],
      async *read() {
        for (let at = 0; at < entry.size; at += 700_001)
          yield Buffer.alloc(2_500_000, 'abcdefg').subarray(at, at + 700_001);
      },
    };
    expect(await changes(snapshot, otherwise)).toEqual([]);
  });

  it('leads from one to the other, whatever they hold', async () => {
    const name = fc.constantFrom('a', 'b', 'ü', '日', 'x\uDCFF');
    const { folder } = fc.letrec<{ folder: Folder; node: Folder[string] }>((tie) => ({
      folder: fc.dictionary(name, tie('node'), { maxKeys: 4 }),
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('', 'one', 'two'),
        fc.constantFrom({ link: 'a' }, { link: 'b' }),
        tie('folder').map((content) => ({ in: content })),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(folder, folder, async (one, other) => {
        const [before, after] = [await shelf.take(one), await shelf.take(other)];
        const there = await changes(before, after);
        const turned = { added: 'deleted', deleted: 'added' } as Record<string, string>;
        const back = (await changes(after, before)).map((line) =>
          line.replace(/^\w+/, (change) => turned[change] ?? change),
        );
        expect(back).toEqual(there);
        expect(await changes(before, before)).toEqual([]);
        const [olds, nows] = [thingsIn(one), thingsIn(other)];
        const differ = [...new Set([...olds.keys(), ...nows.keys()])].filter((path) => {
          const both = [olds.get(path), nows.get(path)];
          return (
            !(both.every((thing) => thing?.endsWith('folder')) || both[0] === both[1]) &&
            !(both.includes('full folder') && both.includes(undefined))
          );
        });
        const told = there.map((line) => line.slice(line.indexOf(' ') + 1));
        expect(told.sort()).toEqual(differ.sort());
      }),
      { numRuns: 60 },
    );
  });
});

/** Every path with what is there. */
function thingsIn(folder: Folder, below = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, node] of Object.entries(folder)) {
    const path = `${below}${name}`;
    if (typeof node === 'object' && 'in' in node) {
      found.set(path, Object.keys(node.in).length > 0 ? 'full folder' : 'empty folder');
      for (const [inner, leaf] of thingsIn(node.in, `${path}/`)) found.set(inner, leaf);
    } else {
      found.set(path, JSON.stringify(node));
    }
  }
  return found;
}

describe('the databases of two backups', () => {
  it('differ table by table', async () => {
    const posts = (rows: number) => ({
      sql: `-- ${rows}`,
      tables: [
        { name: 'wp_options', rows: 9 },
        { name: 'wp_posts', rows },
      ],
    });
    const before = await shelf.take({}, { database: posts(3) });
    const after = await shelf.take({}, { database: posts(5) });
    const none = await shelf.take({});
    const of = async (a: Snapshot, b: Snapshot) => (await compareBackups(a, b, { limit: 9 })).database;
    expect(await of(before, after)).toEqual({
      change: 'changed',
      tables: [{ name: 'wp_posts', before: 3, after: 5 }],
    });
    expect(await of(after, after)).toEqual({ change: 'same', tables: [] });
    expect(await of(none, none)).toEqual({ change: 'none', tables: [] });
    expect((await of(after, none)).change).toBe('deleted');
  });
});

describe('the backup before', () => {
  it('is the latest earlier one of the same site', async () => {
    const siteId = SiteId.parse('site_florist');
    const first = await shelf.take({}, { siteId });
    await shelf.take({});
    const second = await shelf.take({}, { siteId });
    expect(await backupBefore(shelf.store, second.backup)).toMatchObject({ id: first.backup.id });
    await expect(backupBefore(shelf.store, first.backup)).rejects.toMatchObject({
      code: 'no-earlier-backup',
    });
  });
});
