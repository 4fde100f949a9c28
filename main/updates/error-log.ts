import { runOk, sh, type Connection, type RemoteFiles } from '../connections/index.ts';
import type { RemotePath } from '../words/index.ts';
import { isProblem } from './files-only/over-sftp.ts';

/** Where the log ended, and which fatal errors it knew by then. */
export interface LogMark {
  readonly size: number;
  readonly known: ReadonlySet<string>;
}

const TAIL = 256 * 1024;
const FATAL = /PHP (?:Fatal|Parse) error|Uncaught \w*(?:Error|Exception)/;

/** Remembers where the site's PHP log ends. A log that is not there counts as empty. */
export async function markLog(
  connection: Connection,
  log: RemotePath,
  signal: AbortSignal,
): Promise<LogMark> {
  const output = await read(connection, log, 0, signal);
  return { size: output.size, known: new Set(fatalsIn(output.text)) };
}

/** Fatal errors that the log has gained since, each once, without those it knew before. */
export async function newFatals(
  connection: Connection,
  log: RemotePath,
  mark: LogMark,
  signal: AbortSignal,
): Promise<string[]> {
  const { size, text } = await read(connection, log, mark.size, signal);
  if (size === mark.size) return [];
  return [...new Set(fatalsIn(text))].filter((line) => !mark.known.has(line));
}

/** What the script below does, where there is no `wc` or no `tail`. */
const TAIL_BY_PHP =
  'list(, $log, $from, $most) = $argv; $size = filesize($log); if ($from > $size) $from = 0; echo $size, "\\n"; $file = fopen($log, "rb"); fseek($file, max($from, $size - $most)); fpassthru($file);';

/** The log from a byte on (its end, where that is too much, or where the log has been rotated). */
async function read(
  connection: Connection,
  log: RemotePath,
  from: number,
  signal: AbortSignal,
): Promise<{ size: number; text: string }> {
  if (connection.onlyFiles) return readOverSftp(await connection.files(), log, from);
  const script = sh`[ -f ${log} ] && [ -r ${log} ] || { echo 0; exit 0; }
if ! command -v wc >/dev/null 2>&1 || ! command -v tail >/dev/null 2>&1; then
  exec php -r ${TAIL_BY_PHP} -- ${log} ${from} ${TAIL}
fi
size=$(wc -c < ${log}); echo $size
from=${from}; [ "$size" -ge "$from" ] || from=0
[ $((size - from)) -le ${TAIL} ] || from=$((size - ${TAIL}))
tail -c +$((from + 1)) -- ${log}`;
  const output = await runOk(connection, script, {
    attempted: 'Read the PHP log',
    signal,
    timeLimit: 30_000,
    maxOutput: 8 * TAIL,
  });
  const end = output.indexOf(0x0a);
  return {
    size: Number(
      output
        .subarray(0, end < 0 ? output.length : end)
        .toString('latin1')
        .trim(),
    ),
    text: end < 0 ? '' : output.subarray(end + 1).toString('utf8'),
  };
}

async function readOverSftp(
  files: RemoteFiles,
  log: RemotePath,
  given: number,
): Promise<{ size: number; text: string }> {
  const nothing = { size: 0, text: '' };
  const orNothing = (error: unknown) => {
    if (isProblem(error, 'connection-lost') || !isProblem(error)) throw error;
    return null;
  };
  const stat = await files.stat(log).catch(orNothing);
  if (stat?.kind !== 'file') return nothing;
  const { size } = stat;
  const from = Math.max(given > size ? 0 : given, size - TAIL);
  const handle = await files.open(log).catch(orNothing);
  if (handle === null) return nothing;
  try {
    const chunks: Buffer[] = [];
    for (let at = from; at < size;) {
      const chunk = await files.read(handle, at, Math.min(32_768, size - at));
      if (chunk.length === 0) break;
      chunks.push(chunk);
      at += chunk.length;
    }
    return { size, text: Buffer.concat(chunks).toString('utf8') };
  } finally {
    await files.close(handle).catch(() => {});
  }
}

function fatalsIn(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => FATAL.test(line))
    .map((line) => line.replace(/^\[[^\]]*\]\s*/, '').slice(0, 300));
}
