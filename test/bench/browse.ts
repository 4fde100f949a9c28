import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { flatten, keyFile, listFolder, openStoreInThread, readStart } from '../../main/backups/index.ts';
import type { FileEntry } from '../../main/backups/index.ts';
import { newSiteId } from '../../main/words/index.ts';
import { aPool, at, backUpFolder } from '../integration/reach.ts';
import { anSshHost, aTempFolder } from '../rig/index.ts';
import type { Benchmark } from './harness.ts';
import { plantTree } from './tree-on-host.ts';

const BLOBS = 3_000_000;
const IN_PACK = 1000;
const LOOKS = 500;
const PREVIEW = 64 * 1024;

/**
 * Browsing a backup of 60,000 files in a store whose index knows three million blobs. The others' packs are empty
 * files: what is measured reads the index and its own packs.
 */
export const browse: Benchmark = {
  name: 'browse',
  what: `${LOOKS} looks each, anywhere in a backup of 60,000 files, in a store of ${BLOBS.toLocaleString('en')} blobs`,
  aims: {},
  async prepare() {
    const host = await anSshHost();
    const temp = aTempFolder('bench-browse');
    const root = plantTree(host, 60_000);
    const folder = path.join(temp.path, 'store');
    const open = () =>
      openStoreInThread(folder, { clock: Date.now, keeper: keyFile(path.join(temp.path, 'keys')) });
    const filled = await open();
    using pool = aPool([host]);
    const { id } = await backUpFolder(pool, host, filled, {
      id: newSiteId(),
      name: 'Browsed',
      root: at(root),
    });
    await filled.close();
    addBlobs(folder);
    const began = performance.now();
    const store = await open();
    const opened = performance.now() - began;
    const snapshot = await store.open(id);
    const folders: string[] = [''];
    const files: { path: string; entry: FileEntry }[] = [];
    for await (const { path: found, entry } of flatten(snapshot)) {
      if (entry.kind === 'folder') folders.push(found);
      if (entry.kind === 'file') files.push({ path: found, entry });
    }
    const any = <T>(list: readonly T[]): T => {
      const one = list[Math.floor(Math.random() * list.length)];
      if (one === undefined) throw new Error('nothing to look at');
      return one;
    };
    const millis = { list: [] as number[], preview: [] as number[] };
    const look = async (times: number[], work: () => Promise<unknown>) => {
      for (let done = 0; done < LOOKS; done += 1) {
        const started = performance.now();
        await work();
        times.push(performance.now() - started);
      }
    };
    return {
      contenders: [
        {
          name: 'readFile of files on the disk',
          run: () => look([], () => fs.promises.readFile(path.join(root, any(files).path))),
        },
        {
          name: 'Groundskeeper, list a folder',
          ours: true,
          run: () => look(millis.list, () => listFolder(snapshot, any(folders))),
        },
        {
          name: 'Groundskeeper, preview 64 KiB',
          ours: true,
          run: () => look(millis.preview, () => readStart(snapshot, any(files).entry, PREVIEW)),
        },
      ],
      notes: () => [
        `list a folder: p95 ${p95(millis.list).toFixed(1)} ms (aim 30)`,
        `preview 64 KiB: p95 ${p95(millis.preview).toFixed(1)} ms (aim 50)`,
        `the store opened in ${(opened / 1000).toFixed(1)} s; its index has ${Math.round(fs.statSync(path.join(folder, 'index.db')).size / 1e6)} MB`,
      ],
      async stop() {
        await store.close();
        await host.stop();
        temp.remove();
      },
    };
  },
};

/** Makes a closed store's index know of many more blobs. */
function addBlobs(folder: string): void {
  using db = new DatabaseSync(path.join(folder, 'index.db'));
  const pack = db.prepare('INSERT INTO packs (name, size, salt) VALUES (?, 0, ?) RETURNING number');
  const blob = db.prepare(
    'INSERT INTO blobs (id, pack, offset, stored, raw, codec) VALUES (?, ?, ?, 4000, 12000, 1)',
  );
  db.exec('PRAGMA synchronous=OFF; BEGIN');
  for (let made = 0; made < BLOBS; made += IN_PACK) {
    const name = randomBytes(16).toString('hex');
    const place = path.join(folder, 'packs', name.slice(0, 2));
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(path.join(place, `${name}.pack`), '');
    const number = Number(pack.get(name, randomBytes(32))?.['number']);
    const ids = randomBytes(32 * IN_PACK);
    for (let at = 0; at < IN_PACK; at += 1)
      blob.run(ids.subarray(at * 32, at * 32 + 32), number, 40 + at * 4048);
  }
  db.exec('COMMIT');
}

function p95(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.floor(ordered.length * 0.95)] ?? Number.NaN;
}
