import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestEntry } from '../../../../main/backups/index.ts';
import { newMarker, parseStat } from '../../../../main/backups/pull/stat-listing.ts';
import { decodeName } from '../../../../main/words/index.ts';

const AWKWARD = ['\n', ' ', '->', 's81a4 5 ', 'gk-', ':', '\\', "'", '\xe9', '\xff', '日', '.'];
const aName = fc
  .tuple(
    fc.array(fc.constantFrom(...AWKWARD), { maxLength: 6 }),
    fc.constantFrom('latin1' as const, 'utf8' as const),
  )
  .map(([parts, encoding]) => Buffer.from(parts.join(''), encoding));

const TYPES = { file: 0o100000, folder: 0o040000, link: 0o120000 };

interface Sample {
  readonly bytes: Buffer;
  readonly target: Buffer;
  readonly entry: ManifestEntry;
  readonly nanoseconds: number;
}

const aSample = fc
  .record({
    kind: fc.constantFrom('file' as const, 'folder' as const, 'link' as const),
    name: aName,
    target: aName,
    seconds: fc.integer({ min: 0, max: 2_000_000_000 }),
    nanoseconds: fc.integer({ min: 1, max: 999_999_999 }),
    size: fc.integer({ min: 0, max: 1e12 }),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    inode: fc.integer({ min: 1, max: 2 ** 48 }),
    closed: fc.boolean(),
  })
  .map(({ kind, name, target, seconds, nanoseconds, size, mode, inode, closed }): Sample => {
    const time = `${seconds}.${String(nanoseconds).padStart(9, '0')}0`;
    const to = kind === 'link' ? target : Buffer.alloc(0);
    const entry = {
      path: decodeName(name),
      kind,
      size: kind === 'file' ? size : 0,
      mode,
      mtime: time,
      ctime: time,
      inode: String(inode),
      target: decodeName(to),
      closed: kind === 'folder' && closed,
    };
    return { bytes: Buffer.concat([Buffer.from('./'), name]), target: to, entry, nanoseconds };
  });
const someSamples = fc.uniqueArray(aSample, { selector: ({ entry }) => entry.path, maxLength: 30 });

/** What FreeBSD's and macOS's stat(1) print: `%Xp` mode in hex, `%z` size, `%Fm` and `%Fc` seconds with a fraction, `%i` inode. */
function bsdLine({ entry }: Sample): string {
  const mode = (TYPES[entry.kind] | entry.mode).toString(16);
  const time = (text: string) => text.slice(0, -1);
  return `s${mode} ${entry.size} ${time(entry.mtime)} ${time(entry.ctime)} ${entry.inode} `;
}

/** What GNU's and BusyBox's print: `%f`, `%s`, `%y`, `%z`, `%i`. */
function line(sample: Sample): string {
  const { entry, nanoseconds } = sample;
  const mode = (TYPES[entry.kind] | entry.mode).toString(16);
  const date = new Date(Number(entry.mtime.split('.')[0]) * 1000).toISOString();
  const time = `${date.slice(0, 10)} ${date.slice(11, 19)}.${String(nanoseconds).padStart(9, '0')} +0000`;
  return `s${mode} ${entry.size} ${time} ${time} ${entry.inode} `;
}

function printed(samples: readonly Sample[], marker: string, head: (sample: Sample) => string): Buffer {
  const record = (...parts: (string | Buffer)[]) =>
    Buffer.concat([Buffer.from(marker), ...parts.map((part) => Buffer.from(part)), Buffer.from('\n')]);
  return Buffer.concat([
    record('n1900000000'),
    ...samples.map((sample) => record(head(sample), sample.bytes)),
    ...samples
      .filter(({ entry }) => entry.kind === 'link')
      .flatMap(({ bytes, target }) => [record('l', bytes), record('t', target)]),
    ...samples.filter(({ entry }) => entry.closed).map(({ bytes }) => record('x', bytes)),
  ]);
}

describe('what stat prints', () => {
  it.each([
    ['stat', line],
    ['bsd-stat', bsdLine],
  ] as const)('is read back whole, whatever is in names and targets (%s)', (kind, head) => {
    fc.assert(
      fc.property(someSamples, (samples) => {
        const marker = newMarker();
        expect(parseStat(printed(samples, marker, head), kind, marker)).toEqual(
          samples.map(({ entry }) => entry),
        );
      }),
    );
  });

  it('of a link that went away between two looks, or of what is no part of a site, is dropped', () => {
    const text =
      'Mn1900000000\nMsa1ff 3 1.5 1.5 7 ./link\nMsc1ff 0 1.5 1.5 8 ./socket\nMs41ed 0 1.5 1.5 9 .\n';
    expect(parseStat(Buffer.from(text), 'bsd-stat', 'M')).toMatchObject([{ path: '', kind: 'folder' }]);
  });

  it('in whole seconds is no stamp while that second lasts', () => {
    const text = 'Mn1700000000\nMs81a4 1 1 1699999999 7 ./new\nMs81a4 1 1 1699999000 8 ./old\n';
    const [fresh, old] = parseStat(Buffer.from(text), 'bsd-stat', 'M');
    expect(fresh?.ctime).toContain('?');
    expect(old?.ctime).toBe('1699999000.0000000000');
  });
});
