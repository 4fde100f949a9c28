import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeName } from '../../../../main/backups/index.ts';
import { decodeName } from '../../../../main/words/index.ts';

/** Any name that a server can have: every byte but NUL and the slash. */
const name = fc.oneof(
  fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .map((bytes) => decodeName(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x2e : byte)))),
  fc.constantFrom(
    '.',
    '..',
    '...',
    '. .',
    '\\',
    '..\\..',
    'C:',
    'c:\\windows',
    'con',
    'CON.txt',
    'nul',
    'aux.',
    'lpt1',
    ' ',
    '%',
    '%2e%2e',
    '~',
    'a ',
    'a.',
    '\uDC80',
    'a:b',
    'x'.repeat(255),
    '日'.repeat(85),
    '\uDCFF'.repeat(255),
  ),
);
const taken = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

describe('the name of a restored file', () => {
  it('is one name below the folder, on every system, wherever the site’s name leads', () => {
    fc.assert(
      fc.property(name, (given) => {
        const safe = safeName(given);
        expect(path.posix.dirname(path.posix.resolve('/restore', safe))).toBe('/restore');
        expect(path.win32.dirname(path.win32.resolve('C:\\restore', safe))).toBe('C:\\restore');
        // eslint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(safe).not.toMatch(/[\u0000-\u001f<>:"/\\|?*\u007f]|[. ]$/);
        expect(safe).not.toMatch(taken);
        expect(safe.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 2000 },
    );
  });

  it('is another one for another name', () => {
    const close = fc
      .array(fc.constantFrom('a', '%', '2', 'e', '5', '.', ' ', '\uDC80', ':', 'x'.repeat(250)), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(name, close), fc.oneof(name, close), (one, other) => {
        expect(safeName(one) === safeName(other)).toBe(one === other);
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['index.php', 'naïve café.jpg', '日本語.txt', '.htaccess', 'a b (1)'])(
    '%s stays as it is',
    (given) => {
      expect(safeName(given)).toBe(given);
    },
  );
});
