import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSafePaths } from '../../../../main/backups/index.ts';

const name = fc.oneof(
  fc.constantFrom('a', 'A', 'a~1', 'A~1', 'é', 'e\u0301', '..', 'con', 'x:', '\uDCFF'),
  fc.string({ minLength: 1, maxLength: 4 }).map((text) => text.replaceAll(/[/\0]/g, '_')),
);
const paths = fc.uniqueArray(
  fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  { maxLength: 30 },
);

describe('the paths of restored and exported files', () => {
  it('are apart even where case and composition are ignored, and keep to their folders', () => {
    fc.assert(
      fc.property(paths, (given) => {
        const safe = createSafePaths();
        const made = new Map(given.map((path) => [path, safe.of(path)]));
        const folded = [...made.values()].map((path) => path.normalize('NFC').toLowerCase());
        expect(new Set(folded).size).toBe(given.length);
        for (const [path, to] of made) {
          expect(safe.of(path)).toBe(to);
          const cut = path.lastIndexOf('/');
          if (cut > 0) expect(to.slice(0, to.lastIndexOf('/'))).toBe(safe.of(path.slice(0, cut)));
        }
      }),
    );
  });

  it('name what had to change, a folder once for all that is in it', () => {
    const safe = createSafePaths();
    expect(['A/x', 'a/x', 'a/y?', 'b'].map((path) => safe.of(path))).toEqual([
      'A/x',
      'a~1/x',
      'a~1/y%3f',
      'b',
    ]);
    expect(safe.renamed).toEqual([
      { from: 'a', to: 'a~1' },
      { from: 'a/y?', to: 'a~1/y%3f' },
    ]);
  });
});
