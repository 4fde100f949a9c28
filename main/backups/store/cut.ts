/** How content is cut into blobs: bytes up to `whole` are not cut at all. */
export interface CutRule {
  readonly whole: number;
  readonly min: number;
  /** A power of two. */
  readonly average: number;
  readonly max: number;
}

const KIB = 1024;

/** Files that large are rare and mostly pictures and archives; a dump changes in rows here and there. */
export const CUT = {
  file: { whole: 512 * KIB, min: 128 * KIB, average: 512 * KIB, max: 2048 * KIB },
  dump: { whole: 16 * KIB, min: 16 * KIB, average: 64 * KIB, max: 256 * KIB },
} as const satisfies Record<string, CutRule>;
export type CutKind = keyof typeof CUT;

/**
 * Where the first piece of some bytes ends: FastCDC (Xia et al., USENIX ATC 2016) with two masks, over a 32-bit
 * gear hash. The same bytes give the same pieces wherever they stand.
 * @param from where the piece begins
 */
export function cutAt(bytes: Uint8Array, from: number, rule: CutRule, gear: Uint32Array): number {
  const left = bytes.length - from;
  if (left <= rule.min) return bytes.length;
  const bits = Math.log2(rule.average);
  const strict = maskOf(bits + 2);
  const loose = maskOf(bits - 2);
  const normal = from + Math.min(rule.average, left);
  const end = from + Math.min(rule.max, left);
  let hash = 0;
  let at = from + rule.min;
  for (; at < normal; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & strict) === 0) return at + 1;
  }
  for (; at < end; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & loose) === 0) return at + 1;
  }
  return end;
}

/** The highest bits, which the last 32 bytes have all had a part in. */
function maskOf(bits: number): number {
  return ((2 ** bits - 1) * 2 ** (32 - bits)) | 0;
}

/** Cuts a stream. What fits in `whole` comes as one piece, and empty content as none. */
export async function* cut(
  stream: AsyncIterable<Buffer>,
  rule: CutRule,
  gear: Uint32Array,
): AsyncGenerator<Buffer, void, void> {
  // Gathered so that each byte is copied about once, however small the parts are.
  const enough = Math.max(rule.whole, rule.max) * 2;
  let held: Buffer[] = [];
  let size = 0;
  let cutting = false;
  for await (const part of stream) {
    held.push(part);
    size += part.length;
    if (size < enough) continue;
    cutting = true;
    const all = Buffer.concat(held);
    let from = 0;
    while (all.length - from >= rule.max) {
      const to = cutAt(all, from, rule, gear);
      yield all.subarray(from, to);
      from = to;
    }
    held = [all.subarray(from)];
    size = all.length - from;
  }
  if (size === 0) return;
  const [only] = held;
  const all = held.length === 1 && only !== undefined ? only : Buffer.concat(held);
  if (!cutting && size <= rule.whole) {
    yield all;
    return;
  }
  for (let from = 0; from < all.length;) {
    const to = cutAt(all, from, rule, gear);
    yield all.subarray(from, to);
    from = to;
  }
}
