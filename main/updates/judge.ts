import type { PageSeen } from '../runs/index.ts';
import { isDead, isSick, isStale, pathOf, type Probe } from './judging/page.ts';
import { gonePart, stableTerms, whatIsWorse } from './judging/page-change.ts';
import { slowerBy } from './judging/slower.ts';
import type { JudgeRules, Verdict } from './plan.ts';

export { isSick } from './judging/page.ts';

/**
 * Compares a site before and after. A page that was already sick is not blamed on the update.
 * @param baseline looks from before: several of a page tell what differs at every look
 * @param after looks from now; a page is worse when more than half of its looks are
 * @param fatals new fatal lines of the site's PHP log since the baseline
 */
export function judge(
  baseline: readonly Probe[],
  after: readonly Probe[],
  fatals: readonly string[],
  rules: JudgeRules,
): Verdict {
  const compared = [...Map.groupBy(after, (probe) => `${probe.way} ${probe.url}`).values()]
    .map((looks) => ({ looks, before: looksBefore(baseline, looks) }))
    .filter(({ before }) => before.length > 0);
  const pages = compared.map(({ looks, before }) => judgePage(before, looks, rules));
  const reasons = joined(pages, ({ verdict }) => verdict === 'worse');
  const isMute = compared.every(({ looks, before }) => freshOf(before, looks).length === 0);
  // Where it was so before, it was known that the update could not be judged by its pages.
  if (isMute && compared.some(({ before }) => before.some(({ cached }) => cached === null)))
    reasons.push(
      'No page is the site’s own answer any more: each comes from a cache, or is older than the update. So nothing speaks for the new version.',
    );
  for (const line of fatals.slice(0, 3)) reasons.push(`The PHP log has a new fatal error: ${line}`);
  const better = pages.some(({ verdict }) => verdict === 'better');
  return {
    verdict: reasons.length > 0 ? 'worse' : better ? 'better' : 'same',
    reasons,
    notes: joined(pages, ({ verdict }) => verdict !== 'worse'),
    pages,
  };
}

/** How the same page was seen before: the same way, or else the other. */
export function looksBefore(baseline: readonly Probe[], after: readonly Probe[]): readonly Probe[] {
  const [first] = after;
  const same = baseline.filter(({ url }) => url === first?.url);
  const sameWay = same.filter(({ way }) => way === first?.way);
  return sameWay.length > 0 ? sameWay : same;
}

/** The looks that tell of now. */
function freshOf(before: readonly Probe[], looks: readonly Probe[]): readonly Probe[] {
  return looks.filter((probe) => !isStale(probe, before, looks));
}

function judgePage(before: readonly Probe[], after: readonly Probe[], rules: JudgeRules): PageSeen {
  const [now = before[0]] = after.slice(-1);
  const end = (verdict: NonNullable<PageSeen['verdict']>, words: readonly (string | null)[]): PageSeen => ({
    ...seenPage(before, after),
    verdict,
    words: words.filter((word) => word !== null),
  });
  if (now === undefined) return end('same', []);
  const well = before.filter((probe) => !isSick(probe));
  const fresh = freshOf(before, after);
  if (fresh.length === 0)
    return end('same', [
      `the answer comes from a cache (${now.cached ?? 'it is too old'}), so it says nothing.`,
    ]);
  if (well.length * 2 <= before.length) {
    const found = judgeSick(before, well, fresh);
    return end(found.verdict, found.words);
  }
  const worse = fresh.flatMap((probe) => whatIsWorse(well, probe, rules) ?? []);
  if (worse.length * 2 > fresh.length) return end('worse', worse.slice(-1));
  const slower = slowerBy(
    well.map(({ millis }) => millis),
    fresh.filter((probe) => !isSick(probe)).map(({ millis }) => millis),
    rules.slowerTimes,
  );
  if (slower !== null)
    return end('worse', [`takes ${seconds(slower.after)}; before it took ${seconds(slower.before)}.`]);
  return end('same', [
    notedOf(well, now),
    ...worse.slice(-1).map((reason) => `one look was not well: ${reason}`),
  ]);
}

