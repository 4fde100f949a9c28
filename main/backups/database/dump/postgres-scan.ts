import type { Found } from './cell.ts';

const NEWLINE = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const NAME = '(?:"(?:[^"]|"")+"|[^\\s".(]+)';
const COPY = new RegExp(`^COPY (${NAME}(?:\\.${NAME})?) (?:\\((.*)\\) )?FROM stdin;$`, 's');
const MAKES = new RegExp(
  `^CREATE (?:UNLOGGED |FOREIGN )?(TABLE|VIEW|MATERIALIZED VIEW) (${NAME}(?:\\.${NAME})?)`,
);

/** Told while a dump goes by. Offsets are counted from where the scan began. */
export interface PostgresEvents {
  made?(kind: string, name: string): void;
  /** Rows follow, one a line, up to a line `\.`. */
  copies?(table: string, columns: readonly string[]): void;
  /** `line`: at most its first 4 MiB; `size`: how long it is. */
  row?(table: string, offset: number, line: Buffer, size: number): void;
  /** The rows of a table are over. */
  copied?(table: string): void;
}

/** Of longer lines only the beginning is held. */
const LONGEST = 4_194_304;

export interface PostgresScan {
  feed(chunk: Buffer): void;
  /** Whether the dump went on to pg_dump's last line, as far as it was fed. */
  complete(): boolean;
}

/** Takes a plain dump of pg_dump apart as it goes by. @param from the table whose rows it begins in */
export function scanPostgres(
  events: PostgresEvents,
  from: { readonly rowsOf: string } | null = null,
): PostgresScan {
  let copying = from?.rowsOf ?? null;
  let held: Buffer[] = [];
  let kept = 0;
  let size = 0;
  let base = 0;
  let complete = false;
  const endLine = (offset: number) => {
    const line = held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
    if (copying !== null) {
      if (size === 2 && line.toString('latin1') === '\\.') {
        events.copied?.(copying);
        copying = null;
      } else events.row?.(copying, offset, line, size);
    } else if (line.length > 0) statement(line.toString('utf8'));
    held = [];
    kept = size = 0;
  };
  const statement = (line: string) => {
    if (line.startsWith('COPY ')) {
      const [, name, columns = ''] = COPY.exec(line) ?? [];
      if (name === undefined) return;
      copying = plainName(name);
      events.copies?.(copying, namesIn(columns));
    } else if (line.startsWith('CREATE ')) {
      const [, kind, name] = MAKES.exec(line) ?? [];
      if (kind !== undefined && name !== undefined) events.made?.(kind, plainName(name));
    } else if (line === '-- PostgreSQL database dump complete') complete = true;
  };
  return {
    feed(chunk) {
      for (let at = 0; at < chunk.length;) {
        const found = chunk.indexOf(NEWLINE, at);
        const end = found < 0 ? chunk.length : found;
        const part = chunk.subarray(at, Math.min(end, at + LONGEST - kept));
        if (part.length > 0) held.push(part);
        kept += part.length;
        size += end - at;
        at = end + 1;
        if (found >= 0) endLine(base + end - size);
      }
      base += chunk.length;
    },
    complete: () => complete && copying === null,
  };
}

/** `public."Odd name"` as a count of rows names it: `Odd name`; other schemas stay before the name. */
export function plainName(quoted: string): string {
  const plain = partsOf(quoted, /"(?:[^"]|"")+"|[^".]+/g);
  return (plain[0] === 'public' && plain.length > 1 ? plain.slice(1) : plain).join('.');
}

function namesIn(list: string): string[] {
  return partsOf(list, /"(?:[^"]|"")+"|[^", ]+/g);
}

function partsOf(text: string, each: RegExp): string[] {
  return (text.match(each) ?? []).map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
}

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x76, 0x0b],
]);

/** The values of a line of COPY. Of a line that was cut, the last value is cut too. @param most bytes that are kept of each */
export function postgresValues(line: Buffer, size: number, most: number): Found[] {
  const row: Found[] = [];
  if (size === 0) return [{ kind: 'text', head: Buffer.alloc(0), bytes: 0 }];
  for (let from = 0; from <= line.length;) {
    const tab = line.indexOf(TAB, from);
    const end = tab < 0 ? line.length : tab;
    const missing = tab < 0 ? size - line.length : 0;
    row.push(valueOf(line.subarray(from, end), missing, most));
    from = end + 1;
  }
  return row;
}

function valueOf(raw: Buffer, missing: number, most: number): Found {
  if (raw.length === 2 && raw[0] === BACKSLASH && raw[1] === 0x4e)
    return { kind: 'null', head: Buffer.alloc(0), bytes: 0 };
  const bytes = raw.includes(BACKSLASH) ? unescaped(raw) : raw;
  // How bytea is written.
  const hex = /^\\x((?:[0-9a-f]{2})*)/.exec(bytes.subarray(0, 2 + most * 2).toString('latin1'));
  if (hex?.[1] !== undefined && hex[0].length === Math.min(bytes.length, 2 + most * 2))
    return { kind: 'binary', head: Buffer.from(hex[1], 'hex'), bytes: (bytes.length - 2 + missing) / 2 };
  return { kind: 'text', head: Buffer.from(bytes.subarray(0, most)), bytes: bytes.length + missing };
}

function unescaped(raw: Buffer): Buffer {
  const out = Buffer.alloc(raw.length);
  let size = 0;
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at] ?? 0;
    if (byte === BACKSLASH && at + 1 < raw.length) {
      at += 1;
      const escaped = raw[at] ?? 0;
      out[size] = ESCAPES.get(escaped) ?? escaped;
    } else out[size] = byte;
    size += 1;
  }
  return out.subarray(0, size);
}
