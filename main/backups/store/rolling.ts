import { Problem, type BackupId, type OnProgress } from '../../words/index.ts';
import type { Gate } from './gate.ts';
import type { BlobId } from './keys.ts';
import { placesOfDamage } from './mark.ts';
import type { SnapshotRecord } from './snapshots.ts';
import type { RollingOptions, RollingReport } from './types.ts';
import { checkPack, type StoreParts } from './verify.ts';

/**
 * Reads back the packs that were read longest ago, one at a time, and says of each backup since when all of it has
 * been read. Prunes and backups may come in between two packs.
 */
export async function verifySome(
  parts: StoreParts,
  gate: Gate,
  { bytes: share, notSince, rest }: RollingOptions,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<RollingReport> {
  const { index } = parts;
  const waiting = index
    .packs()
    .filter(({ checkedAt }) => (checkedAt ?? 0) < notSince)
    .sort((a, b) => (a.checkedAt ?? 0) - (b.checkedAt ?? 0));
  const bad = new Map<BlobId, string>();
  const damage: string[] = [];
  let read = 0;
  let packs = 0;
  for (const { name } of waiting) {
    if (read >= share) break;
    await rest();
    signal.throwIfAborted();
    const leave = await gate.together();
    try {
      // A prune may have taken it away since.
      const pack = index.pack(name);
      if (pack === null) continue;
      const found = await checkPack(parts, name, index.placesIn(name), 'deep');
      for (const [blob, why] of found.bad) bad.set(blob, why);
      // What is not what it was is stored anew by the next backup that has it.
      if (!found.unread) for (const blob of found.bad.keys()) index.forgetBlob(blob);
      if (found.pack !== null && found.bad.size === 0)
        damage.push(`pack ${name} (no content is lost): ${found.pack}`);
      read += pack.size;
      packs += 1;
    } finally {
      leave();
    }
    progress({ what: 'Verify', done: read, total: Math.max(share, read), unit: 'bytes' });
  }

  await rest();
  const leave = await gate.together();
  try {
    damage.push(...(await settle(parts, bad, signal)));
  } finally {
    leave();
  }
  return { packs, bytes: read, damage };
}

/** Moves on since when each backup is known to be whole; names what is damaged by backup and path. */
async function settle(parts: StoreParts, bad: Map<BlobId, string>, signal: AbortSignal): Promise<string[]> {
  const { index, snapshots } = parts;
  const damage: string[] = [];
  const readAt = oldestReads(parts, bad, signal);
  const records: [BackupId, SnapshotRecord][] = [];
  for (const id of await snapshots.ids()) {
    try {
      records.push([id, await snapshots.read(id)]);
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
