import { lines, runOk, sh, type Connection } from '../../connections/index.ts';

/** The programs with which a server lists, packs and hashes files. */
export interface Means {
  /** `find` prints all by itself (GNU); else `stat` does (GNU and BusyBox, or the BSDs’ and macOS’); else our own script in PHP. */
  readonly list: 'find' | 'stat' | 'bsd-stat' | 'php' | 'none';
  /** How tar takes names that may hold anything: over stdin, or (any other tar) as arguments. */
  readonly archive: 'gnu' | 'bsd' | 'plain';
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

const LISTS = ['find', 'stat', 'bsd-stat', 'php'] as const;

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

async function probe(connection: Connection, signal: AbortSignal): Promise<Means> {
  const first = (tools: readonly (readonly string[])[]) =>
    lines(
      sh`found=-`,
      ...tools.map((tool, at) => sh`[ $found != - ] || ! ${tool} /dev/null >/dev/null 2>&1 || found=${at}`),
      sh`echo $found`,
    );
  const script = sh`cd /
export LC_ALL=C
if find . -maxdepth 0 -printf '' >/dev/null 2>&1; then echo find
elif find . -maxdepth 0 -exec stat -c '%f %s %y %z %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* '; then echo stat
elif find . -prune -exec stat -f '%Xp %z %Fm %Fc %i' {} + 2>/dev/null | grep -q '^4[0-9a-f]* [0-9]* [0-9.]* '; then echo bsd-stat
elif php -r 'echo 1;' 2>/dev/null | grep -q '^1$'; then echo php
else echo none; fi
case $(tar --version 2>&1 </dev/null | head -n 1) in *'GNU tar'*) echo gnu;; bsdtar*) echo bsd;; *) echo plain;; esac
${first(HASH_TOOLS.sha256)}
${first(HASH_TOOLS.md5)}`;
  const output = await runOk(connection, script, {
    attempted: 'Look at which programs the server has',
    signal,
    timeLimit: 60_000,
  });
  const [list, archive, sha256, md5] = output.toString('utf8').split('\n');
  return {
    list: LISTS.find((known) => known === list) ?? 'none',
    archive: archive === 'gnu' || archive === 'bsd' ? archive : 'plain',
    sha256: HASH_TOOLS.sha256[Number(sha256)] ?? null,
    md5: HASH_TOOLS.md5[Number(md5)] ?? null,
  };
}
