import {
  run,
  remoteFailed,
  sh,
  type Connection,
  type RemoteResult,
  type Script,
} from '../../connections/index.ts';
import { decodeName, isOwnFile, Problem, wordsOf, type RemotePath } from '../../words/index.ts';
import type { ManifestEntry } from './manifest-entry.ts';
import { filesBy, type FileScripts } from './file-scripts.ts';
import { askAndThen, knownMeans, learn, type Means } from './means.ts';
import { listOverSftp } from './sftp-listing.ts';
import { newMarker, parseStat, statScript } from './stat-listing.ts';

export { sameStamp, type ManifestEntry } from './manifest-entry.ts';

export interface ManifestOptions {
  readonly root: RemotePath;
  /** Only these, relative to the root; empty: everything. */
  readonly only?: readonly string[];
  readonly leaveOut: readonly string[];
  readonly scripts: FileScripts;
  readonly signal: AbortSignal;
}

const FIELDS = 8;

/** What find prints of each name; a closed folder is printed once more as `x` and not entered. */
export const LIST = sh`\( -type f -o -type d -o -type l \) -printf '%y\0%s\0%m\0%T@\0%C@\0%i\0%p\0%l\0' -type d \( ! -readable -o ! -executable \) -printf 'x\0%s\0%m\0%T@\0%C@\0%i\0%p\0%l\0' -prune`;

/**
 * Lists every file, folder and link below the root in one command, by the means that the host has. Sockets, pipes and devices are no
 * part of a site, nor is what we put there ourselves while PHP is asked.
 * @throws Problem `no-manifest` where the host has none, and no SFTP, `no-such-root`
 */
export async function readManifest(
  connection: Connection,
  options: ManifestOptions,
): Promise<ManifestEntry[]> {
  return (await listAll(connection, options)).filter(({ path }) => !isOwnFile(path));
}

async function listAll(connection: Connection, options: ManifestOptions): Promise<ManifestEntry[]> {
  const attempted = `List the files of ${options.root}`;
  const { root, only = [], leaveOut, signal } = options;
  const overSftp = async () => {
    const left = new Set(leaveOut);
    const isLeftOut = (path: string) => left.has(path);
    const places = only.length === 0 ? [''] : only;
    return listOverSftp(await connection.files(), { root, places, isLeftOut, signal, clock: Date.now });
  };
  if (connection.onlyFiles) return overSftp();
  const places = only.length === 0 ? ['.'] : only.map((path) => `./${path}`);
  const prunes = leaveOut.flatMap((path) => ['-path', `./${globbed(path)}`, '-prune', '-o']);
  // Where only some are asked for, one that is not there any more is no failure.
  const inEach = (looked: Script) => sh`cd -- ${root} || exit 66
for start in ${places}; do [ -e "$start" ] || [ -L "$start" ] || continue
${looked}
done`;
  const ask = (script: Script) =>
    run(connection, script, {
      attempted,
      signal,
      timeLimit: 15 * 60_000,
      maxOutput: 1024 * 1024 * 1024,
    });
  const find = inEach(sh`LC_ALL=C find "$start" ${prunes} ${LIST}`);
  const first = await askFirst(connection, ask, find);
  const { means } = first;
  let { answer } = first;
  const marker = newMarker();
  if (means.list === 'none')
    return overSftp().catch((error: unknown) => Promise.reject(noManifest(attempted, error)));
  if (means.list === 'php' || means.list === 'python') {
    const given = sh`${marker} "$start" ${leaveOut.map((path) => `./${path}`)}`;
    answer = await ask(inEach(filesBy(means.list, options.scripts, 'list', given)));
  } else if (means.list !== 'find')
    answer = await ask(inEach(statScript({ kind: means.list, prunes, marker })));
  const result = answer ?? (await ask(find));
  if (result.code === 66) {
    throw new Problem({
      code: 'no-such-root',
      message: `${options.root} is not there, or this account may not enter it.`,
      attempted,
      answered: result.stderr.trim(),
      todo: 'Check the root on the site’s connection page.',
    });
  }
  // find exits with 1 when something went away while it looked; what it could list stands.
  if (result.code !== 0 && result.stdout.length === 0) throw remoteFailed(connection, attempted, result);
  const entries =
    means.list === 'find'
      ? parseList(result.stdout)
      : parseStat(result.stdout, means.list === 'stat' ? 'stat' : 'bsd-stat', marker);
  // A list without the root itself is none, whatever the server says.
  if (places[0] === '.' && !entries.some(({ path }) => path === ''))
    throw remoteFailed(connection, attempted, result);
  return entries;
}

/** What the server has; where that was not known, asked together with the list that GNU's find would make, if it is there. */
async function askFirst(
  connection: Connection,
  ask: (script: Script) => Promise<RemoteResult>,
  find: Script,
): Promise<{ means: Means; answer: RemoteResult | null }> {
  const known = await knownMeans(connection);
  if (known !== null) return { means: known, answer: null };
  const result = await ask(askAndThen(find));
  const learned = learn(connection, result.stdout);
  if (learned === null) throw remoteFailed(connection, 'Look at which programs the server has', result);
  const { means, rest } = learned;
  return { means, answer: means.list === 'find' ? { ...result, stdout: rest } : null };
}

function noManifest(attempted: string, cause: unknown): Problem {
  return new Problem(
    {
      code: 'no-manifest',
      message: 'This server has no program to list files the way backups need it, and no SFTP.',
      attempted,
      answered: wordsOf(cause),
      todo: 'Ask the host for `find` and `stat` (GNU’s, BusyBox’s or the BSDs’), PHP or Python on the command line, or SFTP.',
    },
    cause,
  );
}

/** find's -path takes a pattern; a plain path has its special characters escaped. */
function globbed(path: string): string {
  return path.replace(/[\\*?[\]]/g, '\\$&');
}

/** Reads what {@link LIST} printed. */
export function parseList(output: Buffer): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  const fields: string[] = [];
  for (let from = 0; from < output.length;) {
    const end = output.indexOf(0, from);
    if (end < 0) break;
    fields.push(decodeName(output.subarray(from, end)));
    from = end + 1;
    if (fields.length < FIELDS) continue;
    const [type = '', size = '', mode = '', mtime = '', ctime = '', inode = '', path = '', target = ''] =
      fields;
    fields.length = 0;
    const last = entries.at(-1);
    if (type === 'x') {
      if (last) entries[entries.length - 1] = { ...last, closed: true };
      continue;
    }
    entries.push({
      path: path.replace(/^\.(\/|$)/, ''),
      kind: type === 'f' ? 'file' : type === 'd' ? 'folder' : 'link',
      size: type === 'f' ? Number(size) : 0,
      mode: Number.parseInt(mode, 8),
      mtime,
      ctime,
      inode,
      target,
      closed: false,
    });
  }
  return entries;
}
