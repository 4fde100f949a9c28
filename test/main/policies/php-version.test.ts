import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../main/policies/index.ts';

/** What PHP's own version_compare says of each pair, all in one process. */
const PHP = `
while (($line = fgets(STDIN)) !== false) {
  $pair = json_decode($line);
  echo version_compare($pair[0], $pair[1]), "\\n";
}`;

type Pair = readonly [string, string];

function phpSays(pairs: readonly Pair[]): number[] {
  const input = pairs.map((pair) => JSON.stringify(pair)).join('\n');
  const php = spawnSync('php', ['-n', '-r', PHP], { input: `${input}\n`, encoding: 'utf8' });
  return php.stdout.trim().split('\n').map(Number);
}

/** The pairs on which we and PHP disagree, with both answers. */
function disagreements(pairs: readonly Pair[]): string[] {
  const php = phpSays(pairs);
  return pairs.flatMap(([a, b], index) => {
    const ours = compareVersions(a, b);
    return ours === php[index]
      ? []
      : [`${JSON.stringify(a)} to ${JSON.stringify(b)}: PHP says ${php[index] ?? 'nothing'}, we ${ours}`];
  });
}

const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat(30).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '0',
      '00',
      '01',
      '007',
      '10',
      '2147483648',
      '9223372036854775807',
      '9223372036854775808',
      '99999999999999999999999',
    ),
  },
);
const form = fc.constantFrom(
  ...[
    'dev',
    'alpha',
    'a',
    'beta',
    'b',
    'RC',
    'rc',
    '#',
    'pl',
    'p',
    'Rc',
    'DEV',
    'Alpha',
    'patch',
    'final',
    'stable',
    'x',
    '#N#',
    '#b#',
    'rcx',
    'bar',
    'dev1',
  ],
);
const between = fc.constantFrom(
  '.',
  '.',
  '.',
  '-',
  '_',
  '+',
  '',
  ' ',
  '..',
  '.-',
  '-.',
  '~',
  ':',
  '/',
  ',',
  '--',
  '\t',
);
/** Such as 6.4.2, 1.10-beta3, 2.0.0-RC.1+build.5. */
const realistic = fc
  .tuple(
    fc.array(number, { minLength: 1, maxLength: 4 }),
    fc.option(fc.tuple(fc.constantFrom('-', '.', ''), form, fc.option(fc.nat(12)))),
  )
  .map(
    ([numbers, tail]) => numbers.join('.') + (tail === null ? '' : `${tail[0]}${tail[1]}${tail[2] ?? ''}`),
  );
const odd = fc
  .array(fc.tuple(fc.oneof(number, form), between), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.map(([part, after]) => part + after).join(''));
const anything = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0129.-_+#aAbpr lRCdev~é日\u0080😀\u0000'), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    '',
    ' ',
    '.',
    '..',
    '-',
    '-1',
    '.1',
    '+1.0',
    '_',
    '#',
    '#1',
    'v1.0',
    'V2',
    '1.',
    '1-',
    '１.２',
  ),
);
const version = fc.oneof(
  { weight: 4, arbitrary: realistic },
  { weight: 3, arbitrary: odd },
  { weight: 2, arbitrary: anything },
);
/** Two versions that have nothing to do with each other, or differ in little. */
const pair: fc.Arbitrary<Pair> = fc.oneof(
  fc.tuple(version, version),
  fc.tuple(version, fc.oneof(number, form, between)).map(([one, more]): Pair => [one, one + more]),
  fc.tuple(realistic, form, between).map(([one, tail, dash]): Pair => [`${one}${dash}${tail}`, one]),
  version.map((one): Pair => [one, one]),
);

describe('compareVersions', () => {
  it('says of six thousand pairs what PHP itself says', () => {
    const seed = Date.now();
    expect({ seed, wrong: disagreements(fc.sample(pair, { numRuns: 6000, seed })) }).toEqual({
      seed,
      wrong: [],
    });
  });

  it('says of every pair of special forms what PHP itself says', () => {
    const forms = [
      '',
      'dev',
      'alpha',
      'a',
      'beta',
      'b',
      'RC',
      'rc',
      '#',
      'pl',
      'p',
      '1',
      'zzz',
      '#N#',
      '0',
      '.',
      '-',
      '-1',
      '\0',
    ];
    const pairs = forms.flatMap((a) =>
      forms.flatMap((b): Pair[] => [
        [a, b],
        [`1.0${a}`, `1.0${b}`],
        [`1.0-${a}1`, `1.0.${b}2`],
      ]),
    );
    expect(disagreements(pairs)).toEqual([]);
  });

  it.each([
    ['6.4', '6.4.0', -1],
    ['6.4.2', '6.4.10', -1],
    ['6.5-RC1', '6.5', -1],
    ['6.5-beta2', '6.5-RC1', -1],
    ['1.0pl1', '1.0', 1],
    ['2024.1', '9.9', 1],
    ['-1', '-2', -1],
  ])('%s to %s is %i', (a, b, expected) => {
    expect(compareVersions(a, b)).toBe(expected);
  });
});
