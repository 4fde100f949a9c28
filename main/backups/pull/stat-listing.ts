import { randomBytes } from 'node:crypto';
import { lines, sh, type Script } from '../../connections/index.ts';
import { decodeName } from '../../words/index.ts';
import type { ManifestEntry } from './manifest-entry.ts';

type StatKind = 'stat' | 'bsd-stat';

/**
 * What each record begins with. `stat` ends records with a newline, which names can hold as well; nobody who made a
 * name could know this.
 */
export function newMarker(): string {
  return `gk-${randomBytes(12).toString('hex')}:`;
}

/** Type and mode in hex, size, time of change of content and of all else, inode, name; the rest of FIELDS is in the times. */
const FORMATS = { stat: 's%f %s %y %z %i %n', 'bsd-stat': 's%Xp %z %Fm %Fc %i %N' };
/** Blanks before the name. */
const BLANKS = { stat: 9, 'bsd-stat': 5 };

const LINKS = 'for one; do printf "%sl%s\\n%st" "$0" "$one" "$0"; readlink -n "$one"; echo; done';
const CLOSED = 'for one; do [ -r "$one" ] && [ -x "$one" ] || printf "%sx%s\\n" "$0" "$one"; done';

/** Lists what is at and below `$start`, for a `find` that prints nothing but names (BusyBox, the BSDs, macOS). */
export function statScript(options: {
  readonly kind: StatKind;
  readonly prunes: readonly string[];
  readonly marker: string;
}): Script {
  const { kind, prunes, marker } = options;
  const format = `${marker}${FORMATS[kind]}`;
  return lines(
    sh`export LC_ALL=C TZ=UTC0
printf '%sn%s\n' ${marker} "$(date +%s)"`,
    sh`find "$start" ${prunes} \( -type f -o -type d -o -type l \) -exec stat ${kind === 'stat' ? '-c' : '-f'} ${format} {} +`,
    sh`find "$start" ${prunes} -type l -exec sh -c ${LINKS} ${marker} {} +`,
    sh`find "$start" ${prunes} -type d -exec sh -c ${CLOSED} ${marker} {} +`,
  );
}

/** Tells of the names on stdin, each ended by a NUL, what {@link statScript} tells of all; but for the targets of links. */
export function statNamed(kind: StatKind, marker: string): Script {
  return sh`export LC_ALL=C TZ=UTC0
xargs -0 stat ${kind === 'stat' ? '-c' : '-f'} ${`${marker}${FORMATS[kind]}`}`;
}

const KINDS = new Map<number, ManifestEntry['kind']>([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

/** Reads what {@link statScript} printed. Records that went away between two looks are dropped. */
export function parseStat(output: Buffer, kind: StatKind, marker: string): ManifestEntry[] {
  const entries = new Map<string, ManifestEntry>();
  const targets = new Map<string, string>();
  let now = 0;
  let link = '';
  for (const record of recordsOf(output, Buffer.from(marker))) {
    const type = record.toString('latin1', 0, 1);
    const rest = record.subarray(1);
    if (type === 'n') now = Number(rest.toString('latin1'));
    else if (type === 'l') link = pathOf(rest);
    else if (type === 't') targets.set(link, decodeName(rest));
    else if (type === 'x') {
      const folder = entries.get(pathOf(rest));
      if (folder) entries.set(folder.path, { ...folder, closed: true });
    } else if (type === 's') {
      const entry = entryOf(rest, kind, now);
      if (entry) entries.set(entry.path, entry);
    }
  }
  return [...entries.values()].flatMap((entry) => {
    if (entry.kind !== 'link') return [entry];
    const target = targets.get(entry.path);
    return target === undefined ? [] : [{ ...entry, target }];
  });
}

function* recordsOf(output: Buffer, marker: Buffer): Generator<Buffer, void, void> {
  for (let at = output.indexOf(marker); at >= 0;) {
    const from = at + marker.length;
    at = output.indexOf(marker, from);
    const record = output.subarray(from, at < 0 ? undefined : at);
    if (record.at(-1) === 0x0a) yield record.subarray(0, -1);
  }
}

function entryOf(record: Buffer, kind: StatKind, now: number): ManifestEntry | null {
  let cut = -1;
  for (let blanks = 0; blanks < BLANKS[kind]; blanks += 1) {
    cut = record.indexOf(0x20, cut + 1);
    if (cut < 0) return null;
  }
  const fields = record.toString('latin1', 0, cut).split(' ');
  const [raw = '', size = ''] = fields;
  const inode = fields.at(-1) ?? '';
  const [mtime, ctime] =
    kind === 'stat'
      ? [secondsOf(fields.slice(2, 5)), secondsOf(fields.slice(5, 8))]
      : [decimal(fields[2]), decimal(fields[3])];
  const bits = Number.parseInt(raw, 16);
  const type = KINDS.get(bits & 0o170000);
  if (type === undefined || mtime === null || ctime === null) return null;
  return {
    path: pathOf(record.subarray(cut + 1)),
    kind: type,
    size: type === 'file' ? Number(size) : 0,
    mode: bits & 0o7777,
    mtime,
    ctime: settled(ctime, now) ? ctime : `${ctime}?${now}`,
    inode,
    target: '',
    closed: false,
  };
}

/**
 * Whether a change from now on would show in the time. Where the host counts whole seconds, a file that was changed in this one may
 * change again unseen: its stamp is made one that nothing equals.
 */
function settled(ctime: string, now: number): boolean {
  return !/\.0+$/.test(ctime) || Number(ctime) < now - 2;
}

/** `2026-01-31 23:59:59.123456789 +0000` as seconds, as GNU's find prints them. */
function secondsOf([date = '', time = '', zone = '']: readonly string[]): string | null {
  const [whole = '', fraction = ''] = time.split('.');
  const seconds = Date.parse(`${date}T${whole}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`) / 1000;
  return Number.isInteger(seconds) ? decimal(`${seconds}.${fraction}`) : null;
}

/** Seconds with ten digits after the point, so that a host which gets a better `find` keeps its stamps. */
function decimal(text: string | undefined): string | null {
  const found = /^(-?\d+)(?:\.(\d*))?$/.exec(text ?? '');
  return found?.[1] === undefined ? null : `${found[1]}.${(found[2] ?? '').padEnd(10, '0').slice(0, 10)}`;
}

function pathOf(bytes: Buffer): string {
  return decodeName(bytes).replace(/^\.(\/|$)/, '');
}
