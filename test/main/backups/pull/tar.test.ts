import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TAR_END, tarHeader, tarPadding, type TarEntry } from '../../../../main/backups/index.ts';
import { decodeName, encodeName } from '../../../../main/words/index.ts';
import { aTempFolder } from '../../../rig/index.ts';

const temp = aTempFolder('tar');
afterAll(() => temp.remove());

interface Given extends TarEntry {
  readonly content: Buffer;
}
const archiveOf = (entries: readonly Given[]) =>
  Buffer.concat([
    ...entries.flatMap((entry) => [tarHeader(entry), entry.content, tarPadding(entry.content.length)]),
    TAR_END,
  ]);

/** What GNU tar makes of an archive. */
function unpacked(entries: readonly Given[]): string {
  const folder = fs.mkdtempSync(path.join(temp.path, 'x-'));
  const tar = spawnSync('tar', ['-x', '-p', '-f', '-', '-C', folder, '--no-same-owner'], {
    input: archiveOf(entries),
  });
  expect(tar.stderr.toString()).toBe('');
  return folder;
}
const file = (name: string, content: Buffer | string = 'x', part: Partial<Given> = {}): Given => ({
  name,
  kind: 'file',
  size: Buffer.byteLength(content),
  mode: 0o644,
  mtime: 1_700_000_000,
  content: Buffer.from(content),
  ...part,
});
const below = (folder: string, name: string) => Buffer.concat([Buffer.from(`${folder}/`), encodeName(name)]);

describe('our archives, read by GNU tar', () => {
  it.each([99, 100, 101, 155, 156, 255])('hold names of %i bytes', (length) => {
    const name = 'n'.repeat(length);
    expect(fs.readFileSync(below(unpacked([file(name, 'content')]), name), 'utf8')).toBe('content');
  });

  it('hold paths of many hundred bytes', () => {
    const name = Array.from({ length: 8 }, () => 'd'.repeat(200)).join('/');
    expect(fs.readFileSync(below(unpacked([file(name, 'deep')]), name), 'utf8')).toBe('deep');
  });

  it('hold every name that a server can have', () => {
    const part = fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => decodeName(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))));
    const names = fc.uniqueArray(
      part.filter((name) => name !== '.' && name !== '..'),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(names, (given) => {
        const folder = unpacked(given.map((name, index) => file(`./${name}`, String(index))));
        expect(given.map((name) => fs.readFileSync(below(folder, name), 'utf8'))).toEqual(
          given.map((_, index) => String(index)),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('hold links to anywhere, folders, modes and times', () => {
    const target = `../${'t'.repeat(150)}/caf\uDCE9`;
    const folder = unpacked([
      { ...file('folder', ''), kind: 'folder', size: 0, mode: 0o750 },
      file('folder/run', '#!/bin/sh\n', { mode: 0o755, mtime: 1_000_000_000 }),
      file('private', 'x', { mode: 0o600 }),
      { ...file('link', ''), kind: 'link', size: 0, target },
    ]);
    expect(fs.statSync(path.join(folder, 'folder')).mode & 0o777).toBe(0o750);
    expect(fs.statSync(path.join(folder, 'folder/run'))).toMatchObject({
      mode: 0o100755,
      mtimeMs: 1_000_000_000_000,
    });
    expect(fs.statSync(path.join(folder, 'private')).mode & 0o777).toBe(0o600);
    expect(decodeName(fs.readlinkSync(path.join(folder, 'link'), { encoding: 'buffer' }))).toBe(target);
  });

  it.each([0, 1, 511, 512, 513, 100_000])('hold files of %i bytes', (size) => {
    const content = Buffer.alloc(size, 'ab');
    const folder = unpacked([file('first', content), file('second', 'after')]);
    expect(fs.readFileSync(path.join(folder, 'first')).equals(content)).toBe(true);
    expect(fs.readFileSync(path.join(folder, 'second'), 'utf8')).toBe('after');
  });

  it('announce files of more than 8 GiB rightly', () => {
    const header = tarHeader(file('large', '', { size: 9 * 1024 ** 3 }));
    const listed = spawnSync('tar', ['-tvf', '-'], { input: header, encoding: 'utf8' }).stdout;
    expect(listed).toContain(String(9 * 1024 ** 3));
  });

  it('are read without a complaint by a strict reader too', () => {
    const archive = path.join(temp.path, 'archive.tar');
    fs.writeFileSync(archive, archiveOf([file('a', 'x'), file('n'.repeat(150), 'y')]));
    expect(
      execFileSync(
        'python3',
        ['-c', 'import sys,tarfile; print(len(tarfile.open(sys.argv[1]).getmembers()))', archive],
        { encoding: 'utf8' },
      ),
    ).toBe('2\n');
  });
});
