import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportZip, type Snapshot } from '../../../../main/backups/index.ts';
import { never, quietly } from '../../samples.ts';
import { aShelf, type Shelf } from './snapshots.ts';

let shelf: Shelf;
let file: string;
beforeEach(async () => {
  shelf = await aShelf();
  file = path.join(shelf.folder, 'exports', 'bakery.zip');
});
afterEach(() => shelf[Symbol.asyncDispose]());

/** What Python's zipfile reads: each entry's name, SHA-256, mode and time. */
function unzipped(): { name: string; sha256: string; mode: string; mtime: number }[] {
  execFileSync('unzip', ['-tqq', file]);
  const script = `
import hashlib, json, struct, sys, zipfile
def stamp(extra):
    while len(extra) >= 4:
        tag, size = struct.unpack('<HH', extra[:4])
        if tag == 0x5455: return struct.unpack('<I', extra[5:9])[0]
        extra = extra[4 + size:]
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([{
  'name': i.filename, 'sha256': hashlib.sha256(z.read(i)).hexdigest(),
  'mode': oct(i.external_attr >> 16), 'mtime': stamp(i.extra),
} for i in z.infolist()]))`;
  return JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' })) as ReturnType<
    typeof unzipped
  >;
}
const sha256 = (bytes: string | Buffer) => crypto.createHash('sha256').update(bytes).digest('hex');
const namesIn = (folder: string) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);

