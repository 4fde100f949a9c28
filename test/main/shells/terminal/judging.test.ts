import { describe, expect, it } from 'vitest';
import type { PageSeen } from '../../../../main/runs/index.ts';
import { settingsFrom } from '../../../../main/shells/terminal/commands/judging.ts';
import { seenLines } from '../../../../main/shells/terminal/commands/seen.ts';
import { SiteSettings } from '../../../../main/sites/index.ts';

const settings = SiteSettings.parse({ probePaths: ['/old'], judging: { slowerTimes: 9 } });

describe('a site’s settings from the terminal', () => {
  it.each([
    [{ probe: ['/shop', '/contact'] }, { probePaths: ['/shop', '/contact'] }],
    [{ probe: [''] }, { probePaths: [] }],
    [{ php: '/usr/bin/php8.3' }, { php: '/usr/bin/php8.3', probePaths: ['/old'] }],
    [{ slowerTimes: 'usual' }, { judging: { slowerTimes: null } }],
    [{ slowerTimes: '12' }, { judging: { slowerTimes: 12, wordsLost: 60 } }],
    [{ wordsLost: '30%', pictures: 'off' }, { judging: { wordsLost: 30, pictures: false, slowerTimes: 9 } }],
    [{ pictureDiffers: '100' }, { judging: { pictureDiffers: 100 } }],
  ])('%j', (options, expected) => {
    const changed = settingsFrom(settings, options);
    expect(changed).toMatchObject(expected);
    expect(SiteSettings.parse(changed)).toEqual(changed);
  });

  it('are left alone where none is given', () => {
    expect(settingsFrom(settings, {})).toBeNull();
  });

  it.each([
    { slowerTimes: '1' },
    { wordsLost: 'many' },
    { wordsLost: '' },
    { pictureDiffers: '101' },
    { pictures: 'yes' },
  ])('refuse %j', (options) => {
    expect(() => settingsFrom(settings, options)).toThrow(/takes/);
  });
});

describe('the pages of a step in the terminal', () => {
  const look = { status: 200, title: '', words: 40, millis: 180, fault: null, certificate: null };
  const page: PageSeen = {
    page: '/',
    way: 'network',
    before: look,
    after: { ...look, status: 500, words: 3 },
    verdict: 'worse',
    words: ['the answer is 500; before it was 200.'],
    picture: null,
  };

  it('stand one below the other, before and after', () => {
    expect(seenLines([page, { ...page, way: 'loopback', after: null, verdict: null, words: [] }])).toEqual([
      '/                         200 180 ms 40 words → 500 180 ms 3 words  worse',
      '  the answer is 500; before it was 200.',
      '/ (on the server itself)  200 180 ms 40 words',
    ]);
  });

  it('say when nothing answered', () => {
    expect(
      seenLines([{ ...page, before: { ...look, status: null, fault: 'ENOTFOUND' }, after: null }])[0],
    ).toMatch(/no answer/);
  });
});
