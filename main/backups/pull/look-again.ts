import { remoteFailed, lines, run, sh, type Connection, type RemoteFiles } from '../../connections/index.ts';
import { encodeName, joinRemote, type RemotePath } from '../../words/index.ts';
import { filesBy, type FileScripts } from './file-scripts.ts';
import { LIST, parseList, type ManifestEntry } from './manifest.ts';
import { meansOf, type Means } from './means.ts';
import { inParallel } from './sftp-listing.ts';
import { newMarker, parseStat, statNamed } from './stat-listing.ts';

interface Looking {
  readonly root: RemotePath;
  readonly scripts: FileScripts;
  readonly signal: AbortSignal;
}

type Look = Pick<ManifestEntry, 'kind' | 'size' | 'mtime' | 'ctime' | 'inode'>;

/** Requests that are on their way at once. */
const ASKED = 32;

/**
 * Which files are not as they were listed any more, or not there: asked of the server once more, for what reads files without a word of what
 * changed meanwhile.
 */
export async function changedSince(
  connection: Connection,
  files: readonly ManifestEntry[],
  options: Looking,
): Promise<ManifestEntry[]> {
  if (files.length === 0) return [];
  const means = await meansOf(connection, options.signal);
  const now = await lookAt(connection, means, files, options);
  return files.filter((file) => {
    const found = now.get(file.path);
    return found?.kind !== 'file' || !looksLike(file, found);
  });
}

async function lookAt(
  connection: Connection,
  { list, xargs, own }: Means,
  files: readonly ManifestEntry[],
  { root, scripts, signal }: Looking,
): Promise<ReadonlyMap<string, Look>> {
  const marker = newMarker();
  const ask = async (script: ReturnType<typeof filesBy>, read: (output: Buffer) => ManifestEntry[]) => {
    const attempted = 'Look whether files changed while they were read';
    const result = await run(connection, lines(sh`cd -- ${root} || exit 66`, script), {
      attempted,
      signal,
      timeLimit: 15 * 60_000,
      stdin: Buffer.concat(files.flatMap(({ path }) => [encodeName(`./${path}`), Buffer.of(0)])),
      maxOutput: 1024 * 1024 * 1024,
    });
    // One that went away meanwhile makes the whole of it fail; the others are told of all the same.
    const found = read(result.stdout);
    if (result.code !== 0 && found.length === 0 && !/no such file/i.test(result.stderr))
      throw remoteFailed(connection, attempted, result);
    return new Map(found.map((entry) => [entry.path, entry]));
  };
  if (xargs && list === 'find')
    return ask(sh`xargs -0 sh -c ${sh`LC_ALL=C exec find "$@" -prune ${LIST}`.text} sh`, parseList);
  if (xargs && (list === 'stat' || list === 'bsd-stat'))
    return ask(statNamed(list, marker), (output) => parseStat(output, list, marker));
  if (own !== null)
    return ask(filesBy(own, scripts, 'look', sh`${marker}`), (output) =>
      parseStat(output, 'bsd-stat', marker),
    );
  return lookOverSftp(await connection.files(), files, root, signal);
}

async function lookOverSftp(
  server: RemoteFiles,
  files: readonly ManifestEntry[],
  root: RemotePath,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Look>> {
  const found = new Map<string, Look>();
  await inParallel([...files], ASKED, async ({ path }) => {
    signal.throwIfAborted();
    const stat = await server.lstat(joinRemote(root, path));
    if (stat?.kind === 'file')
      found.set(path, { kind: 'file', size: stat.size, mtime: `${stat.mtime}`, ctime: '', inode: '' });
  });
  return found;
}

/** Whether nothing shows a change, as far as both looks tell. */
export function looksLike(listed: Omit<Look, 'kind'>, now: Omit<Look, 'kind'>): boolean {
  return (
    listed.size === now.size &&
    sameTime(listed.mtime, now.mtime) &&
    sameTime(listed.ctime, now.ctime) &&
    (listed.inode === '' || now.inode === '' || listed.inode === now.inode)
  );
}

/** Times of two means, of which one may know whole seconds alone, or nothing. What was not settled when it was listed says so behind a `?`. */
function sameTime(listed: string, now: string): boolean {
  const [a = '', b = ''] = [listed, now].map((time) => time.split('?')[0]);
  if (a === '' || b === '') return true;
  const [[wholeA, partA = ''], [wholeB, partB = '']] = [a.split('.'), b.split('.')];
  const knowsParts = /[1-9]/.test(partA) && /[1-9]/.test(partB);
  return wholeA === wholeB && (!knowsParts || partA === partB);
}
