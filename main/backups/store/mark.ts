import type { BackupId } from '../../words/index.ts';
import type { BlobId } from './keys.ts';
import type { SnapshotRecord } from './snapshots.ts';
import type { Tree } from './tree.ts';

/** Reads a folder; null: it cannot be read. */
export type ReadTree = (id: BlobId) => Promise<Tree | null>;

/** Every blob that a backup refers to, folders first. A folder that was seen before is passed over with all that is in it. */
export async function* blobsOf(
  record: SnapshotRecord,
  readTree: ReadTree,
  seenTrees: Set<BlobId>,
  signal: AbortSignal,
): AsyncGenerator<BlobId, void, void> {
  if (record.database) yield* record.database.blobs;
  const waiting = [record.root];
  for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
    if (seenTrees.has(tree)) continue;
    seenTrees.add(tree);
    signal.throwIfAborted();
    yield tree;
    for (const entry of (await readTree(tree)) ?? []) {
      if (entry.kind === 'folder') waiting.push(entry.tree);
      if (entry.kind === 'file') yield* entry.blobs;
    }
  }
}

/** Names what is damaged, by backup and path: each place of a backup that refers to a bad blob. */
export async function* placesOfDamage(
  id: BackupId,
  record: SnapshotRecord,
  readTree: ReadTree,
  bad: ReadonlyMap<BlobId, string>,
): AsyncGenerator<string, void, void> {
  const walk = async function* (tree: BlobId, path: string): AsyncGenerator<string, void, void> {
    const why = bad.get(tree);
    const entries = why === undefined ? await readTree(tree) : null;
    if (entries === null) {
      yield `${id} ${path === '' ? '/' : path}: ${why ?? 'the folder cannot be read'}`;
      return;
    }
    for (const entry of entries) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.kind === 'folder') yield* walk(entry.tree, below);
      if (entry.kind === 'file') yield* reasons(`${id} ${below}`, entry.blobs);
    }
  };
  const reasons = function* (where: string, blobs: readonly BlobId[]) {
    for (const blob of blobs) {
      const why = bad.get(blob);
      if (why !== undefined) yield `${where}: ${why}`;
    }
  };
  yield* walk(record.root, '');
  if (record.database) yield* reasons(`${id} database`, record.database.blobs);
}
