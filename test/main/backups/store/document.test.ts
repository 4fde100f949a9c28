import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TreeEntry } from '../../../../main/backups/index.ts';
import { aTempFolder } from '../../../rig/index.ts';
import { aStore, siteId, stamp } from './sample.ts';

const READER = path.join(import.meta.dirname, 'read_store.py');
const text = Buffer.from('<?php // the front page, the same again and again and again\n'.repeat(40));

async function* once(bytes: Uint8Array) {
  yield Buffer.from(bytes);
}

describe('a reader written from the document alone', () => {
  for (const sealed of [true, false])
    it(`restores ${sealed ? 'a sealed store by its recovery phrase' : 'an open store'}, byte for byte`, async () => {
      using place = await aStore(sealed ? {} : { keeper: null });
      const large = Buffer.concat([randomBytes(1_600_000), text, randomBytes(900_000)]);
      const names: Readonly<Record<string, Buffer>> = {
        'index.php': text,
        'large.bin': large,
        empty: Buffer.alloc(0),
        'naïve – 日本.txt': Buffer.from('x'),
        'latin\udce9.txt': Buffer.from('a name that is not UTF-8'),
        'new\nline \' " \\': Buffer.from('odd'),
      };
      await using writer = await place.store.begin({ siteId, siteName: 'Bakery', reason: 'asked' });
      const entries: TreeEntry[] = [];
      for (const [name, bytes] of Object.entries(names)) {
        const { blobs, size } = await writer.put(once(bytes));
        entries.push({ kind: 'file', name, ...stamp, mode: 0o640, size, blobs: [...blobs] });
      }
      const dump = Buffer.from(
        Array.from({ length: 9000 }, (_, at) => `INSERT INTO t VALUES (${at});\n`).join(''),
      );
      const { blobs, size } = await writer.put(once(dump), 'dump');
      const below = await writer.putTree(entries);
      const root = await writer.putTree([
        { kind: 'folder', name: 'wp-content', ...stamp, mode: 0o755, tree: below },
        { kind: 'link', name: 'dangling', ...stamp, target: 'no/where\udce9' },
      ]);
      const backup = await writer.commit({
        root,
        database: { kind: 'mysql', blobs: [...blobs], size, tables: [{ name: 't', rows: 9000 }] },
        databaseKind: 'mariadb',
        files: entries.length,
        bytes: 0,
        moved: [],
        unreadable: [],
      });
      await place.store.mark(backup.id, { pin: { at: 1, note: 'before the redesign' } });
      // One that was confirmed, and one that waits for it: both open the store.
      const phrases = sealed ? [await place.store.makePhrase()] : [];
      for (const phrase of phrases) await place.store.confirmPhrase(phrase);
      if (sealed) phrases.push(await place.store.makePhrase());
      await place.store.close();

      const ways = sealed ? phrases.map((phrase) => ['--phrase', phrase]) : [[]];
      for (const way of ways) {
        const temp = aTempFolder('restored');
        onTestFinished(() => temp.remove());
        const target = path.join(temp.path, 'site');
        const said = execFileSync('python3', [READER, place.folder, backup.id, target, ...way], {
          stdio: 'pipe',
          encoding: 'utf8',
        });
        expect(said).toBe('pinned: before the redesign\n');

        expect(fs.readFileSync(`${target}.sql`).equals(dump)).toBe(true);
        const folder = Buffer.from(path.join(target, 'wp-content'));
        const restored = new Map(
          fs
            .readdirSync(folder, { encoding: 'buffer' })
            .map((name) => [
              name.toString('latin1'),
              fs.readFileSync(Buffer.concat([folder, Buffer.from('/'), name])),
            ]),
        );
        const bytesOfName = (name: string) =>
          Buffer.concat(
            [...name].map((letter) => {
              const code = letter.codePointAt(0) ?? 0;
              return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(letter);
            }),
          ).toString('latin1');
        expect([...restored.keys()].sort()).toEqual(Object.keys(names).map(bytesOfName).sort());
        for (const [name, bytes] of Object.entries(names))
          expect(restored.get(bytesOfName(name))?.equals(bytes), name).toBe(true);
        expect(fs.statSync(path.join(target, 'wp-content', 'index.php')).mode & 0o777).toBe(0o640);
        expect(
          fs.readlinkSync(path.join(target, 'dangling'), { encoding: 'buffer' }).toString('latin1'),
        ).toBe('no/where\u00e9');
      }
    }, 60_000);
});
