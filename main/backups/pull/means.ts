import { lines, runOk, sh, type Connection, type Script } from '../../connections/index.ts';

/** The programs with which a server lists, packs and hashes files. */
export interface Means {
  /** `find` prints all by itself (GNU); else `stat` does (GNU and BusyBox, or the BSDs’ and macOS’); else our own script in PHP or Python. */
  readonly list: (typeof LISTS)[number] | 'none';
  /** How tar takes names that may hold anything: over stdin, or (any other tar) as arguments; else our own script in PHP or Python packs. */
  readonly archive: (typeof ARCHIVES)[number] | 'none';
  readonly sha256: HashTool;
  readonly md5: HashTool;
  /** Whether its `xargs` gives programs names that may hold anything. */
  readonly xargs: boolean;
  /** The language that our own script can be run in, looked for only where one of the others is missing. */
  readonly own: (typeof OWN)[number] | null;
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
const OWN = ['php', 'python'] as const;

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

/** Python as this server calls it. */
export const PYTHON = sh`"$(command -v python3 || command -v python || echo python3)"`;

const first = (tools: readonly (readonly string[])[]) =>
  lines(
    sh`found=-`,
    ...tools.map((tool, at) => sh`[ $found != - ] || ! ${tool} /dev/null >/dev/null 2>&1 || found=${at}`),
  );

/** Prints what a server has, in {@link ANSWERS} lines. Languages are started only where they are needed: that costs more than all else here. */
const ASK = sh`cd /
export LC_ALL=C
own=
look_for_own() {
  [ -z "$own" ] || return 0
  if [ "$(php -r 'echo 1;' 2>/dev/null)" = 1 ]; then own=php
  elif ${PYTHON} -c 'import sys; sys.exit(sys.version_info < (3, 4))' >/dev/null 2>&1; then own=python
  else own=none; fi
}
has() { for one; do command -v "$one" >/dev/null 2>&1 || return 1; done; }
if xargs -0 sh -c : </dev/null >/dev/null 2>&1; then xargs=yes; else xargs=no; look_for_own; fi
if find . -maxdepth 0 -printf '' >/dev/null 2>&1; then list=find
elif has readlink date grep && find . -maxdepth 0 -exec stat -c '%f %s %y %z %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* '; then list=stat
elif has readlink date grep && find . -prune -exec stat -f '%Xp %z %Fm %Fc %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* [0-9.]* '; then list=bsd-stat
else look_for_own; list=$own; fi
case $(tar --version 2>&1 </dev/null) in (*'GNU tar'*) archive=gnu;; (bsdtar*) archive=bsd;;
(*) if [ $xargs = yes ] && has tar; then archive=plain; else look_for_own; archive=$own; fi;; esac
${first(HASH_TOOLS.sha256)}
sha256=$found
${first(HASH_TOOLS.md5)}
case $sha256$found in (*-*) look_for_own;; esac
[ -n "$own" ] || own=none
printf '%s\n' "$list" "$archive" "$sha256" "$found" $xargs $own`;
const ANSWERS = 6;

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

function read([list, archive, sha256, md5, xargs, own]: readonly string[]): Means {
  return {
    list: LISTS.find((known) => known === list) ?? 'none',
    archive: ARCHIVES.find((known) => known === archive) ?? 'none',
    sha256: HASH_TOOLS.sha256[Number(sha256)] ?? null,
    md5: HASH_TOOLS.md5[Number(md5)] ?? null,
    xargs: xargs === 'yes',
    own: OWN.find((known) => known === own) ?? null,
  };
}
