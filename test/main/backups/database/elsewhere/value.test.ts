import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOf } from '../../../../../main/backups/database/elsewhere/places.ts';
import { valueRewriter } from '../../../../../main/backups/database/elsewhere/value.ts';
import { phpAgrees, serializedByPhp, type PhpPlan } from './php.ts';

const FROM = 'http://bakery.example';
const TO = 'https://staging.example/a longer one'.replaceAll(' ', '-');
const PATH = '/home/bakery/public_html';
const NEW_PATH = '/srv/次/htdocs';

function aRewriter(
  moves = [
    { kind: 'url' as const, from: FROM, to: TO },
    { kind: 'path' as const, from: PATH, to: NEW_PATH },
  ],
) {
  const left: string[] = [];
  let places = 0;
  const rewrite = valueRewriter(placesOf(moves), {
    places: (number) => void (places += number),
    left: (because) => void left.push(because),
  });
  return {
    left,
    places: () => places,
    bytes: rewrite,
    text: (text: string) => rewrite(Buffer.from(text)).toString(),
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const aText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        `${FROM}/shop`,
        FROM,
        PATH,
        `${PATH}/wp-content`,
        '🥐',
        'é',
        '"',
        ';',
        '\\',
        '\0',
        '}',
        '- s:3:"abc";',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 5 },
  )
  .map((parts) => base64(parts.join(' ')));
const aValue: fc.Arbitrary<PhpPlan> = fc.letrec<{ value: PhpPlan }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    aText.map((text): PhpPlan => ({ kind: 'text', text })),
    fc.integer().map((value): PhpPlan => ({ kind: 'int', value })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): PhpPlan => ({ kind: 'float', value })),
    fc.boolean().map((value): PhpPlan => ({ kind: 'bool', value })),
    fc.constantFrom<PhpPlan>({ kind: 'null' }, { kind: 'enum' }),
    tie('value').map((of): PhpPlan => ({ kind: 'nested', of })),
    tie('value').map((of): PhpPlan => ({ kind: 'twice', of })),
    fc.tuple(aText, tie('value')).map(([text, of]): PhpPlan => ({ kind: 'object', text, of })),
    fc.array(tie('value'), { maxLength: 3 }).map((items): PhpPlan => ({ kind: 'array-object', items })),
    fc
      .array(fc.tuple(aText, tie('value')), { maxLength: 4 })
      .map((items): PhpPlan => ({ kind: 'array', items })),
  ),
})).value;
const anArray = fc
  .array(fc.tuple(aText, aValue), { minLength: 1, maxLength: 4 })
  .map((items): PhpPlan => ({ kind: 'array', items }));

