import { createHash } from 'node:crypto';
import type { Connection } from '../../connections/index.ts';
import { Problem, Sha256, type RemotePath } from '../../words/index.ts';
import { hashFiles } from '../pull/hashes.ts';
import { leftOutBy, withoutLeftOut } from '../pull/leave-out.ts';
import { readManifest, sameStamp } from '../pull/manifest.ts';
import { writeFolders } from '../folders.ts';
import type { BlobId } from '../store/keys.ts';
import type { FileEntry, Tree, TreeEntry } from '../store/tree.ts';
import type { FileScripts } from '../pull/file-scripts.ts';
import type { Snapshot } from '../store/types.ts';
import { flatten } from './browse.ts';

export interface LiveOptions {
  readonly root: RemotePath;
  /** What the site's platform and rules leave out today, beside what they left out of the backup. */
  readonly leaveOut: Parameters<typeof leftOutBy>[0];
  readonly scripts: FileScripts;
  readonly signal: AbortSignal;
}

/** So many files are named to the server; of more it hashes all. */
const NAMED = 500;

/**
 * A site's files as they are now, as if they were a backup, to be compared with one. What looks the same from outside is taken
 * for the same; equal sizes are told apart by their hashes. The contents are not there: only whether they are the backup's.
 * @throws Problem as listing and hashing do
 */
export async function liveSnapshot(
  connection: Connection,
  backup: Snapshot,
  { root, leaveOut, scripts, signal }: LiveOptions,
): Promise<Snapshot> {
  const stored = new Map<string, FileEntry>();
  for await (const { path, entry } of flatten(backup)) if (entry.kind === 'file') stored.set(path, entry);
  const paths = leaveOut.paths.filter((path) => !stored.has(path));
  const listed = await readManifest(connection, { root, leaveOut: paths, scripts, signal });
  const left = [leaveOut, backup.backup.leftOut].flatMap((one) => (one === null ? [] : [leftOutBy(one)]));
  const because = (entry: Parameters<(typeof left)[number]['because']>[0]) =>
    left.map((one) => one.because(entry)).find((why) => why !== null) ?? null;
  // What the backup has is compared, whatever is left out today.
  const { entries } = withoutLeftOut(listed, { because }, (path) => stored.has(path));
  const files = entries.filter(({ kind }) => kind === 'file');

  const contents = new Map<string, readonly BlobId[]>();
  const uncertain: string[] = [];
  for (const file of files) {
    const before = stored.get(file.path);
    if (before && sameStamp(before, file)) contents.set(file.path, before.blobs);
    else {
      contents.set(file.path, [otherThan(file.path)]);
      if (before?.size === file.size) uncertain.push(file.path);
    }
  }
  if (uncertain.length > 0) {
    const places = uncertain.length > NAMED ? ['.'] : uncertain;
    const hashes = await hashFiles(connection, 'sha256', root, places, { scripts, signal });
    for (const path of uncertain) {
      const before = stored.get(path);
      if (before && hashes.get(path) === (await hashOf(backup, before))) contents.set(path, before.blobs);
    }
  }

  const trees = new Map<BlobId, Tree>();
  const top = await writeFolders(
    {
      async putTree(list: readonly TreeEntry[]) {
        const id = Sha256.parse(createHash('sha256').update(`live\0${trees.size}`).digest('hex'));
        trees.set(id, [...list]);
        return id;
      },
    },
    entries,
    contents,
    new Map(),
  );
  return {
    backup: {
      ...backup.backup,
      unreadable: entries.filter(({ closed }) => closed).map(({ path }) => (path === '' ? '.' : path)),
      moved: [],
    },
    root: top,
    // The live database is not dumped for this.
    database: backup.database,
    async tree(id) {
      const found = trees.get(id);
      if (found) return found;
      throw new Problem({ code: 'no-such-path', message: 'There is no such folder on the site.' });
    },
    async *read() {
      yield await Promise.reject<Buffer>(
        new Problem({ code: 'no-such-file', message: 'The site’s contents were not fetched.' }),
      );
    },
  };
}

/** An id that is no content's of any backup. */
function otherThan(path: string): BlobId {
  return Sha256.parse(createHash('sha256').update(`live content\0${path}`).digest('hex'));
}

async function hashOf(snapshot: Snapshot, entry: FileEntry): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of snapshot.read(entry.blobs)) hash.update(piece);
  return hash.digest('hex');
}
