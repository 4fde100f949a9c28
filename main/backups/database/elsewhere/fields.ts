import { MEANT } from '../dump/mysql-values.ts';

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** One literal between a row's brackets. `from` and `to` hold all of it, `inside` what is between its quotes or its digits. */
export interface Field {
  readonly kind: 'null' | 'number' | 'text' | 'binary' | 'hex';
  readonly from: number;
  readonly to: number;
  readonly inside: readonly [from: number, to: number];
}

const WORD = /^(?:(NULL)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|0x([0-9a-fA-F]*))$/i;
/** What may stand before a text. Other character sets could make a quote of half a character. */
const BEFORE_TEXT = /^(?:_utf8mb4|_utf8mb3|_utf8|_latin1|_ascii)?$/i;

/**
 * Takes a row apart: nothing but literals may stand in it.
 * @param row what is between its brackets
 * @returns null where anything else does, which a dump has no need of
 */
export function fieldsOf(row: Buffer): Field[] | null {
  const fields: Field[] = [];
  for (let at = 0; ;) {
    const from = skipSpace(row, at);
    let to = from;
    while (to < row.length && row[to] !== COMMA && row[to] !== QUOTE && to - from < 100_000_000) to += 1;
    if (row[to] === QUOTE) {
      const mark = row.subarray(from, to).toString('latin1').trim();
      const end = endOfText(row, to + 1);
      if (end < 0) return null;
      const kind = kindOf(mark, row.subarray(to + 1, end));
      if (kind === null) return null;
      fields.push({ kind, from, to: end + 1, inside: [to + 1, end] });
      at = skipSpace(row, end + 1);
    } else {
      let last = to;
      while (last > from && isSpace(row[last - 1])) last -= 1;
      const field = wordAt(row, from, last);
      if (field === null) return null;
      fields.push(field);
      at = to;
    }
    if (at >= row.length) return fields;
    if (row[at] !== COMMA) return null;
    at += 1;
  }
}

function wordAt(row: Buffer, from: number, to: number): Field | null {
  if (to - from > 100) {
    // A long value in hex is not made text of to be looked at.
    if (row[from] !== 0x30 || row[from + 1] !== 0x78) return null;
    for (let at = from + 2; at < to; at += 1) if (!isHexDigit(row[at] ?? 0)) return null;
    return { kind: 'hex', from, to, inside: [from + 2, to] };
  }
  const [, nothing, number, hex] = WORD.exec(row.subarray(from, to).toString('latin1')) ?? [];
  if (nothing !== undefined) return { kind: 'null', from, to, inside: [to, to] };
  if (number !== undefined) return { kind: 'number', from, to, inside: [from, to] };
  return hex === undefined ? null : { kind: 'hex', from, to, inside: [from + 2, to] };
}

function kindOf(mark: string, inside: Buffer): Field['kind'] | null {
  if (BEFORE_TEXT.test(mark)) return 'text';
  if (/^_binary$/i.test(mark)) return 'binary';
  if (/^x$/i.test(mark) && inside.every(isHexDigit)) return 'hex';
  return /^b$/i.test(mark) && inside.every((byte) => byte === 0x30 || byte === 0x31) ? 'binary' : null;
}

/** Where the quote is that ends a text. @param from after the first quote */
function endOfText(row: Buffer, from: number): number {
  for (let at = row.indexOf(QUOTE, from); at >= 0; at = row.indexOf(QUOTE, at)) {
    let slashes = 0;
    while (at - slashes > from && row[at - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 1) at += 1;
    else if (row[at + 1] === QUOTE) {
      at += 2;
      from = at;
    } else return at;
  }
  return -1;
}

/** What a text in quotes means, in MySQL's usual mode. @returns the same buffer where it means what it says */
export function unescaped(inside: Buffer): Buffer {
  if (!inside.includes(BACKSLASH) && !inside.includes(QUOTE)) return inside;
  const out = Buffer.allocUnsafe(inside.length);
  let size = 0;
  for (let at = 0; at < inside.length; at += 1) {
    const byte = inside[at] ?? 0;
    if (byte === QUOTE) at += 1;
    if (byte !== BACKSLASH) {
      out[size++] = byte;
      continue;
    }
    at += 1;
    const next = inside[at] ?? BACKSLASH;
    // `\%` and `\_` keep their backslash.
    if (next === 0x25 || next === 0x5f) out[size++] = BACKSLASH;
    out[size++] = MEANT.get(next) ?? next;
  }
  return out.subarray(0, size);
}

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x00, 0x30],
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x1a, 0x5a],
  [0x22, 0x22],
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
]);

/** A text as a literal, quotes and all. */
export function quoted(text: Buffer): Buffer {
  let more = 2;
  for (const byte of text) if (byte <= BACKSLASH && ESCAPES.has(byte)) more += 1;
  const out = Buffer.allocUnsafe(text.length + more);
  let size = 0;
  out[size++] = QUOTE;
  for (const byte of text) {
    const escape = byte <= BACKSLASH ? ESCAPES.get(byte) : undefined;
    if (escape !== undefined) out[size++] = BACKSLASH;
    out[size++] = escape ?? byte;
  }
  out[size] = QUOTE;
  return out;
}

function skipSpace(row: Buffer, from: number): number {
  let at = from;
  while (isSpace(row[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
