import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressIn } from '../../../../main/updates/judging/find-pages.ts';
import { readPage, termsOf } from '../../../../main/updates/judging/read-page.ts';

const url = 'https://bakery.example/';
const read = (body: string, type = 'text/html; charset=utf-8', faults: readonly string[] = []) =>
  readPage(Buffer.from(body), type, { url, faults });

describe('a page', () => {
  it('is read as a person reads it', () => {
    const page = read(
      `<!doctype html><title>Bread &amp; more</title><header><nav>Home Shop</nav></header><style>p{}</style>
       <main>Fresh rye <b>bread</b> 2024</main><!-- hidden --><footer>Home Imprint</footer><script>never()</script>`,
    );
    expect(page).toMatchObject({ title: 'Bread & more', words: 8, kind: 'html', login: false, fault: null });
    expect([...page.terms].sort()).toEqual(['0000', 'bread', 'fresh', 'home', 'imprint', 'rye', 'shop']);
    expect([...page.main].sort()).toEqual(['0000', 'bread', 'fresh', 'rye']);
  });

  it.each([
    ['<input type="password" name=pwd>', true],
    ["<input name='p' TYPE=password>", true],
    ['<input type="text" name="password">', false],
    ['<script>"<input type=password>"</script>', false],
  ])('that holds %s asks for a password: %s', (html, login) => {
    expect(read(html).login).toBe(login);
  });

  it('names its own stylesheets and scripts', () => {
    expect(
      read(
        `<link rel=stylesheet href="/a.css?ver=1&amp;x=2"><link rel="icon" href="/i.png"><link href='b.css' rel='stylesheet'>
         <script src="https://bakery.example/c.js"></script><script src="https://cdn.example/d.js"></script><script>1</script>`,
      ).assets,
    ).toEqual([
      'https://bakery.example/a.css?ver=1&x=2',
      'https://bakery.example/b.css',
      'https://bakery.example/c.js',
    ]);
  });

  it.each([
    ['application/json', '{"a":1}', true],
    ['application/json', 'Notice: x {"a":1}', false],
    ['application/rss+xml', '<?xml version="1.0"?><rss/>', true],
    ['application/rss+xml', '\n<?xml version="1.0"?><rss/>', false],
  ])('as %s: %j can be read: %s', (type, body, wellFormed) => {
    expect(read(body, type).wellFormed).toBe(wellFormed);
  });

  it('that is PHP’s source is broken', () => {
    expect(read('<?php require "wp-blog-header.php";', 'text/html').fault).toMatch(/source/);
  });

  it.each([
    ['Japanese', 'パンを焼きます', 'パンを売ります'],
    ['German', 'Frisches Brot jeden Tag', 'Frisches Brot nur heute'],
  ])('in %s has words that can be compared', (_language, one, other) => {
    const [a, b] = [termsOf(one), termsOf(other)];
    expect(a.intersection(b).size).toBeGreaterThan(0);
    expect(a.difference(b).size).toBeGreaterThan(0);
  });

  it('of any bytes is read, quickly', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '<nav',
        '</nav>',
        '<script',
        '</script',
        '<title>',
        '<!--',
        '<link rel=stylesheet href="',
        '"',
        'word ',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(read(pieces.join('')).words).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it.each(['<nav', '<script>', '<link rel=stylesheet href="', '<', '<title', '<!--', '<input ', '<nav>'])(
    'made of four megabytes of %j ends as soon as any other',
    (piece) => {
      expect(read(piece.repeat(4_000_000 / piece.length)).words).toBeGreaterThanOrEqual(0);
    },
  );
});

describe('an address in an answer', () => {
  it.each([
    ['JSON', '[{"link":"https:\\/\\/bakery.example\\/?p=4"}]', 'link', 'https://bakery.example/?p=4'],
    [
      'a feed, past the front page',
      '<?xml version="1.0"?><rss><channel><link>https://bakery.example</link><item><link>https://bakery.example/?p=1&amp;x=1</link></item></channel></rss>',
      'link',
      'https://bakery.example/?p=1&x=1',
    ],
    [
      'robots.txt',
      'User-agent: *\nsitemap: https://bakery.example/map.xml\n',
      'Sitemap',
      'https://bakery.example/map.xml',
    ],
    ['another site’s', '[{"link":"https://evil.example/"}]', 'link', null],
    ['nothing', '', 'link', null],
    ['broken JSON', '{"link":', 'link', null],
  ])('of %s', (_what, body, key, found) => {
    expect(addressIn(body, { in: '/', key }, 'https://bakery.example/')).toBe(found);
  });
});
