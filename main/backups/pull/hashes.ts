import { createHash } from 'node:crypto';
import {
  lines,
  remoteFailed,
  run,
  runOk,
  sh,
  type Connection,
  type RemoteFiles,
  type Script,
} from '../../connections/index.ts';
import { decodeName, encodeName, Problem, wordsOf, type RemotePath } from '../../words/index.ts';
import { filesBy, type FileScripts } from './file-scripts.ts';
import { meansOf, type Means } from './means.ts';
import { listOverSftp } from './sftp-listing.ts';
import { pullOverSftp } from './sftp-pull.ts';

type Algorithm = 'sha256' | 'md5';

interface HashOptions {
  /** null: only by programs of the server's own. */
  readonly scripts: FileScripts | null;
  readonly signal: AbortSignal;
}

const ATTEMPTED = 'Compare the files';
const MOST_OUTPUT = 512 * 1024 * 1024;

/**
 * Hashes every file below some places, by path relative to `base`. Names in any encoding. On the server, by its own programs or by our own script; where it
 * has no language for that either, the files come over SFTP and are hashed here. What went away meanwhile, or can't be read over SFTP, is not in the answer.
 * @throws Problem `no-hashes` where the server has nothing to hash with, and no SFTP
 */
export async function hashFiles(
  connection: Connection,
  algorithm: Algorithm,
  base: RemotePath,
  places: readonly string[],
  { scripts, signal }: HashOptions,
): Promise<Map<string, string>> {
  const overSftp = async () => hashOverSftp(await connection.files(), algorithm, base, places, signal);
  if (connection.onlyFiles) return overSftp();
  const { list, own, ...tools } = await meansOf(connection, signal);
  const walks = list === 'find' || list === 'stat' || list === 'bsd-stat';
  const tool = walks ? tools[algorithm] : null;
  if (tool === null && scripts === null) throw noHashes(algorithm, null);
  if (tool === null && own === null)
    return overSftp().catch((error: unknown) => Promise.reject(noHashes(algorithm, error)));
  const ended = tool === null || tool.includes('-z');
  const script =
    tool === null
      ? ownHashes(own, scripts, algorithm, places)
      : ended
        ? hashNamed(tool, places)
        : hashInLines(tool, places);
  const output = await runOk(connection, lines(inside(base), script), {
    attempted: ATTEMPTED,
    signal,
    timeLimit: 20 * 60_000,
    maxOutput: MOST_OUTPUT,
  });
  return ended ? readNamed(output) : readLines(output);
}

/**
 * Hashes files by their paths relative to `base`, on the server. One that is not in the answer went away, or can't be read.
 * @returns null where the server has nothing to hash with
 */
export async function hashThese(
  connection: Connection,
  base: RemotePath,
  paths: readonly string[],
  { scripts, signal }: HashOptions,
): Promise<Map<string, string> | null> {
  if (connection.onlyFiles) return null;
  const { sha256, xargs, own } = await meansOf(connection, signal);
  const tool = xargs ? sha256 : null;
  if (tool === null && (own === null || scripts === null)) return null;
  const hashes = new Map<string, string>();
  const ask = async (some: readonly string[], script: Script, read: typeof readNamed) => {
    if (some.length === 0) return;
    const names = Buffer.concat(some.flatMap((path) => [encodeName(`./${path}`), Buffer.of(0)]));
    const answer = await run(connection, lines(inside(base), script), {
      attempted: ATTEMPTED,
      signal,
      timeLimit: 6 * 3_600_000,
      stdin: names,
      maxOutput: MOST_OUTPUT,
    });
    const found = read(answer.stdout);
    // A file that went away meanwhile makes the whole of it fail.
    if (answer.code !== 0 && found.size === 0) throw remoteFailed(connection, ATTEMPTED, answer);
    for (const [path, hash] of found) hashes.set(path, hash);
  };
  if (tool === null) {
    await ask(paths, ownHashes(own, scripts, 'sha256', []), readNamed);
    return hashes;
  }
  if (tool.includes('-z')) {
    await ask(paths, sh`xargs -0 ${tool}`, readNamed);
    return hashes;
  }
  const isOdd = (path: string) => /[\n\\]/.test(path);
  await ask(
    paths.filter((path) => !isOdd(path)),
    sh`xargs -0 ${tool}`,
    readLines,
  );
  await ask(paths.filter(isOdd), sh`xargs -0 sh -c ${eachAlone(tool).text} sh`, readLines);
  return hashes;
}