describe('a backup as a zip', () => {
  it('holds every byte, mode, time and link, and the database beside the files', async () => {
    const big = crypto.randomBytes(5_000_000);
    const snapshot = await shelf.take(
      {
        'index.php': { file: '<?php', mode: 0o640, mtime: '1600000000.25' },
        empty: { in: {}, mode: 0o750 },
        'empty.txt': '',
        uploads: { in: { 'メニュー.png': big } },
        current: { link: 'uploads/2026' },
        'older.txt': { file: 'x', mtime: '-86400.0' },
      },
      { database: { sql: 'CREATE TABLE t (a int);\n', tables: [] } },
    );
    const result = await exportZip(snapshot, file, never, quietly);
    expect(result).toMatchObject({ files: 5, links: 1, size: fs.statSync(file).size, renamed: [] });
    const found = unzipped();
    expect(found.map(({ name, mode, sha256: hash }) => [name, mode, hash])).toEqual([
      ['files/', '0o40755', sha256('')],
      ['files/current', '0o120777', sha256('uploads/2026')],
      ['files/empty/', '0o40750', sha256('')],
      ['files/empty.txt', '0o100644', sha256('')],
      ['files/index.php', '0o100640', sha256('<?php')],
      ['files/older.txt', '0o100644', sha256('x')],
      ['files/uploads/', '0o40755', sha256('')],
      ['files/uploads/メニュー.png', '0o100644', sha256(big)],
      ['database.sql', '0o100600', sha256('CREATE TABLE t (a int);\n')],
    ]);
    expect(found.find(({ name }) => name === 'files/index.php')?.mtime).toBe(1_600_000_000);
    expect(found.find(({ name }) => name === 'files/older.txt')?.mtime).toBe(0);
    expect((fs.statSync(file).mode & 0o777).toString(8)).toBe('600');
  });

  it('writes names that not every system can have so that they can be seen, and lists them', async () => {
    const snapshot = await shelf.take({
      'Gr\uDCF6\uDCDFe.txt': 'latin1',
      '..\\..\\evil.php': 'up',
      'C:evil': 'drive',
      Readme: { in: { 'a.txt': 'upper' } },
      readme: { in: { 'a.txt': 'lower' } },
    });
    const { renamed } = await exportZip(snapshot, file, never, quietly);
    expect(renamed).toEqual([
      { from: '..\\..\\evil.php', to: '..%5c..%5cevil.php' },
      { from: 'C:evil', to: 'C%3aevil' },
      { from: 'Gr\uDCF6\uDCDFe.txt', to: 'Gr%f6%dfe.txt' },
      { from: 'readme', to: 'readme~1' },
    ]);
    expect(
      unzipped()
        .filter(({ name }) => !name.endsWith('/'))
        .map(({ name }) => name),
    ).toEqual([
      'files/..%5c..%5cevil.php',
      'files/C%3aevil',
      'files/Gr%f6%dfe.txt',
      'files/Readme/a.txt',
      'files/readme~1/a.txt',
    ]);
  });

  it('holds thousands of folders and files in order', async () => {
    const folders = Object.fromEntries(
      Array.from({ length: 3000 }, (_, at) => [
        `f${at}`,
        { in: Object.fromEntries(at % 3 === 0 ? [['a.txt', String(at)]] : []) },
      ]),
    );
    await exportZip(await shelf.take(folders), file, never, quietly);
    expect(unzipped()).toHaveLength(1 + 3000 + 1000);
  });

  it('is not held in memory: what is read is written before more is read', async () => {
    const part = crypto.randomBytes(1024 * 1024);
    const parts = 48;
    const snapshot = await shelf.take({ 'video.mp4': 'x' });
    const [entry] = await snapshot.tree(snapshot.root);
    if (entry?.kind !== 'file') throw new TypeError('not a file');
    const written = () =>
      Math.max(
        0,
        ...namesIn(path.dirname(file)).map((name) => fs.statSync(path.join(path.dirname(file), name)).size),
      );
    let held = 0;
    const large: Snapshot = {
      ...snapshot,
      tree: async () => [{ ...entry, size: part.length * parts }],
      async *read() {
        for (let at = 0; at < parts; at += 1) {
          held = Math.max(held, at * part.length - written());
          yield part;
        }
      },
    };
    await exportZip(large, file, never, quietly);
    expect(held).toBeLessThan(8 * part.length);
    execFileSync('unzip', ['-tqq', file]);
  });

  it('leaves nothing when it is cancelled in the middle', async () => {
    const snapshot = await shelf.take({ a: crypto.randomBytes(3_000_000), b: 'b' });
    const cancel = new AbortController();
    const exporting = exportZip(snapshot, file, cancel.signal, ({ done }) => {
      if (done > 1_500_000) cancel.abort(new Error('enough'));
    });
    await expect(exporting).rejects.toThrow('enough');
    expect(namesIn(path.dirname(file))).toEqual([]);
  });

  it('leaves nothing when the store is damaged, and says so', async () => {
    const snapshot = await shelf.take({ a: 'a', b: 'b' });
    const damaged: Snapshot = {
      ...snapshot,
      // eslint-disable-next-line require-yield -- it fails at once
      async *read() {
        throw new Error('blob 7 is damaged');
      },
    };
    await expect(exportZip(damaged, file, never, quietly)).rejects.toThrow('blob 7 is damaged');
    const short: Snapshot = { ...snapshot, read: () => snapshot.read([]) };
    await expect(exportZip(short, file, never, quietly)).rejects.toThrow('unexpected number of bytes');
    expect(namesIn(path.dirname(file))).toEqual([]);
  });

  it('overwrites nothing, and says where it cannot write', async () => {
    const snapshot = await shelf.take({ a: 'a' });
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, 'mine');
    await expect(exportZip(snapshot, file, never, quietly)).rejects.toMatchObject({ code: 'exists' });
    expect(fs.readFileSync(file, 'utf8')).toBe('mine');
    await expect(exportZip(snapshot, path.join(file, 'x.zip'), never, quietly)).rejects.toMatchObject({
      code: 'cannot-write',
    });
  });

  it('says how far it is', async () => {
    const snapshot = await shelf.take({ a: 'aaa', b: 'bb' });
    const done: number[] = [];
    await exportZip(snapshot, file, never, (progress) => done.push(progress.done));
    expect(done).toEqual([3, 5]);
  });
});
