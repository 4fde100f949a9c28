import type { SiteId } from '../words/index.ts';
import type { Backup } from './backup.ts';
import { SiteRecord } from './site-record.ts';
import type { Store } from './store/types.ts';

/** A site as the store knows it. */
export interface StoredSite {
  readonly siteId: SiteId;
  /** As it was called when its latest backup was taken. */
  readonly name: string;
  readonly latest: Backup;
  readonly backups: number;
  /** What the newest backup that says so knows of it; null: all of them are of an older version. */
  readonly record: SiteRecord | null;
}

/** Every site that has backups in a store, the latest backed up first. @throws Problem `store-locked` */
export async function sitesInStore(
  store: Pick<Store, 'list' | 'open'>,
  only?: SiteId,
): Promise<StoredSite[]> {
  const found: StoredSite[] = [];
  for (const [siteId, backups] of Map.groupBy(await store.list(only), (backup) => backup.siteId)) {
    const [latest] = backups;
    if (latest === undefined) continue;
    const record = await recordIn(store, backups);
    found.push({
      siteId,
      name: record?.site.name ?? latest.siteName,
      latest,
      backups: backups.length,
      record,
    });
  }
  return found;
}

async function recordIn(
  store: Pick<Store, 'open'>,
  newestFirst: readonly Backup[],
): Promise<SiteRecord | null> {
  for (const { id, siteId } of newestFirst) {
    const record = siteRecordOf((await store.open(id)).site, siteId);
    if (record !== null) return record;
  }
  return null;
}

/** What a backup of a site says of it; null: nothing that can be read, or it is of another site. A backup is a backup without it. */
export function siteRecordOf(said: unknown, siteId: SiteId): SiteRecord | null {
  const { data } = SiteRecord.safeParse(said);
  return data?.site.id === siteId ? data : null;
}
