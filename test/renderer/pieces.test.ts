import { describe, expect, it } from 'vitest';
import { byDay } from '../../renderer/screens/activity/days.ts';
import { bytesOf, pictureType, textOf } from '../../renderer/screens/backups/content.ts';
import { nameIn, parentIn, pathIn, stepsTo } from '../../renderer/screens/backups/paths.ts';
import { NO_SECRETS, withPassphrase, withPassword } from '../../renderer/screens/add-site/secrets.ts';
import { type Item, search } from '../../renderer/screens/palette/search.ts';
import { addressOf } from '../../renderer/screens/sites/address.ts';

describe('a file of a backup', () => {
  it('is a picture by its bytes, whatever it is called', () => {
    expect(pictureType(bytesOf('iVBORw0KGgoAAAANSUhEUg=='))).toBe('image/png');
    expect(pictureType(new TextEncoder().encode('<svg onload="alert(1)">'))).toBeNull();
    expect(pictureType(new Uint8Array())).toBeNull();
  });
  it('shows bytes that are not text without failing', () => {
    expect(textOf(Uint8Array.of(0x48, 0xff, 0x69))).toBe('H\uFFFDi');
  });
});

describe('a path in a backup', () => {
  it('is taken apart and put together', () => {
    expect(parentIn('a/b/c.php')).toBe('a/b');
    expect(parentIn('c.php')).toBe('');
    expect(nameIn('a/b/c.php')).toBe('c.php');
    expect(pathIn('', 'a')).toBe('a');
    expect(pathIn('a', 'b')).toBe('a/b');
    expect(stepsTo('a/b')).toEqual([
      { name: 'a', path: 'a' },
      { name: 'b', path: 'a/b' },
    ]);
    expect(stepsTo('')).toEqual([]);
  });
});

describe('secrets as they are typed', () => {
  it('are kept per hop, and forgotten when they are emptied', () => {
    const typed = withPassphrase(withPassword(NO_SECRETS, 1, 'a'), 0, 'b');
    expect(typed).toEqual({
      passwords: [{ hop: 1, password: 'a' }],
      passphrases: [{ hop: 0, passphrase: 'b' }],
    });
    expect(withPassword(typed, 1, '').passwords).toEqual([]);
  });
});

describe('the palette', () => {
  const item = (label: string, note = ''): Item => ({ id: label, label, note, group: 'site', run: () => {} });
  const items = [
    item('Bluebell Bakery'),
    item('Bakery Molen', 'shop'),
    item('Yoga', 'bakery.example'),
    item('Law'),
  ];
  it('puts what begins so before what holds it', () => {
    expect(search(items, 'bak', 10).map(({ label }) => label)).toEqual([
      'Bakery Molen',
      'Bluebell Bakery',
      'Yoga',
    ]);
  });
  it('needs every word', () => {
    expect(search(items, 'bak shop', 10).map(({ label }) => label)).toEqual(['Bakery Molen']);
    expect(search(items, 'zzz', 10)).toEqual([]);
  });
});

describe('the activity', () => {
  it('is grouped by local day, in order', () => {
    const entry = (id: number, at: number) =>
      ({
        id,
        at,
        siteId: null,
        siteName: null,
        runId: null,
        kind: 'check',
        outcome: 'done',
        summary: '',
        evidence: null,
        link: '',
        undoable: false,
      }) as const;
    const noon = new Date(2026, 10, 20, 12).getTime();
    const days = byDay([entry(3, noon), entry(2, noon - 3_600_000), entry(1, noon - 86_400_000)]);
    expect(days.map(({ entries }) => entries.map(({ id }) => id))).toEqual([[3, 2], [1]]);
  });
});

describe('an address', () => {
  it('is said as people say it', () => {
    expect(addressOf('https://www.harbour-yoga.example/')).toBe('harbour-yoga.example');
    expect(addressOf('http://localhost:8080/shop')).toBe('localhost:8080/shop');
  });
});
