import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../main/updates/judge.ts';
import type { Probe } from '../../../main/updates/plan.ts';

const page = (part: Partial<Probe> = {}): Probe => ({
  url: 'https://bakery.example/',
  status: 200,
  finalUrl: 'https://bakery.example/',
  title: 'Hollyhock Bakery',
  words: 400,
  bytes: 12_000,
  millis: 300,
  fault: null,
  ...part,
});
const rules = { slowerTimes: 5 };

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
    ['when it is five times slower', { millis: 1600 }, /^\/: .*takes 1.6 s; before it took 0.3 s/],
  ])('%s', (_name, now, reason) => {
    expect(judge([page()], [page(now)], [], rules)).toEqual({
      verdict: 'worse',
      reasons: [expect.stringMatching(reason) as string],
    });
  });

  it('when its log has new fatal errors, of which three are enough', () => {
    expect(judge([page()], [page()], ['one', 'two', 'three', 'four'], rules)).toEqual({
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
    expect(judge([page()], [page(now)], [], rules)).toEqual({ verdict: 'same', reasons: [] });
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
        expect(judge([probe], [probe], [], rules)).toEqual({ verdict: 'same', reasons: [] });
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
