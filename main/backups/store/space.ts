import type { SiteId } from '../../words/index.ts';
import type { BlobId } from './keys.ts';
import { blobsOf } from './mark.ts';
import { BLOB_HEADER, PACK_HEADER, type BlobPlace } from './pack.ts';
import type { SiteSpace, StoreSpace } from './types.ts';
import type { StoreParts } from './verify.ts';

/** Adds up what each site's backups need; bytes as they lie in the packs. A backup whose record is damaged is passed over. */
export async function spaceOf(parts: StoreParts, signal: AbortSignal): Promise<StoreSpace> {
  const { index, snapshots, readTree } = parts;
  const sites = new Map<SiteId, { -readonly [Key in keyof SiteSpace]: SiteSpace[Key] }>();
  /** The first site that needs a blob, or that several do. */
  const needs = new Map<BlobId, { site: SiteId | null; bytes: number }>();
  const ofSite = new Map<SiteId, { readonly trees: Set<BlobId>; readonly blobs: Set<BlobId> }>();
  for (const id of await snapshots.ids()) {
    const record = await snapshots.read(id).catch(() => null);
    if (record === null) continue;
    const { siteId, siteName, bytes: whole } = record.backup;
    const site = sites.get(siteId) ?? { siteId, siteName, backups: 0, own: 0, shared: 0, whole: 0 };
    sites.set(siteId, site);
    site.backups += 1;
    site.whole += whole;
    const seen = ofSite.get(siteId) ?? { trees: new Set(), blobs: new Set() };
    ofSite.set(siteId, seen);
    for await (const blob of blobsOf(record, readTree, seen.trees, signal)) {
      if (seen.blobs.has(blob)) continue;
      seen.blobs.add(blob);
      const known = needs.get(blob);
      if (known === undefined) needs.set(blob, { site: siteId, bytes: index.find(blob)?.stored ?? 0 });
      else if (known.site !== siteId) known.site = null;
    }
  }
  let shared = 0;
  let used = 0;
  for (const { site, bytes } of needs.values()) {
    used += bytes;
    if (site === null) shared += bytes;
    else {
      const owner = sites.get(site);
      if (owner) owner.own += bytes;
    }
  }
  for (const [siteId, { blobs }] of ofSite) {
    const site = sites.get(siteId);
    for (const blob of blobs) {
      const need = needs.get(blob);
      if (site && need?.site === null) site.shared += need.bytes;
    }
  }
  let total = 0;
  let overhead = 0;
  for (const { name, size } of index.packs()) {
    signal.throwIfAborted();
    total += size;
    overhead += overheadOf(size, index.placesIn(name));
  }
  return {
    total,
    shared,
    unused: Math.max(0, total - used - overhead),
    overhead,
    sites: [...sites.values()].sort((a, b) => b.own - a.own),
  };
}

/** A pack's header and table, and what precedes each of its blobs. What was forgotten between them is contents. */
function overheadOf(size: number, places: readonly BlobPlace[]): number {
  const end = places.reduce((most, { offset, stored }) => Math.max(most, offset + stored), PACK_HEADER);
  return places.length === 0 ? 0 : size - end + PACK_HEADER + places.length * BLOB_HEADER;
}