/**
 * A page that was sick: healed, sick in another way, or dead where it lived.
 * @param well those looks from before at which it was well all the same
 */
function judgeSick(
  before: readonly Probe[],
  well: readonly Probe[],
  fresh: readonly Probe[],
): Pick<PageSeen, 'words'> & { verdict: 'same' | 'better' | 'worse' } {
  const [was] = before.slice(-1);
  const [now] = fresh.slice(-1);
  if (was === undefined || now === undefined) return { verdict: 'same', words: [] };
  // Whoever keeps the update for that would keep one that broke what a passing fault had only hidden.
  if (well.length > 0 && fresh.every(isSick))
    return {
      verdict: 'worse',
      words: [`was well now and then before, and is not any more (${sickness(now)}).`],
    };
  const lived = before.filter((probe) => !isDead(probe));
  if (lived.length * 2 > before.length) {
    // It named a fault and was there all the same: that can be lost.
    if (fresh.filter(isDead).length * 2 > fresh.length)
      return { verdict: 'worse', words: [`had a fault before, and does not answer now (${sickness(now)}).`] };
    const gone = gonePart(stableTerms(lived), now, GONE);
    if (isSick(now) && gone !== null)
      return { verdict: 'worse', words: [`had a fault before, and now ${gone}`] };
  }
  if (fresh.every((probe) => !isSick(probe)) && (now.status ?? 500) < 400)
    return { verdict: 'better', words: ['is well; before it was not.'] };
  if (sickness(was) === sickness(now)) return { verdict: 'same', words: ['is as broken as before.'] };
  return {
    verdict: 'same',
    words: [`was broken before and is broken otherwise now: ${sickness(was)} → ${sickness(now)}.`],
  };
}

/** A page that had a fault before is worse only when nearly nothing of it is left. */
const GONE = 0.9;

function sickness(probe: Probe): string {
  return probe.fault ?? `${probe.status ?? 'no answer'}`;
}

/** What is worth a word and no reason. */
function notedOf(before: readonly Probe[], now: Probe): string | null {
  const [was] = before.slice(-1);
  if (was === undefined) return null;
  if (before.every(({ certificate }) => certificate !== null) && now.certificate === null)
    return 'the certificate is valid now.';
  if (!before.some(({ title }) => title === now.title))
    return `the title was “${was.title}” and is “${now.title}”.`;
  return null;
}

/** How a page was seen, in what the journal keeps. */
export function seenPage(before: readonly Probe[], after: readonly Probe[]): PageSeen {
  const [one] = [...after, ...before];
  return {
    page: one === undefined ? '' : pathOf(one.url),
    way: one?.way ?? 'network',
    before: lookOf(before),
    after: lookOf(after),
    verdict: null,
    words: [],
    picture: null,
  };
}

function lookOf(looks: readonly Probe[]): PageSeen['before'] {
  const [last] = looks.slice(-1);
  if (last === undefined) return null;
  const { status, title, words, fault, certificate } = last;
  const quickest = Math.min(...looks.map(({ millis }) => millis));
  return { status, title, words, millis: quickest, fault, certificate };
}

/** Sentences with the pages that they are true of in front, each sentence once. */
function joined(pages: readonly PageSeen[], wanted: (page: PageSeen) => boolean): string[] {
  const said = pages.filter(wanted).flatMap((page) => page.words.map((words) => ({ page, words })));
  return [...Map.groupBy(said, ({ words }) => words)].map(([words, them]) => {
    const outside = new Set(them.flatMap(({ page }) => (page.way === 'network' ? [page.page] : [])));
    const named = them.filter(({ page }) => page.way === 'network' || !outside.has(page.page));
    return `${named.map(({ page }) => nameOf(page)).join(', ')}: ${words}`;
  });
}

function nameOf({ page, way }: PageSeen): string {
  return way === 'loopback' ? `${page} (asked on the server itself)` : page;
}

function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}
