import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeName, encodeName, joinRemote, parentOf, remotePath } from '../../../main/words/index.ts';

const someBytes = fc.uint8Array({ maxLength: 64 });
/** Where UTF-8 goes wrong: overlong, cut, surrogates, beyond Unicode, next to what is right. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc
        .string({ unit: 'binary', maxLength: 3 })
        .filter((text) => text.isWellFormed())
        .map((text) => Buffer.from(text)),
      fc
        .constantFrom(
          'c080',
          'c3',
          'e28082',
          'e280',
          'eda080',
          'edb280',
          'ed9fbf',
          'f4908080',
          'f09f9880',
          'f09f98',
          'f48fbfbf',
          'efbfbd',
          'efbbbf',
          'ff',
          '80',
          'e09f80',
          'f08f8080',
        )
        .map((hex) => Buffer.from(hex, 'hex')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));
const anyBytes = fc.oneof(someBytes, nearlyUtf8);

describe('names in any encoding', () => {
  it('come back from a string as the bytes they were', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(encodeName(decodeName(bytes)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      }),
      { numRuns: 2000 },
    );
  });

  it('survive JSON on the way', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const back: unknown = JSON.parse(JSON.stringify(decodeName(bytes)));
        expect(encodeName(String(back)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  it('are two different strings where they are two different names', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (one, other) => {
        expect(decodeName(one) === decodeName(other)).toBe(Buffer.compare(one, other) === 0);
      }),
    );
  });

  it('stay readable where they are UTF-8', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (text) => {
          expect(decodeName(Buffer.from(text))).toBe(text);
        },
      ),
    );
  });

  it.each([
    ['a byte of Latin-1', 'caf\xe9', 'caf\uDCE9'],
    ['a surrogate in UTF-8 (CESU-8)', '\xed\xa0\xbd', '\uDCED\uDCA0\uDCBD'],
    ['an overlong slash', '\xc0\xaf', '\uDCC0\uDCAF'],
    ['a real replacement character', '\xef\xbf\xbd', '\uFFFD'],
    ['a byte order mark', '\xef\xbb\xbfa', '\uFEFFa'],
    ['a character that is cut', 'a\xf0\x9f\x98', 'a\uDCF0\uDC9F\uDC98'],
  ])('%s is carried as it is written down', (_name, bytes, text) => {
    expect(decodeName(Buffer.from(bytes, 'latin1'))).toBe(text);
    expect(encodeName(text).toString('latin1')).toBe(bytes);
  });
});

describe('remote paths', () => {
  it('cannot be empty or hold a NUL', () => {
    expect(() => remotePath('')).toThrow();
    expect(() => remotePath('/srv/\0/x')).toThrow('NUL');
  });

  it.each([
    ['/srv', ['a', 'b'], '/srv/a/b'],
    ['/', ['a'], '/a'],
    ['/srv', [], '/srv'],
    ['/srv', ['', '.', 'a'], '/srv/a'],
  ])('%s joined with %j is %s', (base, parts, joined) => {
    expect(joinRemote(remotePath(base), ...parts)).toBe(joined);
  });

  it.each([
    ['/srv/www/site', '/srv/www'],
    ['/srv', '/'],
    ['/', '/'],
  ])('%s lies in %s', (path, parent) => {
    expect(parentOf(remotePath(path))).toBe(parent);
  });

  it('lead back from a joined name to where it was joined', () => {
    const name = fc
      .string({ minLength: 1, unit: fc.constantFrom(...'ab. \'"\n$é\uDCE9') })
      .filter((text) => text !== '.');
    fc.assert(
      fc.property(name, (part) => {
        expect(parentOf(joinRemote(remotePath('/srv/www'), part))).toBe('/srv/www');
      }),
    );
  });
});
