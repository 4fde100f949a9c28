import {
  lines,
  remoteFailed,
  run,
  runOk,
  sh,
  type Connection,
  type Script,
} from '../../connections/index.ts';
import { decodeName, encodeName, Problem, type RemotePath } from '../../words/index.ts';
import { meansOf } from './means.ts';

/**
 * Hashes every file below some places, on the server, by path relative to `base`. Names in any encoding.
 * @throws Problem `no-hashes` where the server has nothing to hash with.
 */
export async function hashFiles(
  connection: Connection,
  algorithm: 'sha256' | 'md5',
  base: RemotePath,
  places: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const attempted = 'Compare the files';
  const tool = (await meansOf(connection, signal))[algorithm];
  if (tool === null) {
    throw new Problem({
      code: 'no-hashes',
      message: 'This server has no program to compare files with.',
      attempted,
      todo: `Ask the host for ${algorithm}sum, openssl or PHP on the command line.`,
    });
  }
  const ended = tool.includes('-z');
  const script = lines(
    sh`cd -- ${base} || exit 66
export LC_ALL=C`,
    ended ? hashNamed(tool, places) : hashInLines(tool, places),
  );
  const output = await runOk(connection, script, {
    attempted,
    signal,
    timeLimit: 20 * 60_000,
    maxOutput: 512 * 1024 * 1024,
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
  signal: AbortSignal,
): Promise<Map<string, string> | null> {
  if (connection.onlyFiles) return null;
  const { sha256: tool } = await meansOf(connection, signal);
  if (tool === null) return null;
  const ended = tool.includes('-z');
  const hashes = new Map<string, string>();
  const ask = async (some: readonly string[], script: Script, read: typeof readNamed) => {
    if (some.length === 0) return;
    const options = { attempted: 'Compare the files', signal, timeLimit: 6 * 3_600_000 };
    const names = Buffer.concat(some.flatMap((path) => [encodeName(`./${path}`), Buffer.of(0)]));
    const asked = lines(
      sh`cd -- ${base} || exit 66
export LC_ALL=C`,
      script,
    );
    const answer = await run(connection, asked, { ...options, stdin: names, maxOutput: 512 * 1024 * 1024 });
    const found = read(answer.stdout);
    // A file that went away meanwhile makes the whole of it fail.
    if (answer.code !== 0 && found.size === 0) throw remoteFailed(connection, options.attempted, answer);
    for (const [path, hash] of found) hashes.set(path, hash);
  };
  if (ended) {
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

function hashNamed(tool: readonly string[], places: readonly string[]): Script {
  return sh`for place in ${places}; do [ ! -e "./$place" ] || find "./$place" -type f -print0; done | xargs -0 -r ${tool}`;
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
