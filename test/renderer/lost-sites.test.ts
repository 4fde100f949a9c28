import { expect, it } from 'vitest';
import type { LostSite } from '../../main/api/index.ts';
import { SiteId } from '../../main/words/index.ts';
import {
  arrangeLost,
  between,
  isBringable,
  signedInWith,
} from '../../renderer/screens/new-computer/lost-sites.ts';
import { lostSite } from '../e2e/fake/emergency.ts';
import { sampleSite } from '../e2e/fake/fleet.ts';

const NOW = 1_763_000_000_000;
const sites = [0, 1, 2, 3, 4, 5].flatMap((index) => lostSite(sampleSite(index, NOW), NOW, index === 0));
const [here, lost, , , unrecorded] = sites;
const anew = { ...(lost as LostSite), twin: SiteId.parse('site_0000000000aa') };

it('shows what is not here yet first, by name, and finds by words of name, address, host and tags', () => {
  const all = arrangeLost(sites, { search: '', show: 'all' }, 'en');
  expect(all.at(-1)).toBe(here);
  const names = all.slice(0, -1).map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  expect(arrangeLost(sites, { search: '', show: 'here' }, 'en')).toEqual([here]);
  expect(arrangeLost(sites, { search: '', show: 'lost' }, 'en')).not.toContain(here);
  const word = lost?.name.split(' ').at(-1)?.toUpperCase() ?? '';
  expect(arrangeLost(sites, { search: `${word} HTTPS`, show: 'all' }, 'en')).toContain(lost);
  expect(arrangeLost(sites, { search: `${word} nowhere`, show: 'all' }, 'en')).toEqual([]);
});

it('brings together what needs no question of its own: not what is here, was added anew, or is not recorded', () => {
  expect([here, lost, unrecorded, anew].map((one) => one && isBringable(one))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

it('chooses from one row to another', () => {
  const [a, b, c] = sites as [LostSite, LostSite, LostSite];
  expect(between(sites, c.siteId, a)).toEqual([a, b, c]);
  expect(between(sites, null, b)).toEqual([b]);
});

it('changes the proof and leaves the way', () => {
  const connection = lost?.known?.connection;
  expect(connection && signedInWith(connection, { kind: 'agent' })).toEqual({
    ...connection,
    authentication: { kind: 'agent' },
  });
  expect(connection && signedInWith(connection, null)).toBe(connection);
  expect(signedInWith({ kind: 'local' }, { kind: 'agent' })).toEqual({ kind: 'local' });
});
