import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TreeEntry } from '../../../../main/backups/index.ts';
import { newSiteId, type SiteId } from '../../../../main/words/index.ts';
import { aStore, stamp } from './sample.ts';

type Place = Awaited<ReturnType<typeof aStore>>;

async function* inParts(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function take(place: Place, siteId: SiteId, files: ReadonlyMap<string, Buffer>): Promise<number> {
  await using writer = await place.store.begin({ siteId, siteName: 'Site', reason: 'asked' });
  const entries: TreeEntry[] = [];
  for (const [name, bytes] of files) {
    const { blobs, size } = await writer.put(inParts(bytes), name.endsWith('.sql') ? 'dump' : 'file');
    entries.push({ kind: 'file', name, ...stamp, size, blobs: [...blobs] });
  }
  const { addedBytes } = await writer.commit({
    root: await writer.putTree(entries),
    database: null,
    databaseKind: null,
    files: entries.length,
    bytes: 0,
    moved: [],
    unreadable: [],
  });
  return addedBytes;
}

const bytesOf = (folder: string) =>
  fs
    .readdirSync(path.join(folder, 'packs'), { recursive: true, encoding: 'utf8' })
    .map((name) => fs.statSync(path.join(folder, 'packs', name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

describe('what a backup adds', () => {
  it('is at most 200 kB for one row inserted anywhere in a dump of 60 MB', async () => {
    using place = await aStore();
    const rows: string[] = [];
    for (let size = 0, id = 0; size < 60_000_000; id += 1) {
      const row = `INSERT INTO wp_posts VALUES (${id},'${crypto.hash('sha1', String(id))}','A post about ${id % 977} things, as every year, and then some more');\n`;
      rows.push(row);
      size += row.length;
    }
    const siteId = newSiteId();
    await take(place, siteId, new Map([['dump.sql', Buffer.from(rows.join(''))]]));
    for (const part of [0, 0.31, 0.87]) {
      rows.splice(
        Math.floor(rows.length * part),
        0,
        `INSERT INTO wp_posts VALUES (0,'${part}','one more');\n`,
      );
      const added = await take(place, siteId, new Map([['dump.sql', Buffer.from(rows.join(''))]]));
      expect(added).toBeLessThanOrEqual(200_000);
    }
  });

  it('is at most 2.2 times one site for ten that share 90 % of their files', async () => {
    using place = await aStore();
    const shared = Array.from({ length: 900 }, () => crypto.randomBytes(12_000));
    let one = 0;
    for (let site = 0; site < 10; site += 1) {
      const own = Array.from({ length: 100 }, () => crypto.randomBytes(12_000));
      const files = [...shared, ...own].map((bytes, at) => [`file-${at}.php`, bytes] as const);
      await take(place, newSiteId(), new Map(files));
      if (site === 0) one = bytesOf(place.folder);
    }
    expect(bytesOf(place.folder)).toBeLessThanOrEqual(2.2 * one);
  });
});