describe('serialized PHP', () => {
  it('means the same afterwards, but for its texts: says PHP', () => {
    fc.assert(
      fc.property(fc.array(anArray, { minLength: 20, maxLength: 40 }), (plans) => {
        const was = serializedByPhp(plans);
        const now = was.map((bytes) => aRewriter().bytes(bytes));
        const agrees = phpAgrees(
          was.map((bytes, at) => [bytes, now[at] ?? bytes]),
          { [FROM]: TO, [PATH]: NEW_PATH },
        );
        expect(
          was.flatMap((bytes, at) => (agrees[at] ? [] : [`${bytes.toString()} → ${now[at]?.toString()}`])),
        ).toEqual([]);
        expect(now.map((bytes) => aRewriter().bytes(bytes))).toEqual(now);
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('stays the very same bytes where nothing in it moves', () => {
    fc.assert(
      fc.property(fc.array(anArray, { minLength: 10, maxLength: 20 }), (plans) => {
        for (const bytes of serializedByPhp(plans))
          expect(aRewriter([{ kind: 'url', from: 'http://else.example', to: TO }]).bytes(bytes)).toBe(bytes);
      }),
      { numRuns: 5 },
    );
  }, 60_000);

  it('that is broken is left alone, and said', () => {
    const one = aRewriter();
    const broken = `a:1:{s:3:"url";s:99:"${FROM}/x";}`;
    expect(one.text(broken)).toBe(broken);
    expect(one.left).toEqual(['broken-serialized']);
  });

  it('of a class with a way of its own is left alone where it cannot be read', () => {
    const one = aRewriter();
    const own = `C:3:"Foo":${FROM.length + 4}:{url=${FROM}}`;
    expect(one.text(own)).toBe(own);
    expect(one.left).toEqual(['own-serialized']);
    const list = (url: string) => {
      const inside = `x:i:0;a:1:{i:0;s:${url.length}:"${url}";};m:a:0:{}`;
      return `C:11:"ArrayObject":${inside.length}:{${inside}}`;
    };
    expect(one.text(list(FROM))).toBe(list(TO));
  });

  it('in JSON, and JSON in it, have the lengths of what is meant', () => {
    const inner = (url: string) => `a:1:{s:2:"é";s:${url.length}:"${url}";}`;
    const json = JSON.stringify({ data: inner(`${FROM}/`), url: FROM }).replaceAll('/', '\\/');
    const now = aRewriter().text(json);
    expect(now).not.toBe(json);
    expect(JSON.parse(now)).toEqual({ data: inner(`${TO}/`), url: TO });
  });

  it('keeps both keys of an array where they would become one', () => {
    const was = `a:2:{s:21:"${FROM}";i:1;s:${TO.length}:"${TO}";i:2;}`;
    expect(aRewriter().text(was)).toBe(was);
  });
});

describe('a URL', () => {
  it.each([
    [`<a href="${FROM}/shop">`, `<a href="${TO}/shop">`],
    ['see https://bakery.example.', `see ${TO}.`],
    ['src="//bakery.example/a.png"', `src="${TO.slice(6)}/a.png"`],
    ['{"u":"http:\\/\\/bakery.example\\/a"}', `{"u":"${TO.replaceAll('/', '\\/')}\\/a"}`],
    [
      '"{\\"u\\":\\"http:\\\\\\/\\\\\\/bakery.example\\\\\\/a\\"}"',
      `"{\\"u\\":\\"${TO.replaceAll('/', '\\\\\\/')}\\\\\\/a\\"}"`,
    ],
    ['?to=http%3A%2F%2Fbakery.example%2Fa', `?to=${encodeURIComponent(TO)}%2Fa`],
    ['?to=http%253A%252F%252Fbakery.example', `?to=${encodeURIComponent(encodeURIComponent(TO))}`],
    [`${FROM}をご覧ください`, `${TO}をご覧ください`],
    ['http://bakery.example:8080/', 'http://bakery.example:8080/'],
    ['http://bakery.example.au/', 'http://bakery.example.au/'],
    ['http://notbakery.example/', 'http://notbakery.example/'],
    ['http://www.bakery.example/', 'http://www.bakery.example/'],
    ['http://bakery.example-old/', 'http://bakery.example-old/'],
    ['ftp://bakery.example/', 'ftp://bakery.example/'],
    ['me@bakery.example', 'me@bakery.example'],
    ['https://cdn.example//bakery.example/', 'https://cdn.example//bakery.example/'],
  ])('%s becomes %s', (was, now) => expect(aRewriter().text(was)).toBe(now));

  it('with a port and a folder is another than one without', () => {
    const one = aRewriter([{ kind: 'url', from: 'http://127.0.0.1:8081/blog', to: 'http://127.0.0.1:9000' }]);
    expect(one.text('http://127.0.0.1:8081/blog/a http://127.0.0.1:8081/blogs http://127.0.0.1/blog')).toBe(
      'http://127.0.0.1:9000/a http://127.0.0.1:8081/blogs http://127.0.0.1/blog',
    );
    expect(one.text('http%3A%2F%2F127.0.0.1%3A8081%2Fblog')).toBe('http%3A%2F%2F127.0.0.1%3A9000');
  });

  it('that only goes on is changed once, however often it is rewritten', () => {
    const one = aRewriter([{ kind: 'url', from: FROM, to: `${FROM}/staging` }]);
    const now = one.text(`${FROM}/a and ${FROM}`);
    expect(now).toBe(`${FROM}/staging/a and ${FROM}/staging`);
    expect(one.text(now)).toBe(now);
  });
});

describe('a path', () => {
  it.each([
    [`${PATH}/wp-content/a.php`, `${NEW_PATH}/wp-content/a.php`],
    [`.:${PATH}:/usr/share`, `.:${NEW_PATH}:/usr/share`],
    [`file://${PATH}/x`, `file://${NEW_PATH}/x`],
    [`"${PATH.replaceAll('/', '\\/')}"`, `"${NEW_PATH.replaceAll('/', '\\/')}"`],
    [`${PATH}.old/x`, `${PATH}.old/x`],
    [`${PATH}2`, `${PATH}2`],
    [`/mnt${PATH}/x`, `/mnt${PATH}/x`],
  ])('%s becomes %s', (was, now) => expect(aRewriter().text(was)).toBe(now));
});
