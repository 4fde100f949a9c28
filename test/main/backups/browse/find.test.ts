import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFiles } from '../../../../main/backups/index.ts';
import { SiteId } from '../../../../main/words/index.ts';
import { never } from '../../samples.ts';
import { aShelf, bakery, type Shelf } from './snapshots.ts';

let shelf: Shelf;
beforeEach(async () => {
  shelf = await aShelf();
});
afterEach(() => shelf[Symbol.asyncDispose]());

const florist = SiteId.parse('site_florist0');
const told = async (glob: string, siteId: SiteId | null = bakery) =>
  (await findFiles(shelf.store, { siteId, glob }, never)).map(
    (one) => `${one.siteId === florist ? 'florist ' : ''}${one.path} ${one.size} ×${one.backups}`,
  );

describe('finding files over all backups', () => {
  it('has each version once, in the newest backup that has it', async () => {
    await shelf.take({ 'a.php': 'one', deep: { in: { 'a.php': 'x' } } });
    await shelf.take({ 'a.php': 'one', deep: { in: { 'a.php': 'x' } } });
    const last = await shelf.take({ 'a.php': 'three', deep: { in: { 'a.php': 'x' } } });
    expect(await told('a.php')).toEqual(['a.php 5 ×1', 'deep/a.php 1 ×3', 'a.php 3 ×2']);
    const found = await findFiles(shelf.store, { siteId: bakery, glob: 'a.php' }, never);
    expect(found.filter(({ backupId }) => backupId === last.backup.id)).toHaveLength(2);
  });

  it('matches names, or whole paths where the glob has a slash', async () => {
    await shelf.take({
      'A.PHP': '1',
      lib: { in: { 'a.php': '22', 'b.txt': '333', more: { in: { 'c.php': '4444' } } } },
    });
    expect(await told('*.php')).toEqual(['A.PHP 1 ×1', 'lib/a.php 2 ×1', 'lib/more/c.php 4 ×1']);
    expect(await told('lib/*.php')).toEqual(['lib/a.php 2 ×1']);
    expect(await told('lib/**')).toEqual(['lib/a.php 2 ×1', 'lib/b.txt 3 ×1', 'lib/more/c.php 4 ×1']);
    expect(await told('**/c.php')).toEqual(['lib/more/c.php 4 ×1']);
    expect(await told('[b].txt')).toEqual([]);
  });

  it('looks into one site, or into all; a folder that two places share is found in both', async () => {
    const shared = { in: { 'wp.css': 'same' } };
    await shelf.take({ one: shared, two: shared });
    await shelf.take({ one: shared }, { siteId: florist });
    expect(await told('*.css')).toEqual(['one/wp.css 4 ×1', 'two/wp.css 4 ×1']);
    expect(await told('*.css', null)).toEqual([
      'florist one/wp.css 4 ×1',
      'one/wp.css 4 ×1',
      'two/wp.css 4 ×1',
    ]);
  });

  it('can be cancelled', async () => {
    await shelf.take({ a: 'x' });
    await expect(
      findFiles(shelf.store, { siteId: null, glob: '*' }, AbortSignal.abort()),
    ).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
