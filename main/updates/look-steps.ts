import type { RunContext } from '../runs/index.ts';
import type { Hands } from './hands.ts';
import { baselineSentence, pagesOf, verdictSentence, type Baseline, type Health } from './health.ts';
import type { Verdict } from './plan.ts';

/**
 * The step in which a site is looked at as it is.
 * @param then what else is to be found out; may refuse
 */
export function lookBefore(
  health: Health,
  hands: Hands,
  context: RunContext,
  then: (seen: Baseline) => Promise<void> = async () => {},
): Promise<Baseline> {
  return context.step('baseline', { title: 'Look at the site as it is' }, async (step) => {
    const seen = await health.baseline(hands);
    step.detail(baselineSentence(seen));
    step.seen(pagesOf(seen.probes));
    await then(seen);
    return seen;
  });
}

/** The step in which a site is compared with what it was; it ends as failed where that got worse. */
export function lookAfter(
  context: RunContext,
  { name, title }: { readonly name: string; readonly title: string },
  compare: () => Promise<Verdict>,
  words: (found: Verdict) => Promise<string> = async (found) => verdictSentence(found),
): Promise<Verdict> {
  return context.step(name, { title }, async (step) => {
    const found = await compare();
    if (found.verdict === 'worse') step.end('failed');
    step.seen(found.pages);
    step.detail(await words(found));
    return found;
  });
}
