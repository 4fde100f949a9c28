import { z } from 'zod';

/**
 * A path on a site's server.
 *
 * Servers' names are bytes in any encoding. A byte that is not part of valid UTF-8 is carried as the lone
 * surrogate U+DC80…U+DCFF (the convention of Python's PEP 383, "surrogateescape"), so that every name
 * survives a round trip through strings and JSON, and ordinary names stay readable.
 */
export const RemotePath = z
  .string()
  .min(1)
  .refine((path) => !path.includes('\0'), 'a path cannot hold a NUL byte')
  .brand<'RemotePath'>();
export type RemotePath = z.infer<typeof RemotePath>;

/** Marks a string as a remote path. @throws when it is empty or holds a NUL. */
export function remotePath(text: string): RemotePath {
  return RemotePath.parse(text);
}

/** Joins with `/`; later parts must be relative. */
export function joinRemote(base: RemotePath, ...parts: readonly string[]): RemotePath {
  const tail = parts.filter((part) => part !== '' && part !== '.').join('/');
  if (tail === '') return base;
  return remotePath(base === '/' ? `/${tail}` : `${base}/${tail}`);
}

/** The folder above. `/` stays `/`. */
export function parentOf(path: RemotePath): RemotePath {
  const cut = path.lastIndexOf('/');
  return remotePath(cut <= 0 ? '/' : path.slice(0, cut));
}

/** Bytes of a name as a string; see {@link RemotePath}. Never loses anything. */
export function decodeName(bytes: Uint8Array): string {
  const plain = utf8.decode(bytes);
  if (!plain.includes('\uFFFD') || sameBytes(Buffer.from(plain), bytes)) return plain;
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += utf8.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/** The bytes that {@link decodeName} read. */
export function encodeName(text: string): Buffer {
  if (!/[\uDC80-\uDCFF]/.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const isHigh = unit >= 0xd800 && unit <= 0xdbff;
    if (isHigh) {
      at += 1;
    } else if (unit >= 0xdc80 && unit <= 0xdcff) {
      parts.push(Buffer.from(text.slice(from, at), 'utf8'), Buffer.of(unit - 0xdc00));
      from = at + 1;
    }
  }
  parts.push(Buffer.from(text.slice(from), 'utf8'));
  return Buffer.concat(parts);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** How many bytes the valid UTF-8 sequence at `at` has; 0 where it is not valid (Unicode 16, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf
      ? 2
      : lead >= 0xe0 && lead <= 0xef
        ? 3
        : lead >= 0xf0 && lead <= 0xf4
          ? 4
          : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let next = 2; next < length; next += 1) {
    const byte = bytes[at + next] ?? 0;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}
