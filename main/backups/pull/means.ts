import { lines, runOk, sh, type Connection, type Script } from '../../connections/index.ts';

/** The programs with which a server lists, packs and hashes files. */
export interface Means {
  /** `find` prints all by itself (GNU); else `stat` does (GNU and BusyBox, or the BSDs’ and macOS’); else our own script in PHP or Python. */
  readonly list: (typeof LISTS)[number] | 'none';
  /** How tar takes names that may hold anything: over stdin, or (any other tar) as arguments; else our own script in PHP or Python packs. */
  readonly archive: (typeof ARCHIVES)[number] | 'none';
  readonly sha256: HashTool;
  readonly md5: HashTool;
}

type HashTool = readonly string[] | null;

const PHP_HASH = (algorithm: string) =>
  `foreach (count($argv) > 1 ? array_slice($argv, 1) : array("php://stdin") as $file) echo hash_file("${algorithm}", $file), "  ", $file, "\\n";`;

/** From the fastest on. What comes first ends each line with a NUL, so that names can hold anything. */
export const HASH_TOOLS = {
  sha256: [
    ['sha256sum', '-z', '--'],
    ['sha256sum'],
    ['shasum', '-a', '256'],
    ['sha256', '-r'],
    ['openssl', 'dgst', '-sha256', '-r'],
    ['php', '-r', PHP_HASH('sha256'), '--'],
  ],
  md5: [
    ['md5sum', '-z', '--'],
    ['md5sum'],
    ['md5', '-r'],
    ['openssl', 'dgst', '-md5', '-r'],
    ['php', '-r', PHP_HASH('md5'), '--'],
  ],
} as const satisfies Record<string, readonly (readonly string[])[]>;

const LISTS = ['find', 'stat', 'bsd-stat', 'php', 'python'] as const;
const ARCHIVES = ['gnu', 'bsd', 'plain', 'php', 'python'] as const;

const known = new WeakMap<Connection, Promise<Means>>();

/** What a server has, found out once for each connection. */
export function meansOf(connection: Connection, signal: AbortSignal): Promise<Means> {
  const before = known.get(connection);
  if (before) return before;
  const found = probe(connection, signal);
  known.set(connection, found);
  // Who was cancelled or lost says nothing about the server.
  found.catch(() => known.delete(connection));
  return found;
}

/** What was found out before, without asking. */
export function knownMeans(connection: Connection): Promise<Means> | null {
  return known.get(connection) ?? null;
}

const first = (tools: readonly (readonly string[])[]) =>
  lines(
    sh`found=-`,
    ...tools.map((tool, at) => sh`[ $found != - ] || ! ${tool} /dev/null >/dev/null 2>&1 || found=${at}`),
    sh`echo $found`,
  );

/** Python as this server calls it. */
export const PYTHON = sh`"$(command -v python3 || command -v python || echo python3)"`;

/** Prints what a server has, in {@link ANSWERS} lines. */
const ASK = sh`cd /
export LC_ALL=C
if find . -maxdepth 0 -printf '' >/dev/null 2>&1; then echo find
elif find . -maxdepth 0 -exec stat -c '%f %s %y %z %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* '; then echo stat
elif find . -prune -exec stat -f '%Xp %z %Fm %Fc %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* [0-9.]* '; then echo bsd-stat
elif [ "$(php -r 'echo 1;' 2>/dev/null)" = 1 ]; then echo php
elif ${PYTHON} -c 'import sys; sys.exit(sys.version_info < (3, 4))' >/dev/null 2>&1; then echo python
else echo none; fi
case $(tar --version 2>&1 </dev/null) in (*'GNU tar'*) echo gnu;; (bsdtar*) echo bsd;;
(*) if command -v tar >/dev/null 2>&1; then echo plain
elif [ "$(php -r 'echo 1;' 2>/dev/null)" = 1 ]; then echo php
elif ${PYTHON} -c 'import sys; sys.exit(sys.version_info < (3, 4))' >/dev/null 2>&1; then echo python
else echo none; fi;; esac
${first(HASH_TOOLS.sha256)}
${first(HASH_TOOLS.md5)}`;
const ANSWERS = 4;

async function probe(connection: Connection, signal: AbortSignal): Promise<Means> {
  const output = await runOk(connection, ASK, {
    attempted: 'Look at which programs the server has',
    signal,
    timeLimit: 60_000,
  });
  return read(output.toString('utf8').split('\n'));
}

/** A script that asks what the server has and, where its `find` can do all, goes on with what was to be asked of that: one round trip instead of two. */
export function askAndThen(whereFind: Script): Script {
  return sh`means=$(${ASK}
)
printf '%s\n' "$means"
case $means in (find*) ;; (*) exit 0;; esac
${whereFind}`;
}

/**
 * Takes the answer to {@link askAndThen} apart, and remembers what the server has.
 * @returns null: it is no such answer
 */
export function learn(connection: Connection, output: Buffer): { means: Means; rest: Buffer } | null {
  let end = 0;
  for (let line = 0; line < ANSWERS; line += 1) {
    end = output.indexOf(0x0a, end) + 1;
    if (end === 0) return null;
  }
  const means = read(output.toString('utf8', 0, end).split('\n'));
  known.set(connection, Promise.resolve(means));
  return { means, rest: output.subarray(end) };
}

function read([list, archive, sha256, md5]: readonly string[]): Means {
  return {
    list: LISTS.find((known) => known === list) ?? 'none',
    archive: ARCHIVES.find((known) => known === archive) ?? 'none',
    sha256: HASH_TOOLS.sha256[Number(sha256)] ?? null,
    md5: HASH_TOOLS.md5[Number(md5)] ?? null,
  };
}
