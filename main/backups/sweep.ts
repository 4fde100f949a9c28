import type { Connection } from '../connections/index.ts';
import type { OnProgress, RemotePath } from '../words/index.ts';
import type { FileScripts } from './pull/file-scripts.ts';
import { hashThese } from './pull/hashes.ts';
import type { ManifestEntry } from './pull/manifest.ts';
import type { BlobId } from './store/keys.ts';
import type { Store } from './store/types.ts';

/** Files that the store is asked for at once. */
const AT_ONCE = 200;

/**
 * Finds those of the files that look unchanged which are not proved to be: the server hashes them, and so does the store. Where the
 * server can't, it is all of them, to be read.
 * @returns what the last backup has of each
 */
export async function sweep(
  store: Store,
  connection: Connection,
  files: readonly ManifestEntry[],
  stored: ReadonlyMap<string, readonly BlobId[]>,
  {
    site,
    scripts,
    signal,
    progress,
  }: {
    readonly site: { readonly root: RemotePath };
    readonly scripts: { readonly files: FileScripts };
    readonly signal: AbortSignal;
    readonly progress: OnProgress;
  },
): Promise<Map<string, readonly BlobId[]>> {
  const what = 'Compare what looks unchanged';
  const unproved = new Map(files.flatMap(({ path }) => [...entryOf(stored, path)]));
  const paths = [...unproved.keys()];
  if (paths.length === 0) return unproved;
  progress({ what, done: 0, total: paths.length, unit: 'files' });
  const hashes = await hashThese(connection, site.root, paths, { scripts: scripts.files, signal });
  if (hashes === null) return unproved;
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    signal.throwIfAborted();
    const some = paths.slice(at, at + AT_ONCE);
    const here = await store.digests(some.map((path) => unproved.get(path) ?? []));
    for (const [index, path] of some.entries()) {
      const hash = here[index] ?? null;
      if (hash !== null && hash === hashes.get(path)) unproved.delete(path);
    }
    progress({ what, done: at + some.length, total: paths.length, unit: 'files' });
  }
  return unproved;
}

/** Which files came otherwise than the last backup has them, though they looked the same. One that moved meanwhile has shown it. */
export function hiddenChanges(
  before: ReadonlyMap<string, readonly BlobId[]>,
  now: ReadonlyMap<string, readonly BlobId[]>,
  moved: readonly ManifestEntry[],
): string[] {
  const shown = new Set(moved.map(({ path }) => path));
  return [...before].flatMap(([path, blobs]) => {
    const came = now.get(path);
    if (came === undefined || shown.has(path)) return [];
    const same = came.length === blobs.length && came.every((blob, at) => blob === blobs[at]);
    return same ? [] : [path];
  });
}

function entryOf(
  stored: ReadonlyMap<string, readonly BlobId[]>,
  path: string,
): (readonly [string, readonly BlobId[]])[] {
  const blobs = stored.get(path);
  return blobs === undefined ? [] : [[path, blobs]];
}