const inside = (base: RemotePath): Script => sh`cd -- ${base} || exit 66
export LC_ALL=C`;

function hashNamed(tool: readonly string[], places: readonly string[]): Script {
  return sh`for place in ${places}; do [ ! -e "./$place" ] || find "./$place" -type f -exec ${tool} {} +; done`;
}

/** By our own script: below some places, or (none) of the files that are named on stdin. */
function ownHashes(
  own: Means['own'],
  scripts: FileScripts | null,
  algorithm: Algorithm,
  places: readonly string[],
): Script {
  if (own === null || scripts === null) throw noHashes(algorithm, null);
  return filesBy(own, scripts, 'hash', sh`${algorithm} ${places.map((place) => `./${place}`)}`);
}

async function hashOverSftp(
  files: RemoteFiles,
  algorithm: Algorithm,
  root: RemotePath,
  asked: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const places = asked.map((place) => (place === '.' ? '' : place));
  const listed = await listOverSftp(files, { root, places, isLeftOut: () => false, signal, clock: Date.now });
  const hashes = new Map<string, string>();
  const { moved, unreadable } = await pullOverSftp(
    files,
    listed.filter(({ kind }) => kind === 'file'),
    {
      root,
      signal,
      async onFile({ path }, _size, content) {
        const hash = createHash(algorithm);
        for await (const piece of content) hash.update(piece);
        hashes.set(path, hash.digest('hex'));
      },
    },
  );
  for (const { path } of [...moved, ...unreadable]) hashes.delete(path);
  return hashes;
}

function noHashes(algorithm: Algorithm, cause: unknown): Problem {
  return new Problem(
    {
      code: 'no-hashes',
      message: 'This server has no program to compare files with, and no SFTP.',
      attempted: ATTEMPTED,
      answered: cause === null ? '' : wordsOf(cause),
      todo: `Ask the host for ${algorithm}sum, PHP or Python on the command line, or SFTP.`,
    },
    cause,
  );
}

/** Names that a line can't hold as they are. */
const ODD = ['(', '-path', '*\n*', '-o', '-path', '*\\\\*', ')'];

/**
 * Lines hold a hash and a name, as long as the name has neither a newline nor a backslash, which some tools escape and some don't.
 * Files with such names follow, each alone: NUL, name, NUL, hash.
 */
function hashInLines(tool: readonly string[], places: readonly string[]): Script {
  const alone = eachAlone(tool);
  return sh`for place in ${places}; do [ ! -e "./$place" ] || find "./$place" -type f ! ${ODD} -exec ${tool} {} +; done
for place in ${places}; do [ ! -e "./$place" ] || find "./$place" -type f ${ODD} -exec sh -c ${alone.text} sh {} +; done`;
}

const eachAlone = (tool: readonly string[]): Script =>
  sh`for one; do printf '\0%s\0' "$one"; ${tool} < "$one"; done`;

function readNamed(output: Buffer): Map<string, string> {
  const hashes = new Map<string, string>();
  for (let from = 0; from < output.length;) {
    const end = output.indexOf(0, from);
    if (end < 0) break;
    const line = output.subarray(from, end);
    const space = line.indexOf(0x20);
    hashes.set(nameOf(line.subarray(space + 2)), line.subarray(0, space).toString('latin1'));
    from = end + 1;
  }
  return hashes;
}

function readLines(output: Buffer): Map<string, string> {
  const [lines = '', ...alone] = output.toString('latin1').split('\0');
  const hashes = new Map<string, string>();
  const keep = (name: string, hash: string | undefined) => {
    if (hash !== undefined) hashes.set(nameOf(Buffer.from(name, 'latin1')), hash);
  };
  for (const line of lines.split('\n')) {
    const found = /^([0-9a-f]{32,64}) [ *]?(\.\/[^]*)$/.exec(line);
    if (found?.[2] !== undefined) keep(found[2], found[1]);
  }
  for (let at = 0; at + 1 < alone.length; at += 2)
    keep(alone[at] ?? '', /[0-9a-f]{32,64}/.exec(alone[at + 1] ?? '')?.[0]);
  return hashes;
}

function nameOf(bytes: Buffer): string {
  return decodeName(bytes).replace(/^(\.\/)+/, '');
}
