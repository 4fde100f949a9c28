import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileHistory } from '../../../../main/backups/index.ts';
import { aShelf, bakery, type Folder, type Shelf } from './snapshots.ts';

let shelf: Shelf;
beforeEach(async () => {
  shelf = await aShelf();
});
afterEach(() => shelf[Symbol.asyncDispose]());

const themes = (style: string): Folder => ({ themes: { in: { 'style.css': style } }, 'index.php': 'i' });
const told = async (path: string) =>
  (await fileHistory(shelf.store, bakery, path)).versions.map(({ kind, size }) => `${kind} ${size}`);

describe('the history of a file', () => {
  it('has each version once, newest first, and says where it was gone', async () => {
    await shelf.take({ 'index.php': 'i' });
    const first = await shelf.take(themes('a'));
    const last = await shelf.take({ ...themes('a'), 'other.php': 'o' });
    await shelf.take(themes('bb'));
    await shelf.take({ 'index.php': 'i' });
    await shelf.take(themes('a'));
    expect(await told('themes/style.css')).toEqual(['file 1', 'gone 0', 'file 2', 'file 1']);
    const { versions } = await fileHistory(shelf.store, bakery, 'themes/style.css');
    expect(versions.at(-1)).toMatchObject({
      backupId: first.backup.id,
      takenAt: first.backup.takenAt,
      lastBackupId: last.backup.id,
      sameAs: null,
    });
    expect(versions[0]).toMatchObject({ sameAs: first.backup.id });
  });

  it('takes another mode or time for no version, a link for one', async () => {
    await shelf.take({ a: { file: 'x', mode: 0o644 } });
    await shelf.take({ a: { file: 'x', mode: 0o600, mtime: '1800000000.0' } });
    await shelf.take({ a: { link: 'b' } });
    await shelf.take({ a: { link: 'c' } });
    expect(await told('a')).toEqual(['link 0', 'link 0', 'file 1']);
  });

  it('does not take a file for deleted that a backup could not read', async () => {
    await shelf.take(themes('a'));
    const blind = await shelf.take({ themes: { in: {} } }, { unreadable: ['themes'] });
    await shelf.take(themes('a'));
    const { versions, unread } = await fileHistory(shelf.store, bakery, 'themes/style.css');
    expect(versions).toHaveLength(1);
    expect(unread).toEqual([blind.backup.id]);
  });

  it('is refused for a path that no backup has', async () => {
    await shelf.take(themes('a'));
    await expect(told('nothing')).rejects.toMatchObject({ code: 'no-such-path' });
    await expect(told('index.php/below')).rejects.toMatchObject({ code: 'no-such-path' });
  });
});
