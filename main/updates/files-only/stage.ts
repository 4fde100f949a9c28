import {
  inParallel,
  readManifest,
  sendOverSftp,
  type FileScripts,
  type ManifestEntry,
} from '../../backups/index.ts';
import type { Connection, RemoteFiles } from '../../connections/index.ts';
import { joinRemote, parentOf, type OnProgress, type RemotePath } from '../../words/index.ts';
import type { Part, TreeDiff } from '../part.ts';
import type { SwapItem } from '../remote.ts';
import { compareStaged, stageDamaged } from '../staged.ts';
import { contentOf, makeFolders } from './over-sftp.ts';

/** Files that are sent at once. */
const SENT = 16;

export interface StageOptions {
  readonly root: RemotePath;
  readonly runFolder: RemotePath;
  /** Keeps the folders of several components apart. */
  readonly number: number;
  readonly fileScripts: FileScripts;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** One file of the new version: where it comes from, and what it is like. */
interface New {
  readonly path: RemotePath;
  readonly mode: number;
  readonly mtime: number;
  /** From the package. */
  readonly inPackage: string | null;
  /** The same lies here already. */
  readonly live: RemotePath | null;
  readonly size: number;
}

/**
 * Lays the new version ready beside the old one over SFTP: what is the same is copied on the server where that can copy, everything else is
 * uploaded; then every staged file is read back and compared with the package.
 * @returns what will be swapped, in order
 */
export async function stageOverSftp(
  connection: Connection,
  part: Part,
  options: StageOptions,
): Promise<SwapItem[]> {
  const { root, runFolder, number } = options;
  const files = await connection.files();
  const [staged, old, discarded] = (['staged', 'old', 'new'] as const).map((name) =>
    joinRemote(runFolder, name, String(number)),
  );
  if (staged === undefined || old === undefined || discarded === undefined) throw new TypeError('no folder');
  for (const folder of [staged, old, discarded]) await makeFolders(files, folder, 0o700);
  let index = 0;
  const item = (kind: SwapItem['kind'], path: string, there: boolean, deleted = false): SwapItem => {
    index += 1;
    return {
      kind,
      live: joinRemote(root, path),
      staged: deleted ? null : joinRemote(staged, String(index)),
      old: joinRemote(old, String(index)),
      discarded: joinRemote(discarded, String(index)),
      // SFTP tells none: what has become of an item is told by where it lies.
      inode: there ? 'there' : null,
    };
  };
  const isThere = async (path: string) => (await files.lstat(joinRemote(root, path))) !== null;
  const trees: SwapItem[] = [];
  for (const tree of part.folders) {
    const own = item('folder', tree.folder, await isThere(tree.folder));
    trees.push(own);
    await stageTree(connection, files, part, tree, own, options);
  }
  const single: SwapItem[] = [];
  const wanted = new Map<string, string>();
  const known = new Map(part.package.files.map((file) => [file.path, file]));
  for (const file of part.files) {
    const live = joinRemote(root, file.path);
    const stat = await files.lstat(live);
    const own = item('file', file.path, stat !== null);
    if (own.staged === null) continue;
    single.push(own);
    const about = known.get(file.inPackage);
    const mode = stat?.mode ?? 0o644;
    const fresh = { path: own.staged, mode, mtime: seconds(), inPackage: file.inPackage, live: null };
    await put(files, part, { ...fresh, size: about?.size ?? 0 }, options);
    wanted.set(own.staged.slice(staged.length + 1), about?.sha256 ?? '');
    // A file is replaced in one instant: the old one is laid aside as a copy before.
    if (stat !== null) await copyFile(files, live, own.old, stat, options.signal);
  }
  const deletions = await Promise.all(
    part.deletions.map(async (path) => ({ path, there: await isThere(path) })),
  );
  const gone = deletions.filter(({ there }) => there).map(({ path }) => item('file', path, true, true));
  await compareStaged(connection, staged, wanted, part.update.component.name, [...wanted.keys()], options);
  // Core goes in this order: wp-admin, single files, deletions, and last the folder that holds version.php.
  const [first, ...rest] = trees;
  return [...(first ? [first] : []), ...single, ...gone, ...rest];
}

async function stageTree(
  connection: Connection,
  files: RemoteFiles,
  part: Part,
  tree: TreeDiff,
  item: SwapItem,
  options: StageOptions,
): Promise<void> {
  const { signal, progress, fileScripts } = options;
  const { staged, live } = item;
  if (staged === null) return;
  const listed =
    item.inode === null
      ? []
      : await readManifest(connection, { root: live, leaveOut: [], scripts: fileScripts, signal });
  const there = new Map(listed.map((entry) => [entry.path, entry]));
  const known = new Map(part.package.files.map((file) => [file.path, file]));
  const inPackage = (path: string) => (tree.inPackage === '' ? path : `${tree.inPackage}/${path}`);
  const fileMode =
    (listed.find((one) => one.kind === 'file' && one.path.endsWith('.php'))?.mode ?? 0o644) & 0o777;
  const folderMode = (there.get('')?.mode ?? 0o755) & 0o777;
  const gone = new Set(tree.deleted);
  const fromPackage = new Set([...tree.added, ...tree.changed, ...tree.kept]);
  const news: New[] = [];
  for (const path of [...tree.added, ...tree.changed]) {
    const about = known.get(inPackage(path));
    const mode = about?.executable === true ? fileMode | ((fileMode & 0o444) >> 2) : fileMode;
    news.push({
      ...{ path: joinRemote(staged, path), mode, mtime: seconds(), size: about?.size ?? 0 },
      ...{ inPackage: inPackage(path), live: null },
    });
  }
  for (const path of tree.kept) {
    const entry = there.get(path);
    news.push({
      path: joinRemote(staged, path),
      mode: (entry?.mode ?? fileMode) & 0o777,
      mtime: entry === undefined ? seconds() : Math.floor(Number(entry.mtime)),
      inPackage: inPackage(path),
      live: joinRemote(live, path),
      size: known.get(inPackage(path))?.size ?? 0,
    });
  }
  // The user's own: in a plugin's folder they go, as with WordPress; in the core's they stay.
  const own = listed.filter(
    ({ path, kind }) => path !== '' && kind !== 'folder' && !gone.has(path) && !fromPackage.has(path),
  );
  const isKept = (entry: ManifestEntry) => part.update.component.kind === 'core' && entry.path !== '';
  for (const entry of own.filter(isKept))
    if (entry.kind === 'file')
      news.push({
        ...{ path: joinRemote(staged, entry.path), mode: entry.mode & 0o777, size: entry.size },
        ...{ mtime: Math.floor(Number(entry.mtime)), inPackage: null, live: joinRemote(live, entry.path) },
      });
  const folders = new Set([staged, ...news.map(({ path }) => parentOf(path))]);
  for (const folder of [...folders].sort()) await makeFolders(files, folder, 0o700);
  const total = news.reduce((sum, one) => sum + one.size, 0);
  let done = 0;
  await inParallel(news, SENT, async (one) => {
    signal.throwIfAborted();
    await put(files, part, one, options);
    done += one.size;
    progress({ what: `Upload ${part.update.component.name}`, done, total, unit: 'bytes' });
  });
  for (const entry of own.filter(isKept))
    if (entry.kind === 'link') await files.makeLink(entry.target, joinRemote(staged, entry.path));
  // From the deepest up, each as it was.
  for (const folder of allFolders(staged, [...folders]).toSorted((a, b) => b.length - a.length)) {
    const before = there.get(folder === staged ? '' : folder.slice(staged.length + 1));
    await files.setMode(folder, before?.kind === 'folder' ? before.mode & 0o777 : folderMode);
  }
  await compareStaged(
    connection,
    staged,
    new Map([...fromPackage].map((path) => [path, known.get(inPackage(path))?.sha256 ?? ''])),
    tree.folder,
    ['.'],
    options,
  );
}

/** A folder and all that were made below it on the way to others. */
function allFolders(top: RemotePath, folders: readonly RemotePath[]): RemotePath[] {
  const all = new Set<RemotePath>([top]);
  for (const folder of folders) for (let up = folder; up.length > top.length; up = parentOf(up)) all.add(up);
  return [...all];
}

async function put(files: RemoteFiles, part: Part, one: New, { signal }: StageOptions): Promise<void> {
  if (one.live !== null && (await copyOnServer(files, one.live, one.path, one))) return;
  const { inPackage, live } = one;
  const content =
    inPackage !== null ? packaged(part, inPackage) : live !== null ? contentOf(files, live, one.size) : null;
  if (content === null) throw new TypeError('a file from nowhere');
  await sendOverSftp(files, one.path, { ...one, content }, signal, () => {});
}

/** Copies a file on the server, by reading and sending it where the server cannot copy. */
export async function copyFile(
  files: RemoteFiles,
  from: RemotePath,
  to: RemotePath,
  stat: CopiedStat,
  signal: AbortSignal,
): Promise<void> {
  if (await copyOnServer(files, from, to, stat)) return;
  await sendOverSftp(files, to, { ...stat, content: contentOf(files, from, stat.size) }, signal, () => {});
}

/** What a copy is to have of the file that it is made of. */
interface CopiedStat {
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}

/** Copies a file on the server, with mode and time. @returns whether the server can */
export async function copyOnServer(
  files: RemoteFiles,
  from: RemotePath,
  to: RemotePath,
  stat: CopiedStat,
): Promise<boolean> {
  const source = await files.open(from);
  try {
    const target = await files.create(to);
    let can = false;
    try {
      can = await files.copy(source, target);
      if (can) {
        if ((await files.statOf(target)).size !== stat.size) throw stageDamaged(from, [to]);
        await files.setStat(target, stat);
      }
    } finally {
      await files.close(target);
      if (!can) await files.remove(to);
    }
    return can;
  } finally {
    await files.close(source).catch(() => {});
  }
}

async function* packaged(part: Part, path: string): AsyncGenerator<Buffer, void, void> {
  const content = await part.package.read(path);
  if (content.length > 0) yield content;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
