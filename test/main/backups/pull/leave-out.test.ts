import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LeaveOutRule,
  leftOutBy,
  previewOf,
  type LeaveOut,
  type ManifestEntry,
} from '../../../../main/backups/index.ts';
import { withoutLeftOut } from '../../../../main/backups/pull/leave-out.ts';

const entry = (path: string, size: number | null = 10): ManifestEntry => ({
  path,
  kind: size === null ? 'folder' : 'file',
  size: size ?? 0,
  mode: 0o644,
  mtime: '1',
  ctime: '1',
  inode: '1',
  target: '',
  closed: false,
});
const by = (part: Partial<LeaveOut>) => leftOutBy({ paths: [], rules: [], largerThan: null, ...part });
const nothing = () => false;

describe('what is left out', () => {
  it.each<[Partial<LeaveOut>, string[], string[]]>([
    [{ rules: ['*.mp4'] }, ['a.mp4', 'deep/er/b.mp4'], ['a.mp4.txt', 'A.MP4', 'mp4']],
    [{ rules: ['/video/'] }, ['video/a', 'video/b/c'], ['other/video/a', 'video2/a']],
    [{ rules: ['video/'] }, ['video/a', 'other/video/a'], ['video2/a']],
    [{ rules: ['*.log', '!keep.log'] }, ['a.log'], ['keep.log', 'deep/keep.log']],
    [
      { rules: ['/uploads/**/*-300x*.jpg'] },
      ['uploads/2026/a-300x200.jpg'],
      ['uploads/a.jpg', 'x/uploads/a-300x1.jpg'],
    ],
    [{ rules: ['back\\ up*'] }, ['back up 1'], ['back', 'up']],
    [{ paths: ['cache', 'a/b'] }, ['cache/x', 'a/b', 'a/b/c'], ['cache2', 'deep/cache/x', 'a/bc']],
    [{ paths: ['*'] }, ['*', '*/x'], ['a']],
  ])('by %j', (rules, dropped, kept) => {
    const leftOut = by(rules);
    for (const path of dropped) expect(leftOut.because(entry(path)), path).not.toBeNull();
    for (const path of kept) expect(leftOut.because(entry(path)), path).toBeNull();
  });

  it('is what is larger, unless a rule keeps it by name', () => {
    const leftOut = by({ largerThan: 100, rules: ['!dump.sql'] });
    expect(leftOut.because(entry('big', 101))).toBe('> 100');
    expect(leftOut.because(entry('small', 100))).toBeNull();
    expect(leftOut.because(entry('dump.sql', 1000))).toBeNull();
    expect(leftOut.because(entry('folder', null))).toBeNull();
  });

  it('names that no system should have do no harm', () => {
    const leftOut = by({ rules: ['*.mp4'], paths: ['cache'], largerThan: 5 });
    for (const path of ['..', '../x', './x', ' ', 'a\n.mp4', '\udcff/x', '!x', '#x', 'a//b', 'C:\\x', '~'])
      expect(() => leftOut.because(entry(path))).not.toThrow();
    expect(leftOut.because(entry('a\n.mp4'))).not.toBeNull();
  });

  it('keeps the folders of what stays, and what is about to be changed', () => {
    const entries = [
      entry('', null),
      entry('video', null),
      entry('video/a.mp4', 70),
      entry('video/deep', null),
      entry('video/deep/b.mp4', 30),
      entry('page.php'),
    ];
    const all = withoutLeftOut(entries, by({ rules: ['/video/'] }), nothing);
    expect(all.entries.map(({ path }) => path)).toEqual(['', 'page.php']);
    expect(all).toMatchObject({ files: 2, bytes: 100 });
    const touched = withoutLeftOut(
      entries,
      by({ rules: ['/video/'] }),
      (path) => path === 'video/deep/b.mp4',
    );
    expect(touched.entries.map(({ path }) => path)).toEqual([
      '',
      'video',
      'video/deep',
      'video/deep/b.mp4',
      'page.php',
    ]);
    expect(touched).toMatchObject({ files: 1, bytes: 70 });
  });

  it('and what stays are together all there is, and every folder on the way stays', () => {
    const name = fc.constantFrom('a', 'b', 'c.mp4', 'd.log');
    const paths = fc.uniqueArray(
      fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      { maxLength: 30 },
    );
    const rules = fc.array(fc.constantFrom('*.mp4', '/a/', 'b/', '!a/b', '*.log', '/c.mp4', '**/a'), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(paths, rules, (given, some) => {
        const folders = new Set<string>(['']);
        for (const path of given)
          for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1))
            folders.add(path.slice(0, cut));
        const files = given.filter((path) => !folders.has(path));
        const entries = [
          ...[...folders].map((path) => entry(path, null)),
          ...files.map((path) => entry(path, 7)),
        ];
        const left = withoutLeftOut(entries, by({ rules: some }), nothing);
        const kept = left.entries.filter(({ kind }) => kind === 'file').length;
        expect(kept + left.files).toBe(files.length);
        const there = new Set(left.entries.map(({ path }) => path));
        for (const { path } of left.entries)
          if (path.includes('/')) expect(there.has(path.slice(0, path.lastIndexOf('/')))).toBe(true);
        const preview = previewOf(entries, by({ rules: some }));
        expect(preview.dropped.reduce((sum, one) => sum + one.files, 0)).toBe(left.files);
        expect(preview.files).toBe(files.length);
      }),
    );
  });
});

describe('a preview', () => {
  it('says what each rule drops, the largest first, and where most of the rest lies', () => {
    const preview = previewOf(
      [
        entry('uploads/2026/a.mp4', 500),
        entry('uploads/2026/b.jpg', 90),
        entry('uploads/x.log', 3),
        entry('app/lib/z.php', 20),
      ],
      by({ rules: ['*.log', '*.mp4'] }),
    );
    expect(preview).toEqual({
      files: 4,
      bytes: 613,
      dropped: [
        { because: '*.mp4', files: 1, bytes: 500, examples: ['uploads/2026/a.mp4'] },
        { because: '*.log', files: 1, bytes: 3, examples: ['uploads/x.log'] },
      ],
      largest: [
        { path: 'uploads/2026', files: 1, bytes: 90 },
        { path: 'app/lib', files: 1, bytes: 20 },
      ],
    });
  });
});

describe('a rule', () => {
  it.each(['*.mp4', '/a b/', '!x', 'a/**/b'])('%j can be one', (rule) => {
    expect(LeaveOutRule.safeParse(rule).success).toBe(true);
  });
  it.each(['', '  ', '*', '**', '/', '/*', '!', '# words', 'a\nb'])('%j cannot', (rule) => {
    expect(LeaveOutRule.safeParse(rule).success).toBe(false);
  });
});
