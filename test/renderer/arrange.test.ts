import { describe, expect, it } from 'vitest';
import { arrange, between, countStates } from '../../renderer/screens/sites/arrange.ts';
import { sampleSite } from '../e2e/fake/fleet.ts';

const sites = Array.from({ length: 40 }, (_, index) => sampleSite(index, 1_795_000_000_000).summary);
const everything = { search: '', tag: null, show: 'all', sort: { key: 'name', down: false } } as const;
const names = (view: Parameters<typeof arrange>[1]) =>
  arrange(sites, view, 'en').map(({ site }) => site.name);

describe('the list of sites', () => {
  it('is found by all words typed, in name, address, tag or server', () => {
    expect(names({ ...everything, search: 'har yoga' })).toEqual(['Harbour Yoga']);
    expect(names({ ...everything, search: 'solari-coaching.example' })).toEqual(['Sólarí Coaching']);
    expect(names({ ...everything, search: 'har nakamura' })).toEqual([]);
  });

  it('shows what fits a tag and a state', () => {
    const waiting = arrange(sites, { ...everything, show: 'waiting', tag: 'shop' }, 'en');
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting.every(({ state, site }) => state === 'waiting' && site.tags.includes('shop'))).toBe(true);
  });

  it('puts what needs a person first when sorted by what waits', () => {
    const [first, second] = arrange(sites, { ...everything, sort: { key: 'waiting', down: true } }, 'en');
    expect(first?.state).toBe('failed');
    expect(
      second === undefined ? 0 : second.waiting.security + Number(second.state === 'failed'),
    ).toBeGreaterThan(0);
  });

  it('keeps the order of the alphabet, whatever the accents', () => {
    const sorted = names(everything);
    expect(sorted).toEqual([...sorted].sort((a, b) => a.localeCompare(b, 'en', { sensitivity: 'base' })));
  });

  it('counts its states', () => {
    const counts = countStates(sites);
    expect(counts.all).toBe(40);
    expect(counts.failed).toBe(sites.filter(({ state }) => state === 'failed').length);
  });

  it('chooses everything between two rows, either way round', () => {
    const ids = sites.map(({ site }) => site.id);
    expect(between(sites, ids[2] ?? '', ids[5] ?? '')).toEqual(ids.slice(2, 6));
    expect(between(sites, ids[5] ?? '', ids[2] ?? '')).toEqual(ids.slice(2, 6));
    expect(between(sites, 'site_gone', ids[2] ?? '')).toEqual([ids[2]]);
  });

  it('arranges a thousand sites faster than a frame', () => {
    const many = Array.from({ length: 1000 }, (_, index) => sampleSite(index, 0).summary);
    arrange(many, everything, 'en');
    const started = performance.now();
    for (let turn = 0; turn < 10; turn += 1) arrange(many, { ...everything, search: 'ha' }, 'en');
    expect((performance.now() - started) / 10).toBeLessThan(16);
  });
});
