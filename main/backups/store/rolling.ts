import { Problem, type BackupId } from '../../words/index.ts';
import type { BlobId } from './keys.ts';
import { placesOfDamage } from './mark.ts';
import type { SnapshotRecord } from './snapshots.ts';
import type { ReadPack } from './types.ts';
import { checkPack, type StoreParts } from './verify.ts';

/** Reads back the pack that was read longest ago, if that is not since `notSince`; null: there is none. */
export async function readOldest(
  parts: StoreParts,
  notSince: number,
  except: readonly string[],
): Promise<ReadPack | null> {
  const { index } = parts;
  const [oldest] = index
    .packs()
    .filter(({ name, checkedAt }) => (checkedAt ?? 0) < notSince && !except.includes(name))
    .sort((a, b) => (a.checkedAt ?? 0) - (b.checkedAt ?? 0));
  if (oldest === undefined) return null;
  const { name, size } = oldest;
  const found = await checkPack(parts, name, index.placesIn(name), 'deep');
  // What is not what it was is stored anew by the next backup that has it.
  if (!found.unread) for (const blob of found.bad.keys()) index.forgetBlob(blob);
  return { name, bytes: size, bad: [...found.bad], whole: found.pack };
}

/** Moves on since when each backup is known to be whole; names what is damaged by backup and path. */
export async function concludeReading(
  parts: StoreParts,
  given: ReadPack['bad'],
  signal: AbortSignal,
): Promise<string[]> {
  const bad = new Map(given);
  const { index, snapshots } = parts;
  const damage: string[] = [];
  const readAt = oldestReads(parts, bad, signal);
  const records: [BackupId, SnapshotRecord][] = [];
  for (const id of await snapshots.ids()) {
    try {
      records.push([id, await snapshots.readAnew(id)]);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // It was removed meanwhile.
      if (error.code === 'no-such-backup') continue;
      if (error.code !== 'store-damaged') throw error;
      damage.push(`${id} cannot be read: its record in ${snapshots.file(id)} is damaged`);
    }
  }
  for (const [id, record] of records) {
    const since = Math.min(
      await readAt.ofTree(record.root),
      ...(record.database?.blobs ?? []).map((blob) => readAt.ofBlob(blob)),
    );
    if (since > 0 && Number.isFinite(since) && since > (index.verifiedAt(id) ?? 0))
      index.setVerified(id, since);
  }
  if (bad.size > 0)
    for (const [id, record] of records)
      for await (const line of placesOfDamage(id, record, parts.readTree, bad)) damage.push(line);
  return damage;
}

/**
 * When the pack was read that was read longest ago of all that something lies in; 0: never, or it is damaged. Each
 * folder is looked into once, however many backups share it. Blobs that are in no pack are added to `bad`.
 */
function oldestReads({ index, readTree }: StoreParts, bad: Map<BlobId, string>, signal: AbortSignal) {
  const ofPack = new Map(index.packs().map(({ name, checkedAt }) => [name, checkedAt ?? 0]));
  const known = new Map<BlobId, number>();
  const ofBlob = (blob: BlobId): number => {
    if (bad.has(blob)) return 0;
    const place = index.find(blob);
    if (place === null) {
      bad.set(blob, `blob ${blob} is in no pack`);
      return 0;
    }
    return ofPack.get(place.pack) ?? 0;
  };
  const ofTree = async (tree: BlobId): Promise<number> => {
    const before = known.get(tree);
    if (before !== undefined) return before;
    signal.throwIfAborted();
    let oldest = ofBlob(tree);
    const entries = bad.has(tree) ? null : await readTree(tree);
    if (entries === null) oldest = 0;
    for (const entry of entries ?? []) {
      if (entry.kind === 'folder') oldest = Math.min(oldest, await ofTree(entry.tree));
      if (entry.kind === 'file') for (const blob of entry.blobs) oldest = Math.min(oldest, ofBlob(blob));
    }
    known.set(tree, oldest);
    return oldest;
  };
  return { ofBlob, ofTree };
}
