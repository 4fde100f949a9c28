import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readable } from '../../../../main/backups/database/dump/readable.ts';

it('PHP’s serialized values can be read, objects and what was serialized twice as well', () => {
  const code = `class A { public $x = 1; protected $y = [true, null]; private $z = 'é"'; }
    echo serialize(['list' => [1, 2.5], 'object' => new A, 'again' => serialize(['k' => 'v']), 'none' => []]);`;
  expect(readable(execFileSync('php', ['-r', code], { encoding: 'utf8' }))).toBe(`{
  "list": [
    1,
    2.5
  ],
  "object": A {
    "x": 1,
    "y": [
      true,
      null
    ],
    "z": "é\\""
  },
  "again": serialized {
    "k": "v"
  },
  "none": []
}`);
});

it('JSON can be read; what is neither is left as it is', () => {
  expect(readable('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  for (const text of ['', 'plain', '[wp_shortcode]', 'a:1:{i:0;s:9:"short";}'])
    expect(readable(text), text).toBeNull();
});

it('a hostile value takes no more than its own length', () => {
  expect(readable('a:999999999:{i:0;i:1;}')).toBeNull();
  expect(readable('a:1:{i:0;'.repeat(100_000))).toBeNull();
  expect(readable('['.repeat(100_000) + ']'.repeat(100_000))).toBeNull();
  const unit = fc.constantFrom(
    'a:1:{',
    '}',
    's:3:"',
    'abc',
    '";',
    'i:0;',
    'O:1:"A":1:{',
    'N;',
    'r:1;',
    ':',
    '9',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      readable(text);
    }),
  );
});
