import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { objectionTo, openPackage } from '../../../main/releases/index.ts';
import { aTempFolder } from '../../rig/index.ts';
import { zipWith, type Entry } from './zips.ts';

const temp = aTempFolder('archives');
afterAll(() => temp.remove());
let count = 0;

function open(entries: readonly Entry[] | Buffer) {
  const file = path.join(temp.path, `${(count += 1)}.zip`);
  fs.writeFileSync(file, Buffer.isBuffer(entries) ? entries : zipWith(entries));
  return openPackage(file);
}
const good: Entry = { name: 'plugin/good.php', content: '<?php' };
const pathsOf = async (entries: readonly Entry[]) => {
  const opened = await open(entries);
  opened.close();
  return opened.files.map((file) => file.path);
};

describe('a good package', () => {
  it('is read, with the hashes of its files, without its top folder', async () => {
    const opened = await open([
      { name: 'plugin/', content: '', mode: 0o040755 },
      good,
      { name: 'plugin/inc/a b é.php', content: 'abc', deflate: true, mode: 0o100755 },
    ]);
    expect(opened.top).toBe('plugin');
    expect(opened.files).toMatchObject([
      { path: 'good.php', size: 5, executable: false },
      {
        path: 'inc/a b é.php',
        size: 3,
        md5: '900150983cd24fb0d6963f7d28e17f72',
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        executable: true,
      },
    ]);
    expect((await opened.read('inc/a b é.php')).toString()).toBe('abc');
    await expect(opened.read('nothing')).rejects.toMatchObject({ code: 'package-unreadable' });
    opened.close();
  });

  it('without one top folder keeps its paths', async () => {
    expect(await pathsOf([{ name: 'a/x' }, { name: 'b/y' }])).toEqual(['a/x', 'b/y']);
    expect(await pathsOf([{ name: 'single.php' }])).toEqual(['single.php']);
  });

  it('made by zip itself is read', async () => {
    const folder = path.join(temp.path, 'made/plugin/deeper');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'file.txt'), 'x'.repeat(10_000));
    execFileSync('zip', ['-qr', path.join(temp.path, 'made.zip'), 'plugin'], {
      cwd: path.join(temp.path, 'made'),
    });
    const opened = await openPackage(path.join(temp.path, 'made.zip'));
    expect(opened.files.map((file) => [file.path, file.size])).toEqual([['deeper/file.txt', 10_000]]);
    opened.close();
  });
});

describe('a hostile package is refused by name', () => {
  const bomb = Buffer.alloc(30_000_000);
  const HOSTILE: readonly (readonly [string, readonly Entry[], RegExp])[] = [
    ['a path that climbs', [good, { name: '../../evil.php' }], /\.\./],
    ['a path that climbs in the middle', [good, { name: 'plugin/../../evil.php' }], /\.\./],
    ['an absolute path', [good, { name: '/etc/cron.d/evil' }], /absolute/],
    ['a drive', [good, { name: 'C:/evil.php' }], /absolute/],
    ['a backslash', [good, { name: 'plugin\\evil.php' }], /backslash|characters/],
    ['a NUL', [good, { name: 'plugin/evil.php\0.txt' }], /control/],
    ['a line end', [good, { name: 'plugin/evil\n.php' }], /control/],
    ['an escape', [good, { name: 'plugin/\u001b[2Jevil.php' }], /control/],
    ['a dot', [good, { name: 'plugin/./evil.php' }], /elsewhere/],
    ['an empty folder name', [good, { name: 'plugin//evil.php' }], /empty/],
    [
      'a link',
      [good, { name: 'plugin/link', content: '/etc/passwd', mode: 0o120777 }],
      /neither a file nor a folder/,
    ],
    ['a device', [good, { name: 'plugin/dev', mode: 0o020666 }], /neither a file nor a folder/],
    ['a pipe', [good, { name: 'plugin/pipe', mode: 0o010666 }], /neither a file nor a folder/],
    ['the same name twice', [good, good], /twice/],
    ['the same name in other letters', [good, { name: 'plugin/GOOD.php' }], /twice/],
    [
      'the same name in another form of Unicode',
      [{ name: 'plugin/é.php' }, { name: 'plugin/e\u0301.php' }],
      /twice/,
    ],
    ['a file where a folder is', [good, { name: 'plugin' }], /plugin/],
    ['a file in a file', [good, { name: 'plugin/good.php/evil.php' }], /good\.php/],
    ['entries that overlap', [good, { name: 'plugin/other.php', at: 0 }], /overlap|local file header|name/i],
    ['a bomb', [good, { name: 'plugin/bomb', content: bomb, deflate: true }], /bomb/],
    [
      'an encrypted file',
      [good, { name: 'plugin/secret', content: 'x'.repeat(19), size: 7, flags: 0x801 }],
      /encrypted/,
    ],
    ['a name of 300 bytes', [good, { name: `plugin/${'x'.repeat(300)}` }], /too long/],
  ];
  it.each(HOSTILE)('%s', async (_name, entries, answered) => {
    await expect(open(entries)).rejects.toMatchObject({
      code: expect.stringMatching(/package-(hostile|unreadable)/) as string,
      answered: expect.stringMatching(answered) as string,
      todo: expect.stringMatching(/./) as string,
    });
  });

  it.each([
    ['a size that is too small', [{ ...good, content: 'x'.repeat(1000), deflate: true, size: 10 }]],
    ['a size that is too large', [{ ...good, content: 'x'.repeat(1000), deflate: true, size: 100_000 }]],
    ['a checksum that does not fit', [{ ...good, crc: 1 }]],
    ['nothing in it', []],
    ['only a folder in it', [{ name: 'plugin/', content: '' }]],
  ] as const)('%s makes it unreadable', async (_name, entries) => {
    await expect(open(entries)).rejects.toMatchObject({ code: 'package-unreadable' });
  });

  it('whatever is cut off or changed, it is refused or its content is right', async () => {
    const whole = zipWith([good, { name: 'plugin/b.txt', content: 'content '.repeat(50), deflate: true }]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, cut) => {
          const changed = Buffer.from(whole);
          changed.writeUInt8(byte, at);
          const opened = await open(cut ? whole.subarray(0, at) : changed).catch((error: unknown) => {
            expect(error).toMatchObject({ code: expect.stringMatching(/^package-/) as string });
            return null;
          });
          for (const file of opened?.files ?? []) expect([5, 400]).toContain(file.size);
          opened?.close();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('no name that is let through leads out of the folder', () => {
    const name = fc
      .array(fc.constantFrom('a', '..', '.', '/', '\\', 'C:', '\0', '', '...', ' ', '~'), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(name, (given) => {
        fc.pre(objectionTo(given) === null);
        expect(path.posix.resolve('/site/plugin', given)).toMatch(/^\/site\/plugin\//);
        expect(path.win32.resolve('C:\\site\\plugin', given)).toMatch(/^C:\\site\\plugin\\/);
      }),
      { numRuns: 3000 },
    );
  });
});
