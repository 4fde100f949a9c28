import type { Probe, Verdict } from './plan.ts';

export interface JudgeRules {
  /** A page this many times slower than before is worse. */
  readonly slowerTimes: number;
}

/** Milliseconds below which no difference in time counts: that is noise. */
const NOISE = 500;

/**
 * Compares a site before and after. A page that was already sick is not blamed on the update.
 * @param fatals new fatal lines of the site's PHP log since the baseline
 */
export function judge(
  baseline: readonly Probe[],
  after: readonly Probe[],
  fatals: readonly string[],
  rules: JudgeRules,
): Verdict {
  const worse: { readonly path: string; readonly reason: string }[] = [];
  let better = false;
  for (const now of after) {
    const before = baseline.find((probe) => probe.url === now.url);
    if (!before) continue;
    if (isSick(before)) {
      if (!isSick(now)) better = true;
      continue;
    }
    const reason = whatIsWorse(before, now, rules);
    if (reason !== null) worse.push({ path: pathOf(now.url), reason });
  }
  const reasons = [...Map.groupBy(worse, ({ reason }) => reason)].map(
    ([reason, pages]) => `${pages.map(({ path }) => path).join(', ')}: ${reason}`,
  );
  for (const line of fatals.slice(0, 3)) reasons.push(`The PHP log has a new fatal error: ${line}`);
  if (reasons.length > 0) return { verdict: 'worse', reasons };
  return { verdict: better ? 'better' : 'same', reasons: [] };
}

/** Whether a page is broken by itself, without a comparison. */
export function isSick(probe: Probe): boolean {
  return probe.status === null || probe.status >= 500 || probe.fault !== null;
}

function whatIsWorse(before: Probe, now: Probe, rules: JudgeRules): string | null {
  if (now.fault !== null && now.status === null) return `no answer (${now.fault}).`;
  if (now.fault !== null) return `the page says “${now.fault}”.`;
  if (now.status !== before.status)
    return `the answer is ${now.status ?? 'nothing'}; before it was ${before.status ?? 'nothing'}.`;
  if (placeOf(now.finalUrl) !== placeOf(before.finalUrl))
    return `leads to ${now.finalUrl}; before it was ${before.finalUrl}.`;
  if (now.bytes === 0 && before.bytes > 0) return 'the page is empty.';
  if (before.words >= 20 && now.words < before.words * 0.4)
    return `most of the content is gone (${now.words} words; before it had ${before.words}).`;
  if (before.title !== '' && now.title === '') return 'the title is gone.';
  if (now.millis > before.millis * rules.slowerTimes && now.millis - before.millis > NOISE) {
    return `takes ${(now.millis / 1000).toFixed(1)} s; before it took ${(before.millis / 1000).toFixed(1)} s.`;
  }
  return null;
}

/** Where a redirect led, without what differs at every request. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
