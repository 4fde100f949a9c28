import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../main/updates/judge.ts';
import type { Probe } from '../../../main/updates/judging/page.ts';

/** So many words, no two alike. */
const words = (count: number, from = 0): ReadonlySet<string> =>
  new Set(Array.from({ length: count }, (_, index) => `word${from + index}`));
const WORDS = words(40);

const page = (part: Partial<Probe> = {}): Probe => ({
  url: 'https://bakery.example/',
  status: 200,
  finalUrl: 'https://bakery.example/',
  title: 'Hollyhock Bakery',
  words: 400,
  bytes: 12_000,
  millis: 300,
  fault: null,
  way: 'network',
  kind: 'html',
  wellFormed: true,
  terms: WORDS,
  main: new Set(),
  login: false,
  certificate: null,
  cached: null,
  askedAt: 0,
  madeAt: null,
  echo: null,
  assets: [],
  ...part,
});
const rules = { slowerTimes: 5, wordsLost: 0.6, pictureDiffers: 0.85 };

describe('a site is worse', () => {
  it.each([
    ['when it answers 500', { status: 500 }, /^\/: .*500; before it was 200/],
    ['when it answers 404', { status: 404 }, /^\/: .*404; before it was 200/],
    [
      'when it does not answer',
      { status: null, fault: 'connect ECONNREFUSED' },
      /^\/: .*answer.*ECONNREFUSED/,
    ],
    [
      'when it names a fatal error',
      { fault: 'Fatal error: Uncaught' },
      /^\/: .*says “Fatal error: Uncaught”/,
    ],
    ['when the page is empty', { bytes: 0, words: 0, title: '' }, /^\/: .*empty/],
    ['when its content is gone', { words: 20 }, /^\/: .*content is gone \(20 words; before it had 400\)/],
    ['when its title is gone', { title: '' }, /^\/: .*title is gone/],
    [
      'when it leads elsewhere',
      { finalUrl: 'https://elsewhere.example/' },
      /^\/: .*leads to https:\/\/elsewhere.example\/; before it was https:\/\/bakery.example/,
    ],
    [
      'when it leads to the login',
      { finalUrl: 'https://bakery.example/wp-login.php?redirect_to=x' },
      /^\/: .*leads to https:\/\/bakery.example\/wp-login.php/,
    ],
    ['when a login form stands there', { login: true }, /^\/: a login form stands/],
    [
      'when the certificate has expired',
      { certificate: 'has expired' },
      /^\/: the certificate has expired; before/,
    ],
    [
      'when its JSON cannot be read',
      { kind: 'json' as const, wellFormed: false },
      /^\/: the answer is no readable JSON/,
    ],
    ['when it is blank', { words: 0 }, /^\/: the page is blank/],
    ['when other words stand there', { terms: words(40, 100) }, /^\/: other content stands there/],
    ['when it is five times slower', { millis: 1600 }, /^\/: .*takes 1.6 s; before it took 0.3 s/],
  ])('%s', (_name, now, reason) => {
    expect(judge([page()], [page(now)], [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: [expect.stringMatching(reason) as string],
    });
  });

  it('when its log has new fatal errors, of which three are enough', () => {
    expect(judge([page()], [page()], ['one', 'two', 'three', 'four'], rules)).toMatchObject({
      verdict: 'worse',
      reasons: ['one', 'two', 'three'].map((line) => `The PHP log has a new fatal error: ${line}`),
    });
  });

  it('when one page of many is, and it says which', () => {
    const other = {
      url: 'https://bakery.example/shop?page=2',
      finalUrl: 'https://bakery.example/shop?page=2',
    };
    expect(
      judge([page(), page(other)], [page(), page({ ...other, status: 500 })], [], rules).reasons,
    ).toEqual([expect.stringMatching(/^\/shop\?page=2: .*500/)]);
  });
});

describe('a site is the same', () => {
  it.each([
    ['when nothing changed', {}],
    ['when it has some words less', { words: 200 }],
    ['when it is a little slower than the noise', { millis: 799 }],
    ['when the redirect’s query changed', { finalUrl: 'https://bakery.example/?nonce=2' }],
    ['when only a slash at the end differs', { finalUrl: 'https://bakery.example' }],
    ['when it has another title', { title: 'Another title' }],
  ])('%s', (_name, now) => {
    expect(judge([page()], [page(now)], [], rules)).toMatchObject({ verdict: 'same', reasons: [] });
  });

  it('when a small page lost some words', () => {
    expect(judge([page({ words: 10 })], [page({ words: 1 })], [], rules).verdict).toBe('same');
  });

  it('when a page that was sick before is sick still: the update is not to blame', () => {
    expect(
      judge([page({ status: 503 })], [page({ status: 500, fault: 'Fatal error' })], [], rules).verdict,
    ).toBe('same');
  });

  it('whatever it looks like, compared with itself', () => {
    const any = fc.record({
      url: fc.constant('https://bakery.example/'),
      status: fc.option(fc.constantFrom(200, 301, 404, 500)),
      finalUrl: fc.webUrl(),
      title: fc.string(),
      words: fc.nat(),
      bytes: fc.nat(),
      millis: fc.nat(100_000),
      fault: fc.option(fc.string()),
    });
    fc.assert(
      fc.property(any, (probe) => {
        const sick = probe.fault !== null || probe.status === null || probe.status >= 500;
        fc.pre(!sick);
        expect(judge([page(probe)], [page(probe)], [], rules)).toMatchObject({
          verdict: 'same',
          reasons: [],
        });
      }),
    );
  });
});

describe('a site is better', () => {
  it('when a page that was sick is well', () => {
    expect(judge([page({ status: 500, fault: 'Fatal error' })], [page()], [], rules).verdict).toBe('better');
  });

  it('but not when another page got worse meanwhile', () => {
    const shop = { url: 'https://bakery.example/shop', finalUrl: 'https://bakery.example/shop' };
    expect(
      judge([page({ status: 500 }), page(shop)], [page(), page({ ...shop, status: 500 })], [], rules).verdict,
    ).toBe('worse');
  });
});

describe('several looks', () => {
  const shop = (part: Partial<Probe> = {}) => page({ main: words(20, 20), ...part });

  it('tell what is chance: what differs at every look is not missed', () => {
    const looks = [0, 1, 2].map((look) => page({ terms: WORDS.union(words(400, 1000 + look * 400)) }));
    const after = page({ terms: WORDS.union(words(400, 9000)) });
    expect(judge(looks, [after], [], rules)).toMatchObject({ verdict: 'same', reasons: [], notes: [] });
  });

  it('miss the main part even where most of the page is what stands around it', () => {
    const around = words(200, 500);
    const before = [0, 1].map(() => shop({ terms: WORDS.union(around) }));
    const after = shop({ terms: around.union(words(20)), main: new Set() });
    expect(judge(before, [after], [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: ['/: the main part of the page is gone (100 % of its words).'],
    });
  });

  it('do not call a page worse for one bad look of three, and say it', () => {
    const bad = page({ status: 502 });
    expect(judge([page()], [bad, page(), page()], [], rules)).toMatchObject({
      verdict: 'same',
      notes: [expect.stringMatching(/one look was not well: the answer is 502/)],
    });
    expect(judge([page()], [bad, page(), bad], [], rules).verdict).toBe('worse');
  });

  it('do not call a page slower whose times always leap', () => {
    const before = [200, 4000, 300].map((millis) => page({ millis }));
    expect(judge(before, [page({ millis: 3900 })], [], rules).verdict).toBe('same');
    expect(
      judge(
        before,
        [5200, 180, 5100].map((millis) => page({ millis })),
        [],
        rules,
      ).verdict,
    ).toBe('same');
    expect(
      judge(
        [page(), page()],
        [5200, 4800, 5100].map((millis) => page({ millis })),
        [],
        rules,
      ),
    ).toMatchObject({
      reasons: ['/: takes 4.8 s; before it took 0.3 s.'],
    });
  });
});

describe('a page that was sick', () => {
  const fatal = { fault: 'Fatal error: one' };

  it('is noted when it is sick in another way', () => {
    expect(
      judge([page({ status: 503 })], [page({ status: 500, fault: 'Fatal error' })], [], rules),
    ).toMatchObject({
      verdict: 'same',
      notes: ['/: was broken before and is broken otherwise now: 503 → Fatal error.'],
    });
  });

  it('is worse when it was there all the same, and is not any more', () => {
    expect(judge([page(fatal)], [page({ status: 500 })], [], rules).verdict).toBe('worse');
    expect(judge([page(fatal)], [page({ ...fatal, terms: words(3, 900) })], [], rules).verdict).toBe('worse');
    expect(judge([page(fatal)], [page(fatal)], [], rules)).toMatchObject({
      verdict: 'same',
      notes: ['/: is as broken as before.'],
    });
  });

  it('now and then only, and is at every look now, is worse: a passing fault does not hide what an update broke', () => {
    const away = page({ status: null, fault: 'ECONNREFUSED' });
    const broken = page({ status: 500 });
    expect(judge([page(), away], [broken, broken, broken], [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: ['/: was well now and then before, and is not any more (500).'],
    });
    expect(judge([page(), away, away], [page(fatal)], [], rules).verdict).toBe('worse');
    expect(judge([page(), away], [broken, page()], [], rules).verdict).toBe('same');
    expect(judge([away, away], [broken], [], rules).verdict).toBe('same');
  });

  it('that had a broken certificate is not blamed for it, and praised when it is mended', () => {
    const broken = { certificate: 'is self-signed' };
    expect(judge([page(broken)], [page(broken)], [], rules)).toMatchObject({ verdict: 'same', notes: [] });
    expect(judge([page(broken)], [page()], [], rules)).toMatchObject({
      verdict: 'same',
      notes: ['/: the certificate is valid now.'],
    });
    expect(judge([page(broken)], [page({ ...broken, status: 500 })], [], rules).verdict).toBe('worse');
  });
});

describe('an answer from a cache', () => {
  it.each([
    ['that says so', { cached: 'x-cache: HIT' }],
    ['that was made before it was asked for', { askedAt: 10_000, madeAt: 1_000 }],
  ])('%s says nothing: an update is not kept because of it alone', (_name, part) => {
    const before = page({ askedAt: 1_000, madeAt: 1_000 });
    const own = page({ way: 'loopback', askedAt: 10_000, madeAt: 10_000 });
    expect(judge([before, own], [page(part), own], [], rules)).toMatchObject({
      verdict: 'same',
      notes: [expect.stringMatching(/comes from a cache/)],
    });
    expect(judge([before], [page(part)], [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: [expect.stringMatching(/No page is the site’s own answer any more/)],
    });
  });

  it('that it was before, too, is no reason', () => {
    const cached = page({ cached: 'x-cache: HIT' });
    expect(judge([cached], [cached], [], rules)).toMatchObject({ verdict: 'same', reasons: [] });
  });

  it('is none where the server’s clock was set back', () => {
    const before = page({ askedAt: 10_000_000, madeAt: 10_000_000 });
    const after = [10_005_000, 10_008_000].map((at) =>
      page({ askedAt: at, madeAt: at - 7_200_000, terms: new Set(['gone']), main: new Set() }),
    );
    expect(judge([before], after, [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: [expect.not.stringMatching(/cache/)],
    });
    expect(
      judge([before], [page({ askedAt: 10_005_000, madeAt: 2_000, status: 500 })], [], rules),
    ).toMatchObject({
      reasons: ['/: the answer is 500; before it was 200.'],
    });
  });

  it('does not stand for the server’s own', () => {
    const own = page({ way: 'loopback', status: 500 });
    expect(judge([page()], [page({ cached: 'age: 12' }), own], [], rules)).toMatchObject({
      verdict: 'worse',
      reasons: ['/ (asked on the server itself): the answer is 500; before it was 200.'],
    });
  });
});

describe('whatever is seen', () => {
  const anyPage: fc.Arbitrary<Probe> = fc
    .record({
      status: fc.option(fc.constantFrom(200, 301, 403, 404, 500, 503)),
      finalUrl: fc.constantFrom('https://bakery.example/', 'https://bakery.example/login'),
      title: fc.constantFrom('', 'Bakery', 'Login'),
      words: fc.nat(500),
      bytes: fc.nat(5000),
      millis: fc.nat(10_000),
      fault: fc.option(fc.constantFrom('Fatal error: a', 'ECONNREFUSED')),
      login: fc.boolean(),
      wellFormed: fc.boolean(),
      certificate: fc.option(fc.constantFrom('has expired', 'is self-signed')),
      terms: fc.integer({ min: 0, max: 60 }).map((from) => words(40, from)),
      way: fc.constantFrom('network' as const, 'loopback' as const),
    })
    .map((part) => page(part));
  const looks = fc.array(anyPage, { minLength: 1, maxLength: 4 });

  it('worse has a reason, and nothing else has one', () => {
    fc.assert(
      fc.property(looks, looks, (before, after) => {
        const { verdict, reasons } = judge(before, after, [], rules);
        expect(verdict === 'worse').toBe(reasons.length > 0);
      }),
    );
  });

  it('a page that only ever was dead is never to blame', () => {
    fc.assert(
      fc.property(looks, looks, (before, after) => {
        const dead = before.map((probe) => ({ ...probe, status: 500 }));
        expect(judge(dead, after, [], rules).verdict).not.toBe('worse');
      }),
    );
  });

  it('a page that was well at any look and is dead at every one now is always worse', () => {
    fc.assert(
      fc.property(looks, looks, looks, (well, before, after) => {
        const way = 'network';
        const once = well.map((probe) => ({ ...probe, way, status: 200, fault: null }) as const);
        const dead = after.map((probe) => ({ ...probe, way, status: 500 }) as const);
        const others = before.map((probe) => ({ ...probe, way }) as const);
        expect(judge([...once, ...others], dead, [], rules).verdict).toBe('worse');
      }),
    );
  });

  it('the same looks in any order are the same', () => {
    fc.assert(
      fc.property(looks, (before) => {
        const well = before.map((probe) => ({ ...probe, status: 200, fault: null }));
        expect(judge(well, [...well].reverse(), [], rules).verdict).toBe('same');
      }),
    );
  });
});
