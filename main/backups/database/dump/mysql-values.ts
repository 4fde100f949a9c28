import type { Found } from './cell.ts';

const QUOTE = 0x27;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** What a letter after a backslash stands for; any other stands for itself. */
export const MEANT: ReadonlyMap<number, number> = new Map([
  [0x30, 0x00],
  [0x62, 0x08],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x5a, 0x1a],
]);

/** A growing buffer that keeps only the beginning. */
function headOf(most: number) {
  let bytes = Buffer.alloc(64);
  let size = 0;
  return {
    push(byte: number) {
      if (size < most) {
        if (size === bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
        bytes[size] = byte;
      }
      size += 1;
    },
    take(): { head: Buffer; bytes: number } {
      const head = Buffer.from(bytes.subarray(0, Math.min(size, most)));
      const taken = { head, bytes: size };
      size = 0;
      return taken;
    },
  };
}

/**
 * Reads what is between a row's brackets, in whatever parts it comes.
 * @param most bytes of each value that are kept
 */
export function mysqlValues(most: number, onRow: (row: readonly Found[]) => void) {
  let row: Found[] = [];
  let token: number[] = [];
  let inString = false;
  let wasString = false;
  let escaped = false;
  /** A quote that ends the string, or is the first of two that stand for one. */
  let ending = false;
  const value = headOf(most);
  const hex = headOf(most * 2);
  let inHex = false;

  const finish = () => {
    const word = Buffer.from(token).toString('latin1').trim();
    if (wasString) row.push(ofString(word.toLowerCase(), value.take()));
    else if (inHex) row.push(ofHex(hex.take()));
    else if (word !== '')
      row.push({
        kind: /^NULL$/i.test(word) ? 'null' : 'number',
        head: Buffer.from(word, 'latin1'),
        bytes: word.length,
      });
    token = [];
    wasString = inString = inHex = ending = escaped = false;
  };
  const inText = (byte: number): boolean => {
    if (ending) {
      ending = false;
      if (byte !== QUOTE) {
        inString = false;
        return false;
      }
      value.push(QUOTE);
    } else if (escaped) {
      escaped = false;
      value.push(MEANT.get(byte) ?? byte);
    } else if (byte === BACKSLASH) escaped = true;
    else if (byte === QUOTE) ending = true;
    else value.push(byte);
    return true;
  };
  return (part: Buffer, last: boolean): void => {
    for (const byte of part) {
      if (inString && inText(byte)) continue;
      if (byte === COMMA) finish();
      else if (byte === QUOTE && !wasString) inString = wasString = true;
      else if (inHex) hex.push(byte);
      else if (token.length < 100) {
        token.push(byte);
        if (byte === 0x78 && token.length >= 2 && Buffer.from(token).toString('latin1').trim() === '0x') {
          inHex = true;
          token = [];
        }
      }
    }
    if (!last) return;
    finish();
    onRow(row);
    row = [];
  };
}

/** @param mark what stands before the quote: `_binary`, `x`, `b`, a character set, or nothing */
function ofString(mark: string, { head, bytes }: { head: Buffer; bytes: number }): Found {
  if (mark === 'x') return ofHex({ head, bytes });
  return { kind: mark === '_binary' || mark === 'b' ? 'binary' : 'text', head, bytes };
}

function ofHex({ head, bytes }: { head: Buffer; bytes: number }): Found {
  const digits = head.toString('latin1').trim();
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return { kind: 'binary', head: Buffer.from(even, 'hex'), bytes: Math.ceil(bytes / 2) };
}
