import { Problem, Sha256, type BackupId, type Clock, type OnProgress } from '../../words/index.ts';
import type { StoreIndex } from './index-db.ts';
import type { BlobId, StoreKeys } from './keys.ts';
import { blobsOf, placesOfDamage, type ReadTree } from './mark.ts';
import type { BlobPlace } from './pack.ts';
import type { PackFiles } from './pack-files.ts';
import type { SnapshotRecord, Snapshots } from './snapshots.ts';
import type { VerifyDepth, VerifyReport } from './types.ts';
import type { StoreWorkers } from './workers.ts';

/** What looking into the store needs. */
export interface StoreParts {
  readonly keys: StoreKeys;
  readonly index: StoreIndex;
  readonly packs: PackFiles;
  readonly snapshots: Snapshots;
  readonly workers: StoreWorkers;
  readonly readTree: ReadTree;
  readonly clock: Clock;
}

/** Reads backups back, pack by pack. Each damage is named by backup and path. */
export async function verifyBackups(
  parts: StoreParts,
  given: readonly BackupId[] | null,
  depth: VerifyDepth,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<VerifyReport> {
  const { index, snapshots, clock } = parts;
  const ids = given ?? (await snapshots.ids());
  const records = new Map<BackupId, SnapshotRecord>();
  const damage: string[] = [];
  for (const id of ids) {
    signal.throwIfAborted();
    try {
      records.set(id, await snapshots.readAnew(id));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'store-damaged') throw error;
      damage.push(`${id} cannot be read: its record in ${snapshots.file(id)} is damaged`);
    }
  }

  const bad = new Map<BlobId, string>();
  const wanted = new Set<BlobId>();
  const inPack = new Map<string, BlobPlace[]>();
  const usedBy = new Map<string, BackupId>();
  const seenTrees = new Set<BlobId>();
  for (const [id, record] of records) {
    for await (const blob of blobsOf(record, parts.readTree, seenTrees, signal)) {
      if (wanted.has(blob)) continue;
      wanted.add(blob);
      const place = index.find(blob);
      if (place === null) {
        bad.set(blob, `blob ${blob} is in no pack`);
        continue;
      }
      const list = inPack.get(place.pack);
      if (list) list.push(place);
      else inPack.set(place.pack, [place]);
      if (!usedBy.has(place.pack)) usedBy.set(place.pack, id);
    }
  }

  const total = [...inPack.keys()].reduce((sum, name) => sum + (index.pack(name)?.size ?? 0), 0);
  let done = 0;
  let bytes = 0;
  const queue = [...inPack];
  const checkNext = async (): Promise<void> => {
    const next = queue.shift();
    if (next === undefined) return;
    const [name, places] = next;
    signal.throwIfAborted();
    const found = await checkPack(parts, name, places, depth);
    bytes += found.bytes;
    for (const [blob, why] of found.bad) bad.set(blob, why);
    // What is not what it was is stored anew by the next backup that has it.
    if (!found.unread) for (const blob of found.bad.keys()) index.forgetBlob(blob);
    if (found.pack !== null && found.bad.size === 0)
      damage.push(`${usedBy.get(name) ?? ''} (no content is lost): ${found.pack}`);
    done += index.pack(name)?.size ?? 0;
    progress({ what: 'Verify', done, total, unit: 'bytes' });
    await checkNext();
  };
  await Promise.all(Array.from({ length: parts.workers.count }, checkNext));

  for (const [id, record] of records) {
    const before = damage.length;
    if (bad.size > 0)
      for await (const line of placesOfDamage(id, record, parts.readTree, bad)) damage.push(line);
    if (damage.length === before && !damage.some((line) => line.startsWith(`${id} `)))
      index.setVerified(id, clock());
  }
  return { backups: ids.length, blobs: wanted.size, bytes, damage };
}

interface CheckedPack {
  readonly bytes: number;
  readonly bad: ReadonlyMap<BlobId, string>;
  /** The disk did not give it: nothing is forgotten for that. */
  readonly unread: boolean;
  /** What is wrong with the pack beside its contents; null: nothing. */
  readonly pack: string | null;
}

/** Reads one pack back. `wanted`: the blobs that are known to lie in it. */
export async function checkPack(
  { index, packs, workers, clock }: StoreParts,
  name: string,
  wanted: readonly BlobPlace[],
  depth: VerifyDepth,
): Promise<CheckedPack> {
  const known = index.pack(name);
  if (depth === 'new' && known !== null && known.checkedAt !== null) {
    const size = await packs.size(name).catch(() => null);
    if (size === known.size) return { bytes: 0, bad: new Map(), unread: false, pack: null };
  }
  const {
    bytes,
    bad: found,
    unread,
    whole,
  } = await workers.check({
    file: packs.fileOf(name),
    name,
    salt: new Uint8Array(known?.salt ?? Buffer.alloc(32)),
    places: [...wanted],
  });
  // What a later backup has stored anew in another pack is not missed here; what was forgotten meanwhile is.
  const missed = new Set<string>(wanted.map(({ id }) => id));
  const bad = found.filter(([id]) => {
    const place = index.find(Sha256.parse(id));
    return place === null ? missed.has(id) : place.pack === name;
  });
  if (whole === null && bad.length === 0) index.setChecked(name, clock());
  return { bytes, bad: new Map(bad.map(([id, why]) => [Sha256.parse(id), why])), unread, pack: whole };
}
