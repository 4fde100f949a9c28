import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosenFiles, refuseWrongChoice } from '../../../main/updates/repair/chosen.ts';
import { compareWith, mayBeAnother } from '../../../main/updates/repair/compare.ts';
import type { RepairComponent } from '../../../main/updates/index.ts';

const lying = (md5: Record<string, string>, others: string[] = []) => ({
  md5: new Map(Object.entries(md5)),
  sha256: new Map<string, string>(),
  others: new Set(others),
});
const released = (files: Record<string, string[]>) =>
  new Map(Object.entries(files).map(([path, md5]) => [path, { md5, sha256: [] }]));
const said = (found: ReturnType<typeof compareWith>) =>
  found.files.map(({ state, path }) => `${state} ${path}`);

describe('what lies there, compared with a release', () => {
  it('is right with each hash that is published; what takes a file’s place is a change of it', () => {
    const found = compareWith(
      released({ 'p/a.php': ['1', '2'], 'p/b.php': ['3'], 'p/c.php': ['4'], 'p/d.php': ['5'] }),
      lying({ 'p/a.php': '2', 'p/b.php': 'x', 'p/own.txt': 'y' }, ['p/d.php']),
      false,
    );
    expect(said(found)).toEqual(['changed p/b.php', 'missing p/c.php', 'changed p/d.php', 'extra p/own.txt']);
    expect(found.whole).toBe(1);
  });

  it('is suspicious in core’s own folders, and nobody’s business beside them; what many remove is not missed', () => {
    const found = compareWith(
      released({ 'index.php': ['1'], 'readme.html': ['2'], 'wp-admin/install.php': ['3'] }),
      lying({ 'index.php': '1', 'wp-config.php': '9', 'own.php': '9', 'wp-includes/x.php': '9' }),
      true,
    );
    expect(found.files).toEqual([{ path: 'wp-includes/x.php', state: 'extra', suspicious: true }]);
  });

  it('names each path once, and says of each released one whether it is whole', () => {
    const files = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(files, files, (original, there) => {
        const found = compareWith(
          released(Object.fromEntries(Object.entries(original).map(([path, hash]) => [path, [hash]]))),
          lying(there),
          false,
        );
        const paths = found.files.map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        const ofRelease = found.files.filter(({ state }) => state !== 'extra').length;
        expect(found.whole + ofRelease).toBe(Object.keys(original).length);
      }),
    );
  });

  it('may be another product where next to nothing of it is the same', () => {
    const files = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        path: `${at}`,
        state: 'changed' as const,
        suspicious: false,
      }));
    expect(mayBeAnother({ whole: 0, files: files(1) })).toBe(true);
    expect(mayBeAnother({ whole: 1, files: files(20) })).toBe(true);
    expect(mayBeAnother({ whole: 5, files: files(20) })).toBe(false);
    expect(mayBeAnother({ whole: 0, files: [] })).toBe(false);
  });
});

describe('what is chosen', () => {
  const component = (slug: string, state: RepairComponent['state']): RepairComponent => ({
    ...{ kind: 'plugin', slug, name: slug, version: '1', state, why: '', whole: 1, bytes: 0 },
    files: [
      { path: `${slug}/changed.php`, state: 'changed', suspicious: false },
      { path: `${slug}/own.php`, state: 'extra', suspicious: false },
    ],
  });
  const all = [component('known', 'known'), component('unsure', 'unsure'), component('unknown', 'unknown')];
  const paths = (...given: Parameters<typeof chosenFiles>) => Object.fromEntries(chosenFiles(...given));

  it('is all that differs where the release is known; nothing is ever removed unasked', () => {
    expect(paths(all, null)).toEqual({ 'known/changed.php': 'put' });
    const named = [{ kind: 'plugin' as const, slug: 'unsure', files: null, remove: [] }];
    expect(paths(all, named)).toEqual({ 'unsure/changed.php': 'put' });
    expect(paths(all, [{ kind: 'plugin', slug: 'known', files: [], remove: ['known/own.php'] }])).toEqual({
      'known/own.php': 'remove',
    });
  });

  it('is refused where it is unknown, or nothing that differs', () => {
    const choice = { kind: 'plugin' as const, files: null, remove: [] };
    const code = (given: Parameters<typeof refuseWrongChoice>[0]) => () => refuseWrongChoice(given, all);
    expect(code([{ ...choice, slug: 'unknown' }])).toThrow('Nobody says what the files of unknown');
    expect(code([{ ...choice, slug: 'gone' }])).toThrow('There is no plugin “gone”');
    expect(code([{ ...choice, slug: 'known', files: ['wp-config.php'] }])).toThrow(
      'wp-config.php is as it was',
    );
  });
});
