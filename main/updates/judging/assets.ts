import type { Asset } from './look-round.ts';

const isThere = ({ status }: Asset) => status !== null && status < 400;
/** Versions of a file differ in the query. */
const fileOf = ({ url }: Asset) => new URL(url).pathname;

/** In words, which stylesheets and scripts of the front page are missing now that are not known to be missing before. */
export function missingAssets(before: readonly Asset[], now: readonly Asset[]): string | null {
  // Nothing is known of before: the page was not there to name any.
  if (before.length === 0) return null;
  const knownGone = new Set(before.filter((asset) => !isThere(asset)).map(fileOf));
  const gone = now.filter((asset) => !isThere(asset) && !knownGone.has(fileOf(asset)));
  if (gone.length > 0) {
    const named = gone.slice(0, 3).map((asset) => `${fileOf(asset)} (${asset.status ?? 'no answer'})`);
    return `stylesheets or scripts of the page are missing: ${named.join(', ')}.`;
  }
  if (before.filter(isThere).length >= 2 && now.length === 0)
    return 'none of its stylesheets and scripts is linked any more.';
  return null;
}
