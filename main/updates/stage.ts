import { sendFiles, type FileScripts, type Sending } from '../backups/index.ts';
import { lines, runOk, sh, type Connection, type Script } from '../connections/index.ts';
import { joinRemote, type OnProgress, type RemotePath } from '../words/index.ts';
import { inBatches } from './in-batches.ts';
import type { Part, TreeDiff } from './part.ts';
import { compareStaged } from './staged.ts';
import { inodesOf, type SwapItem } from './remote.ts';

export interface StageOptions {
  readonly root: RemotePath;
  readonly runFolder: RemotePath;
  /** Keeps the folders of several components apart. */
  readonly number: number;
  readonly fence: Script;
  readonly fileScripts: FileScripts;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/**
 * Lays the new version ready beside the old one: what is the same is copied on the server, only what
 * differs is uploaded; then every staged file is compared with the package.
 * @returns what will be swapped, in order
 */
export async function stagePart(
  connection: Connection,
  part: Part,
  options: StageOptions,
): Promise<SwapItem[]> {
  const { root, runFolder, number, signal } = options;
  const staged = joinRemote(runFolder, 'staged', String(number));
  const old = joinRemote(runFolder, 'old', String(number));
  const discarded = joinRemote(runFolder, 'new', String(number));
  const items: SwapItem[] = [];
  await runOk(connection, lines(options.fence, sh`umask 077; mkdir -p -- ${staged} ${old} ${discarded}`), {
    attempted: 'Make room for the new version',
    signal,
    timeLimit: 30_000,
  });
  const item = (kind: SwapItem['kind'], path: string, index: number, deleted = false): SwapItem => ({
    kind,
    live: joinRemote(root, path),
    staged: deleted ? null : joinRemote(staged, String(index)),
    old: joinRemote(old, String(index)),
    discarded: joinRemote(discarded, String(index)),
    inode: null,
  });
  let index = 0;
  const trees = part.folders.map((tree) => ({ tree, item: item('folder', tree.folder, (index += 1)) }));
  for (const { tree, item: own } of trees) await stageTree(connection, part, tree, own, options);
  const files = part.files.map((file) => ({ file, item: item('file', file.path, (index += 1)) }));
  if (files.length > 0) await stageFiles(connection, part, files, staged, options);
  const deletions = part.deletions.map((path) => item('file', path, (index += 1), true));

  // Core goes in this order: wp-admin, single files, deletions, and last the folder that holds version.php.
  const [first, ...rest] = trees.map((entry) => entry.item);
  if (first) items.push(first);
  items.push(...files.map((entry) => entry.item), ...deletions, ...rest);
  const inodes = await inodesOf(
    connection,
    items.map((entry) => entry.live),
    signal,
  );
  return items.map((entry, at) => ({ ...entry, inode: inodes[at] ?? null }));
}

async function stageTree(
  connection: Connection,
  part: Part,
  tree: TreeDiff,
  item: SwapItem,
  options: StageOptions,
): Promise<void> {
  const { signal, fence, progress } = options;
  const { staged } = item;
  if (staged === null) return;
  const uploads = [...tree.added, ...tree.changed];
  const copy = sh`umask 022
if [ -d ${item.live} ]; then cp -Rp -- ${item.live} ${staged} || exit 1; else mkdir -- ${staged} || exit 1; fi
cd -- ${staged} || exit 1`;
  const away = [...tree.deleted, ...uploads].map((path) => `./${path}`);
  await runOk(connection, lines(fence, copy, ...inBatches(away, (some) => sh`rm -f -- ${some} || exit 1`)), {
    attempted: `Copy ${tree.folder} on the server`,
    signal,
    timeLimit: 20 * 60_000,
  });
  const [fileMode, folderMode] = await modesOf(connection, item.live, signal);
  const inPackage = (path: string) => (tree.inPackage === '' ? path : `${tree.inPackage}/${path}`);
  const folders = [...new Set(uploads.flatMap(foldersAbove))].sort();
  const known = new Map(part.package.files.map((file) => [file.path, file]));
  const now = Math.floor(Date.now() / 1000);
  const sending: Sending[] = [
    ...folders.map((name) => ({ name, kind: 'folder' as const, size: 0, mode: folderMode, mtime: now })),
    ...uploads.map((path) => ({
      name: path,
      kind: 'file' as const,
      size: known.get(inPackage(path))?.size ?? 0,
      mode: known.get(inPackage(path))?.executable === true ? fileMode | ((fileMode & 0o444) >> 2) : fileMode,
      mtime: now,
      content: () => part.package.read(inPackage(path)),
    })),
  ];
  if (sending.length > 0)
    await sendFiles(connection, staged, sending, {
      before: fence,
      scripts: options.fileScripts,
      signal,
      progress,
      what: `Upload ${part.update.component.name}`,
    });
  await runOk(
    connection,
    lines(
      fence,
      sh`cd -- ${staged} || exit 1`,
      // The deepest first; those that hold something stay.
      ...inBatches(emptied(tree.deleted), (some) => sh`rmdir -- ${some} 2>/dev/null`),
      sh`:`,
    ),
    { attempted: 'Tidy up the staged folder', signal, timeLimit: 60_000 },
  );
  await compareStaged(
    connection,
    staged,
    new Map([...uploads, ...tree.kept].map((path) => [path, known.get(inPackage(path))?.sha256 ?? ''])),
    tree.folder,
    ['.'],
    options,
  );
}

async function stageFiles(
  connection: Connection,
  part: Part,
  files: readonly { file: Part['files'][number]; item: SwapItem }[],
  staged: RemotePath,
  options: StageOptions,
): Promise<void> {
  const known = new Map(part.package.files.map((file) => [file.path, file]));
  const now = Math.floor(Date.now() / 1000);
  const sending: Sending[] = [];
  for (const { file, item } of files) {
    const [mode] = await modesOf(connection, item.live, options.signal);
    const name = item.staged?.slice(staged.length + 1) ?? '';
    sending.push({
      name,
      kind: 'file',
      size: known.get(file.inPackage)?.size ?? 0,
      mode,
      mtime: now,
      content: () => part.package.read(file.inPackage),
    });
  }
  await sendFiles(connection, staged, sending, {
    before: options.fence,
    scripts: options.fileScripts,
    signal: options.signal,
    progress: options.progress,
    what: `Upload ${part.update.component.name}`,
  });
  const wanted = new Map(
    files.map(({ file, item }) => [
      item.staged?.slice(staged.length + 1) ?? '',
      known.get(file.inPackage)?.sha256 ?? '',
    ]),
  );
  await compareStaged(connection, staged, wanted, part.update.component.name, [...wanted.keys()], options);
}

/** The modes of files and folders as they are in a live place: `[file, folder]`. */
async function modesOf(
  connection: Connection,
  live: RemotePath,
  signal: AbortSignal,
): Promise<[number, number]> {
  const script = sh`mode_of() {
  stat -c %a -- "$1" 2>/dev/null || stat -f %Lp -- "$1" 2>/dev/null && return
  php -r '$mode = @fileperms($argv[1]); if (!$mode) exit(1); printf("%o\n", $mode & 0777);' -- "$1" 2>/dev/null ||
    python3 -c 'import os, sys; print("%o" % (os.stat(sys.argv[1]).st_mode & 0o777))' "$1" 2>/dev/null || echo "$2"
}
if [ -d ${live} ]; then
  file=
  for one in ${live}/*.php; do if [ -f "$one" ]; then file=$one; break; fi; done
  mode_of "$file" 644; mode_of ${live} 755
else mode_of ${live} 644; echo 755; fi`;
  const output = (
    await runOk(connection, script, { attempted: 'Look at the permissions', signal, timeLimit: 20_000 })
  )
    .toString('utf8')
    .split('\n');
  const mode = (text: string | undefined, otherwise: number) =>
    text !== undefined && /^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) & 0o777 : otherwise;
  return [mode(output[0], 0o644), mode(output[1], 0o755)];
}

/** Folders that may hold nothing any more, the deepest first. */
function emptied(deleted: readonly string[]): string[] {
  const folders = new Set(deleted.flatMap(foldersAbove));
  return [...folders].sort((a, b) => b.length - a.length).map((path) => `./${path}`);
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}
