/** Milliseconds below which no difference in time counts: that is noise. */
const NOISE = 500;
/** How many spreads from its usual time a page has to be. */
const SPREADS = 6;
/** What makes a median of distances comparable with a standard deviation. */
const SCALE = 1.4826;

/** The middle of some numbers; 0 for none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Whether a page has become slower beyond its own spread. Even its quickest look has to be slower than anything
 * before, so that one slow look, or a page whose times always leap, is no reason.
 * @param before milliseconds of several looks
 * @param times how many times slower it has to be
 * @returns the usual time before and the quickest after, or null
 */
export function slowerBy(
  before: readonly number[],
  after: readonly number[],
  times: number,
): { before: number; after: number } | null {
  if (before.length === 0 || after.length === 0) return null;
  const usual = median(before);
  const spread = SCALE * median(before.map((millis) => Math.abs(millis - usual)));
  const quickest = Math.min(...after);
  const limit = Math.max(usual * times, usual + SPREADS * spread, usual + NOISE, ...before);
  return quickest > limit ? { before: usual, after: quickest } : null;
}
