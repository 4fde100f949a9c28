import { z } from 'zod';

/** One value of a row, as far as it was asked for. `bytes`: how long all of it is. */
export const Cell = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('null') }),
  z.object({ kind: z.literal('number'), text: z.string() }),
  z.object({ kind: z.literal('text'), text: z.string(), bytes: z.number(), whole: z.boolean() }),
  z.object({ kind: z.literal('binary'), hex: z.string(), bytes: z.number(), whole: z.boolean() }),
]);
export type Cell = z.infer<typeof Cell>;

/** A value as it was found: at most so much of its beginning as is held of any. */
export interface Found {
  readonly kind: 'null' | 'number' | 'text' | 'binary';
  readonly head: Buffer;
  readonly bytes: number;
}

/** @param most bytes of a value that are handed on; text is cut between characters */
export function cellOf(found: Found, most: number): Cell {
  const { kind, head, bytes } = found;
  if (kind === 'null') return { kind };
  if (kind === 'number') return { kind, text: head.toString('latin1') };
  const part = head.subarray(0, most);
  const whole = part.length === bytes;
  if (kind === 'text') {
    const text = asText(part, whole);
    if (text !== null) return { kind, text, bytes, whole };
  }
  return { kind: 'binary', hex: part.toString('hex'), bytes, whole };
}

/** UTF-8 as text; null where it is none. A character that was cut is left away. */
function asText(bytes: Buffer, whole: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole });
  } catch {
    return null;
  }
}
