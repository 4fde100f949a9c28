import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highlighted } from '../../renderer/screens/backups/highlight.ts';

const NAMES = ['a.php', 'a.js', 'a.ts', 'a.css', 'a.html', 'a.json', 'a.xml', 'A.PHP'];

describe('a text with colours', () => {
  it('is the same text, whatever it holds and is called', async () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '<?php',
            '?>',
            '<script>',
            '</',
            '/*',
            '*/',
            '"',
            "'",
            '{',
            '}',
            '$a',
            '\r\n',
            '\n',
            '日',
          ),
          fc.string(),
        ),
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), text, async (name, given) => {
        const pieces = await highlighted(name, given);
        expect(pieces?.map((piece) => piece.text).join('')).toBe(given);
      }),
    );
  });

  it.each([
    ['wp-config.php', "<?php // why\n$a = 'b' . 7;", ['comment', 'string', 'number']],
    ['style.css', '/* why */ a { color: #fff; }', ['comment', 'number']],
    ['app.js', 'const a = "b"; // why', ['keyword', 'string', 'comment']],
    ['composer.json', '{"a": null, "b": "c"}', ['number', 'string']],
  ])('knows what is what in %s', async (name, text, kinds) => {
    const found = (await highlighted(name, text))?.map((piece) => piece.kind);
    expect(found).toEqual(expect.arrayContaining(kinds));
  });

  it('is left plain where no language is known, or it is long', async () => {
    expect(await highlighted('readme.txt', 'text')).toBeNull();
    expect(await highlighted('php', 'text')).toBeNull();
    expect(await highlighted('a.php', 'x'.repeat(100_001))).toBeNull();
    expect(await highlighted('a.js', '1,'.repeat(40_000))).toBeNull();
  });
});
