import type { Probe } from './page.ts';

/** Share of words that two looks at one page have in common at least. */
const COMMON = 0.6;

/** Whether two answers show the same page. */
export function alike(one: Probe, other: Probe): boolean {
  if (one.status !== other.status) return false;
  const all = one.terms.union(other.terms).size;
  if (all < 12) return one.title === other.title;
  return one.terms.intersection(other.terms).size >= all * COMMON;
}
