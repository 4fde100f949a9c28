import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupChange } from '../../main/api/index.ts';
import { linesOf, modeInWords } from '../../renderer/screens/compare/changes.ts';
import { type Row, sideBySide } from '../../renderer/screens/compare/lines.ts';
import { zipNameOf } from '../../renderer/screens/backups/paths.ts';

const flat = (rows: readonly Row[]): Exclude<Row, { kind: 'gap' }>[] =>
  rows.flatMap((row) => (row.kind === 'gap' ? flat(row.rows) : [row]));
const told = (old: string, now: string) =>
  sideBySide(old, now)?.map((row) =>
    row.kind === 'gap'
      ? `… ${row.rows.length}`
      : row.kind === 'same'
        ? row.now.text
        : `${row.old?.text ?? ''} | ${row.now?.text ?? ''}`,
  );
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}\n`).join('');

describe('two texts side by side', () => {
  it('have every line of both, in order and numbered', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });
    fc.assert(
      fc.property(text, text, (old, now) => {
        const rows = flat(
          sideBySide(old.map((line) => `${line}\n`).join(''), now.map((line) => `${line}\n`).join('')) ?? [],
        );
        const side = (which: 'old' | 'now') => rows.flatMap((row) => row[which] ?? []);
        expect(side('old').map(({ text: line }) => line)).toEqual(old);
        expect(side('now').map(({ text: line }) => line)).toEqual(now);
        expect(side('now').map(({ number }) => number)).toEqual(now.map((_, at) => at + 1));
        for (const row of rows) if (row.kind === 'same') expect(row.old.text).toBe(row.now.text);
      }),
    );
  });

  it('show three lines around what differs, and how many are left out', () => {
    expect(
      told(`${numbered(1, 10)}old\n${numbered(11, 20)}`, `${numbered(1, 10)}new\n${numbered(11, 20)}`),
    ).toEqual(['… 7', 'line 8', 'line 9', 'line 10', 'old | new', 'line 11', 'line 12', 'line 13', '… 7']);
  });

  it('show what ends a line where only that differs', () => {
    expect(told('a\r\nb', 'a\nb\n')).toEqual(['a␍␊ | a␊', 'b | b␊']);
  });

  it('make seen what would steer how a line is read', () => {
    expect(told('', 'if (a\u202e) {\u200b}\u0007\n')).toEqual([' | if (a‹202e›) {‹200b›}‹0007›']);
  });

  it('cut a line that is too long to lay out, and give up where they are too far apart', () => {
    expect(told('', 'x'.repeat(100_000))?.[0]?.length).toBeLessThan(2100);
    const far = (word: string) => Array.from({ length: 6000 }, (_, at) => `${word} ${at}\n`).join('');
    expect(sideBySide(far('old'), far('new'))).toBeNull();
  });
});

describe('the list of changes', () => {
  const change = (path: string, kind: BackupChange['change']): BackupChange => ({
    path,
    change: kind,
    before: null,
    after: null,
  });
  const changes = [
    change('a/x', 'added'),
    change('b', 'mode'),
    change('a/y', 'deleted'),
    change('a/b/z', 'added'),
  ];
  const shown = (which: Parameters<typeof linesOf>[1]) =>
    linesOf(changes, which).map((line) =>
      line.kind === 'folder' ? `${line.path}/ ${line.changes}` : line.change.path,
    );

  it('has each folder once with all its changes', () => {
    expect(shown('all')).toEqual(['/ 1', 'b', 'a/ 2', 'a/x', 'a/y', 'a/b/ 1', 'a/b/z']);
  });
  it('shows one kind alone', () => {
    expect(shown('added')).toEqual(['a/ 1', 'a/x', 'a/b/ 1', 'a/b/z']);
    expect(shown('rest')).toEqual(['/ 1', 'b']);
  });
  it('writes modes as people know them', () => {
    expect([0o644, 0o4755, 0].map(modeInWords)).toEqual(['644', '4755', '000']);
  });
});

describe('the name of a zip', () => {
  it.each([
    ['Harbour Yoga', 'harbour-yoga-2026-11-18.zip'],
    ['../../etc: "x"', 'etc-x-2026-11-18.zip'],
    ['パン屋', 'パン屋-2026-11-18.zip'],
    ['***', '2026-11-18.zip'],
  ])('of %s is one that every system takes', (site, name) => {
    expect(zipNameOf(site, new Date(2026, 10, 18, 12).getTime())).toBe(name);
  });
});
