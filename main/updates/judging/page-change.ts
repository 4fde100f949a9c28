import type { JudgeRules } from '../plan.ts';
import type { Probe } from './page.ts';

/** Fewer words than these tell nothing when they are gone. */
const ENOUGH_WORDS = 20;
const ENOUGH_TERMS = 12;

/** The words that a page holds at every look: what differs is chance (advertisements, dates, what is shown by turns). */
export function stableTerms(looks: readonly Probe[]): {
  all: ReadonlySet<string>;
  main: ReadonlySet<string>;
} {
  const common = (sets: readonly ReadonlySet<string>[]): ReadonlySet<string> =>
    sets.reduce((kept, one) => kept.intersection(one), sets[0] ?? new Set<string>());
  return { all: common(looks.map(({ terms }) => terms)), main: common(looks.map(({ main }) => main)) };
}

/**
 * In words, which part of what was always there is gone.
 * @param most share of the words that may be missing
 */
export function gonePart(
  stable: { readonly all: ReadonlySet<string>; readonly main: ReadonlySet<string> },
  now: Probe,
  most: number,
): string | null {
  const missing = (terms: ReadonlySet<string>) => terms.difference(now.terms).size;
  const { all, main } = stable;
  if (all.size >= ENOUGH_TERMS && missing(all) >= all.size * most)
    return `other content stands there (${Math.round((100 * missing(all)) / all.size)} % of its words are gone).`;
  if (main.size >= ENOUGH_TERMS && missing(main) >= main.size * most)
    return `the main part of the page is gone (${Math.round((100 * missing(main)) / main.size)} % of its words).`;
  return null;
}

/**
 * In words, why a page is worse than it was, its time left aside; null: it is not.
 * @param before looks at it while it was well, at least one
 */
export function whatIsWorse(before: readonly Probe[], now: Probe, rules: JudgeRules): string | null {
  const [was] = before.slice(-1);
  if (was === undefined) return null;
  if (now.fault !== null && now.status === null) return `no answer (${now.fault}).`;
  if (now.fault !== null) return `the page says “${now.fault}”.`;
  if (!before.some(({ status }) => status === now.status))
    return `the answer is ${now.status ?? 'nothing'}; before it was ${was.status ?? 'nothing'}.`;
  if (!before.some(({ finalUrl }) => placeOf(finalUrl) === placeOf(now.finalUrl)))
    return `leads to ${now.finalUrl}; before it was ${was.finalUrl}.`;
  if (now.certificate !== null && before.every(({ certificate }) => certificate === null))
    return `the certificate ${now.certificate}; before it was valid.`;
  if (before.every(({ bytes }) => bytes > 0) && now.bytes === 0) return 'the page is empty.';
  if (now.login && before.every(({ login }) => !login)) return 'a login form stands where there was none.';
  if (before.every(({ words }) => words > 0) && now.words === 0) return 'the page is blank.';
  if (!now.wellFormed && before.every(({ wellFormed }) => wellFormed))
    return now.kind === 'json'
      ? 'the answer is no readable JSON any more.'
      : 'the answer is no readable XML any more.';
  if (now.kind !== was.kind && before.every(({ kind }) => kind === was.kind))
    return `the answer is ${now.kind} and was ${was.kind}.`;
  return contentGone(before, now, rules);
}

function contentGone(before: readonly Probe[], now: Probe, rules: JudgeRules): string | null {
  const fewest = Math.min(...before.map(({ words }) => words));
  if (fewest >= ENOUGH_WORDS && now.words < fewest * (1 - rules.wordsLost))
    return `most of the content is gone (${now.words} words; before it had ${fewest}).`;
  const gone = gonePart(stableTerms(before), now, rules.wordsLost);
  if (gone !== null) return gone;
  if (now.title === '' && before.every(({ title }) => title !== '')) return 'the title is gone.';
  if (now.echo === false && before.every(({ echo }) => echo === true))
    return 'it does not answer what is asked: the word that was searched for is not on the page.';
  return null;
}

/** Where a redirect led, without what differs at every request. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
