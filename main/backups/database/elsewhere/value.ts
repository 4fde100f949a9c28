import { looksSerialized, rewriteSerialized } from './php-serialized.ts';
import type { Places } from './places.ts';

/** Why a value with what moves in it stays as it is. */
export type LeftBecause = 'broken-serialized' | 'own-serialized' | 'binary' | 'kept';

export interface ValueEvents {
  places(number: number): void;
  left(because: LeftBecause): void;
}

/** How often values may lie serialized in one another. */
const DEEPEST = 12;
/** Serialized PHP within a text, perhaps with escaped quotes. */
const HINT = /[asOC]:\d+:(?:\\*"|\{)/;
const STRING = /"(?:[^"\\]|\\.)*"/gs;

/**
 * Rewrites one value of a database: text, serialized PHP, or JSON with serialized PHP in it; each in the others.
 * @returns the same buffer where nothing changed
 */
export function valueRewriter(places: Places, events: ValueEvents): (bytes: Buffer) => Buffer {
  const rewrite = (bytes: Buffer, depth: number): Buffer => {
    if (!places.mayBeIn(bytes)) return bytes;
    // WordPress does not mind space around it.
    const [from, to] = trimmed(bytes);
    const core = bytes.subarray(from, to);
    if (looksSerialized(core)) {
      const now =
        depth > DEEPEST
          ? null
          : rewriteSerialized(core, {
              text: (inner) => rewrite(inner, depth + 1),
              unreadable: (inner) => {
                if (places.mayBeIn(inner)) events.left('own-serialized');
              },
            });
      if (now === null) events.left('broken-serialized');
      if (now === null || now === core) return bytes;
      return Buffer.concat([bytes.subarray(0, from), now, bytes.subarray(to)]);
    }
    return (depth <= DEEPEST ? inJson(core, bytes, depth) : null) ?? plain(bytes);
  };
  const plain = (bytes: Buffer): Buffer => {
    const { text, places: number } = places.replace(bytes.toString('latin1'));
    events.places(number);
    return number === 0 ? bytes : Buffer.from(text, 'latin1');
  };
  /** JSON whose strings hold serialized PHP: lengths in it count what is meant, not what is written. null: it is none. */
  const inJson = (core: Buffer, bytes: Buffer, depth: number): Buffer | null => {
    if (core[0] !== 0x7b && core[0] !== 0x5b && core[0] !== QUOTE) return null;
    const text = bytes.toString('utf8');
    if (!HINT.test(text) || !isJson(text) || !Buffer.from(text).equals(bytes)) return null;
    const now = text.replace(STRING, (token) => {
      const meant: unknown = JSON.parse(token);
      if (typeof meant !== 'string') return token;
      const inside = Buffer.from(meant);
      if (!HINT.test(meant)) return plain(Buffer.from(token)).toString('utf8');
      const changed = rewrite(inside, depth + 1);
      return changed === inside ? token : writtenLike(token, changed.toString('utf8'));
    });
    return now === text ? bytes : Buffer.from(now);
  };
  return (bytes) => rewrite(bytes, 0);
}

const QUOTE = 0x22;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A JSON string, with slashes and other alphabets escaped where they were. */
function writtenLike(token: string, text: string): string {
  let written = JSON.stringify(text);
  if (token.includes('\\/')) written = written.replaceAll('/', '\\/');
  if (/\\u[0-9a-f]{4}/i.test(token) && !/[^\0-\x7f]/.test(token))
    written = written.replace(
      /[^\0-\x7f]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return written;
}

function trimmed(bytes: Buffer): [from: number, to: number] {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSpace(bytes[from])) from += 1;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  return [from, to];
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
