import { Problem, type BackupId, type OnProgress } from '../../words/index.ts';
import { TAG, type BlobId } from './keys.ts';
import { blobsOf } from './mark.ts';
import { damaged, openBlob, type BlobPlace } from './pack.ts';
import { createPacker, packedSize } from './packer.ts';
import type { KnownPack } from './index-db.ts';
import type { PruneReport } from './types.ts';
import type { StoreParts } from './verify.ts';

/** A pack of which more than this part is dead is written anew. */
const THIN = 0.2;

/**
 * Gives back the space that no backup needs. Order: mark from the snapshot files (any that cannot be read ends
 * it); write the living blobs of thin packs into new ones; point the index there; see that no
 * living blob is in a pack that goes; lay those aside; only then delete. A crash leaves every blob in at least one pack.
 * @throws Problem `store-damaged`
 */
export async function pruneStore(
  parts: StoreParts,
  options: { readonly dryRun: boolean; readonly without?: readonly BackupId[] },
  signal: AbortSignal,
  progress: OnProgress,
): Promise<PruneReport> {
  const { index, packs } = parts;
  const live = await markLive(parts, options.without ?? [], signal, progress);

  const dead: KnownPack[] = [];
  const thin: KnownPack[] = [];
  let bytes = 0;
  for (const pack of index.packs()) {
    bytes += pack.size;
    const places = index.placesIn(pack.name);
    const kept = places.reduce((sum, place) => sum + (live.has(place.id) ? place.stored : 0), 0);
    // What lies in another pack as well, or is damaged, is not in the index here and counts as dead.
    if (kept === 0) dead.push(pack);
    else if (kept < pack.size * (1 - THIN)) thin.push(pack);
  }
  if (options.dryRun) {
    const old = [...dead, ...thin].reduce((sum, pack) => sum + pack.size, 0);
    const anew = packedSize(
      livingIn(parts, thin, live).map(({ place: { stored } }) => ({
        stored,
        payload: stored - (parts.keys.sealed ? TAG : 0),
      })),
    );
    return { deleted: dead.length, rewritten: thin.length, freed: old - anew, bytes: bytes - old + anew };
  }

  let written = 0;
  const packer = createPacker({
    keys: parts.keys,
    workers: parts.workers,
    has: () => false,
    roomFor: packs.roomFor,
    onPack(pack, places) {
      index.add(pack, places, true);
      written += pack.size;
    },
  });
  const moving = livingIn(parts, thin, live);
  for (const [at, { pack, place }] of moving.entries()) {
    if (at % 64 === 0) progress({ what: 'Rewrite packs', done: at, total: moving.length, unit: 'steps' });
    signal.throwIfAborted();
    const sealed = await packs.read(pack.name, place.offset, place.stored);
    const payload = openBlob(parts.keys, pack.salt, place, sealed);
    await packer.addPacked({ id: place.id, raw: place.raw, codec: place.codec, payload });
  }
  await packer.finish();
  signal.throwIfAborted();

  const going = new Set([...dead, ...thin].map(({ name }) => name));
  for (const blob of live)
    if (going.has(index.find(blob)?.pack ?? ''))
      throw damaged(`blob ${blob} would have been lost; nothing was thrown away`);
  for (const name of going) {
    await packs.layAside(name);
    index.forgetPack(name);
  }
  const gone = await packs.emptyAside();
  return {
    deleted: dead.length,
    rewritten: thin.length,
    freed: gone - written,
    bytes: bytes - gone + written,
  };
}

function livingIn(
  { index }: StoreParts,
  packs: readonly KnownPack[],
  live: ReadonlySet<BlobId>,
): { pack: KnownPack; place: BlobPlace }[] {
  return packs.flatMap((pack) =>
    index.placesIn(pack.name).flatMap((place) => (live.has(place.id) ? [{ pack, place }] : [])),
  );
}

/** Every blob that a backup needs. */
async function markLive(
  { snapshots, readTree, index }: StoreParts,
  without: readonly BackupId[],
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Set<BlobId>> {
  const live = new Set<BlobId>();
  const seenTrees = new Set<BlobId>();
  const ids = (await snapshots.ids()).filter((id) => !without.includes(id));
  for (const [at, id] of ids.entries()) {
    progress({ what: 'Find what is needed', done: at, total: ids.length, unit: 'steps' });
    const refuse = (cause: unknown) =>
      new Problem(
        {
          code: 'store-damaged',
          message: 'Not every backup can be read, so nothing was thrown away.',
          attempted: `Read backup ${id}`,
          answered: cause instanceof Problem ? cause.answered : String(cause),
          todo: 'Verify the backups to see what is damaged; delete a backup that is beyond help, then try again.',
        },
        cause,
      );
    const record = await snapshots.read(id).catch((error: unknown) => {
      throw refuse(error);
    });
    const strict = async (tree: BlobId) => {
      const entries = await readTree(tree);
      if (entries === null) throw refuse(new Error(`folder ${tree} cannot be read`));
      return entries;
    };
    for await (const blob of blobsOf(record, strict, seenTrees, signal)) {
      if (live.has(blob)) continue;
      // A damaged file of a backup is no reason to keep the rest of the rubbish.
      if (index.has(blob)) live.add(blob);
    }
  }
  return live;
}
