import { isSick } from '../judge.ts';
import type { Probe, Verdict } from '../plan.ts';

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
  for (const now of after) {
    const before = baseline.find(({ url }) => url === now.url);
    if (before === undefined) continue;
    const { pathname, search, origin } = new URL(now.url);
    const page = `${pathname}${search}`;
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
  if (reasons.length > 0) return { verdict: 'worse', reasons };
  return { verdict: better ? 'better' : 'same', reasons: [] };
}
