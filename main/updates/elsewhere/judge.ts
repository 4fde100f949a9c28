import { looksBefore, seenPage } from '../judge.ts';
import { isSick, pathOf, type Probe } from '../judging/page.ts';
import type { Verdict } from '../plan.ts';

/**
 * Judges a site that shows another site's content now: words and titles differ, so only whether it is well counts, and whether it stays where it is.
 * @param fatals new fatal lines of the site's PHP log since the baseline
 */
export function judgeContent(
  baseline: readonly Probe[],
  after: readonly Probe[],
  fatals: readonly string[],
): Verdict {
  const reasons: string[] = [];
  let better = false;
  const pages = [...Map.groupBy(after, ({ way, url }) => `${way} ${url}`).values()];
  for (const looks of pages) {
    const [now] = looks.slice(-1);
    const [before] = looksBefore(baseline, looks).slice(-1);
    if (now === undefined || before === undefined) continue;
    const { pathname, search, origin } = new URL(now.url);
    const page = pathOf(now.url);
    if (isSick(now)) {
      if (!isSick(before))
        reasons.push(`${page}: ${now.fault ?? `the answer is ${now.status ?? 'nothing'}`}.`);
      continue;
    }
    if (isSick(before)) better = true;
    const leadsAway = new URL(now.finalUrl).origin;
    if (leadsAway !== origin && leadsAway !== new URL(before.finalUrl).origin)
      reasons.push(`${page}: leads away to ${leadsAway}.`);
    // Only the front page is there in every site; others may be switched off.
    else if (pathname === '/' && search === '' && (now.status ?? 500) >= 400 && (before.status ?? 500) < 400)
      reasons.push(
        `${page}: the answer is ${now.status ?? 'nothing'}; before it was ${before.status ?? 'nothing'}.`,
      );
  }
  for (const line of fatals.slice(0, 3)) reasons.push(`The PHP log has a new fatal error: ${line}`);
  return {
    verdict: reasons.length > 0 ? 'worse' : better ? 'better' : 'same',
    reasons,
    notes: [],
    pages: pages.map((looks) => {
      const seen = seenPage(looksBefore(baseline, looks), looks);
      const mine = reasons.filter((reason) => reason.startsWith(`${seen.page}: `));
      const words = mine.map((reason) => reason.slice(seen.page.length + 2));
      return { ...seen, words, verdict: mine.length > 0 ? ('worse' as const) : ('same' as const) };
    }),
  };
}
