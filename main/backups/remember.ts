import type { ManifestEntry } from './pull/manifest.ts';
import type { BlobId } from './store/keys.ts';
import type { FileEntry } from './store/tree.ts';
import type { SnapshotWriter } from './store/types.ts';

/** What has come of a backup that is being taken. */
export interface Memory {
  add(entry: ManifestEntry, blobs: readonly BlobId[]): void;
  /** Has the store remember all of it. */
  keep(): Promise<void>;
  /** Resolves when nothing is being remembered: what a finished backup has must not be remembered after its end. */
  settled(): Promise<void>;
}

/** Milliseconds after which it is remembered what has come: what a crash may cost to fetch again. Most backups are over by then. */
const REMEMBER = 15_000;

/** Has a writer remember what has come, so that a backup after one that was cut off goes on where that one was. */
export function rememberIn(writer: Pick<SnapshotWriter, 'remember'>): Memory {
  let fresh: FileEntry[] = [];
  let since = performance.now();
  let under = Promise.resolve();
  const keep = () => {
    const files = fresh;
    fresh = [];
    since = performance.now();
    // It is a help for later, so that it fails is no failure of the backup.
    if (files.length > 0) under = under.then(() => writer.remember(files)).catch(() => {});
    return under;
  };
  return {
    keep,
    settled: () => under,
    add({ path, mode, mtime, ctime, inode, size }: ManifestEntry, blobs: readonly BlobId[]) {
      fresh.push({ kind: 'file', name: path, mode, mtime, ctime, inode, size, blobs: [...blobs] });
      if (performance.now() - since >= REMEMBER) void keep();
    },
  };
}
