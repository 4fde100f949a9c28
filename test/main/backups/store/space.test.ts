import crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newSiteId, type SiteId } from '../../../../main/words/index.ts';
import { never, quietly } from '../../samples.ts';
import { aStore, stamp } from './sample.ts';

async function* once(bytes: Buffer) {
  yield bytes;
}

async function take(place: Awaited<ReturnType<typeof aStore>>, siteId: SiteId, contents: readonly Buffer[]) {
  await using writer = await place.store.begin({ siteId, siteName: `Site ${siteId}`, reason: 'asked' });
  const entries = [];
  for (const [at, bytes] of contents.entries()) {
    const { blobs, size } = await writer.put(once(bytes));
    entries.push({ kind: 'file' as const, name: String(at), ...stamp, size, blobs: [...blobs] });
  }
  const bytes = contents.reduce((sum, one) => sum + one.length, 0);
  const root = await writer.putTree(entries);
  const empty = { database: null, databaseKind: null, moved: [], unreadable: [] };
  return writer.commit({ ...empty, root, files: entries.length, bytes });
}

describe('the space of a store', () => {
  it('is told apart: of one site alone, of several, of nobody; and removing a site gives back its own', async () => {
    using place = await aStore();
    const [both, first, second, lost] = Array.from({ length: 4 }, () => crypto.randomBytes(100_000));
    if (!both || !first || !second || !lost) throw new Error('four files');
    const [one, two] = [newSiteId(), newSiteId()];
    const gone = await take(place, one, [lost]);
    await take(place, one, [both, first]);
    const ofTwo = [await take(place, two, [both, second]), await take(place, two, [both, second])];
    await place.store.remove(gone.id);
    const space = await place.store.space(never);
    expect(space.sites.map(({ siteId }) => siteId).sort()).toEqual([one, two].sort());
    const of = (siteId: SiteId) => space.sites.find((site) => site.siteId === siteId);
    expect(of(two)).toMatchObject({ backups: 2, whole: 400_000 });
    for (const siteId of [one, two]) {
      expect(of(siteId)?.own).toBeGreaterThan(100_000);
      expect(of(siteId)?.own).toBeLessThan(102_000);
      expect(of(siteId)?.shared).toBe(space.shared);
    }
    expect(space.shared).toBeGreaterThanOrEqual(100_000);
    expect(space.unused).toBeGreaterThan(100_000);
    const { shared, unused, overhead, sites } = space;
    expect(sites.reduce((sum, { own }) => sum + own, 0) + shared + unused + overhead).toBe(space.total);
    expect(overhead).toBeGreaterThan(0);

    for (const { id } of ofTwo) await place.store.remove(id);
    const { freed } = await place.store.prune({ dryRun: false }, never, quietly);
    expect(freed).toBeGreaterThanOrEqual((of(two)?.own ?? 0) + 100_000);
    expect(await place.store.space(never)).toMatchObject({ shared: 0, unused: 0 });
  });
});
