import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteRecordOf, sitesInStore, type SiteRecord } from '../../../main/backups/index.ts';
import { Site } from '../../../main/sites/index.ts';
import { SiteId } from '../../../main/words/index.ts';
import { aDraft } from '../samples.ts';
import { aStore, siteId } from './store/sample.ts';

const key = {
  ...{ host: 'bakery.example', port: 22, type: 'ssh-ed25519' },
  fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrwEDh9EaYgc1jZUKkZ6Rkmw',
};
const recordOf = (name: string): SiteRecord => ({
  site: Site.parse({ ...aDraft({ name }), id: siteId, addedAt: 7, privateFolder: null }),
  hostKeys: [key],
});

async function take(place: Awaited<ReturnType<typeof aStore>>, name: string, site?: SiteRecord) {
  place.clock.forward(1000);
  const about = { siteId, siteName: name, reason: 'asked' as const };
  await using writer = await place.store.begin({ ...about, ...(site === undefined ? {} : { site }) });
  const root = await writer.putTree([]);
  const nothing = { database: null, databaseKind: null, files: 0, bytes: 0, moved: [], unreadable: [] };
  return writer.commit({ root, ...nothing });
}

describe('what backups know of their sites', () => {
  it('is what the newest backup says that says anything, and is sealed with it', async () => {
    using place = await aStore();
    await take(place, 'Bakery', recordOf('Bakery'));
    await take(place, 'The Bakery', recordOf('The Bakery'));
    const older = await take(place, 'Bread');
    await place.reopen();
    expect(await sitesInStore(place.store)).toMatchObject([
      { siteId, name: 'The Bakery', backups: 3, latest: { id: older.id }, record: recordOf('The Bakery') },
    ]);
    const snapshots = path.join(place.folder, 'snapshots');
    for (const name of fs.readdirSync(snapshots))
      expect(fs.readFileSync(path.join(snapshots, name)).includes('bakery.example')).toBe(false);
  });

  it('is missing in the backups of older versions, which open all the same', async () => {
    using place = await aStore();
    const { id } = await take(place, 'Bakery');
    await place.reopen();
    expect((await place.store.open(id)).site).toBeNull();
    expect(await sitesInStore(place.store)).toMatchObject([{ name: 'Bakery', record: null }]);
  });

  it('is never of another site than the backup', async () => {
    using place = await aStore();
    const other = recordOf('Florist');
    await take(place, 'Bakery', { ...other, site: { ...other.site, id: SiteId.parse('site_florist0') } });
    await place.reopen();
    expect(await sitesInStore(place.store)).toMatchObject([{ name: 'Bakery', record: null }]);
  });

  it('is no site where it is garbage', () => {
    const whole = recordOf('Bakery');
    const spoiled = fc.oneof(
      fc.anything(),
      fc.constant({ ...whole, site: { ...whole.site, connection: { kind: 'telnet' } } }),
      fc.constant({ ...whole, site: { ...whole.site, url: 'javascript:alert(1)' } }),
      fc.constant({ ...whole, site: { ...whole.site, root: '/srv/a\0b' } }),
      fc.constant({ ...whole, hostKeys: [{ ...key, fingerprint: 'MD5:00' }] }),
    );
    fc.assert(
      fc.property(spoiled, (said) => {
        expect(siteRecordOf(said, siteId)).toBeNull();
      }),
    );
    expect(siteRecordOf(whole, siteId)).toEqual(whole);
  });

  it('costs no backup where it is garbage', async () => {
    using place = await aStore();
    const { id } = await take(place, 'Bakery', 'no record' as unknown as SiteRecord);
    await place.reopen();
    expect((await place.store.open(id)).backup.id).toBe(id);
    expect(await sitesInStore(place.store)).toMatchObject([{ name: 'Bakery', record: null }]);
  });
});
