/** Which way a look went: as visitors come, or from the server to itself. */
export type WayKind = 'network' | 'loopback';

/** One look at a page. */
export interface Probe {
  /** Without what is added to get past caches. */
  readonly url: string;
  readonly way: WayKind;
  /** null: nothing answered; `fault` says why. */
  readonly status: number | null;
  readonly finalUrl: string;
  readonly title: string;
  /** Visible words. */
  readonly words: number;
  readonly bytes: number;
  /** From asking until all of it was there, without connecting. */
  readonly millis: number;
  /** A fatal message found in the page, or why nothing answered. */
  readonly fault: string | null;
  readonly kind: 'html' | 'json' | 'xml' | 'other';
  /** Whether JSON can be read and XML begins as it must. */
  readonly wellFormed: boolean;
  /** The distinct words, numbers alike. */
  readonly terms: ReadonlySet<string>;
  /** Those of its main part that stand nowhere else on the page. */
  readonly main: ReadonlySet<string>;
  /** It asks for a password. */
  readonly login: boolean;
  /** What is wrong with the certificate; null: nothing, or none is used. */
  readonly certificate: string | null;
  /** The header by which a cache says that it answered; null: none says so. */
  readonly cached: string | null;
  /** When it was asked, and when the answer says that it was made. */
  readonly askedAt: number;
  readonly madeAt: number | null;
  /** Whether it holds the word that was asked for; null: none was. */
  readonly echo: boolean | null;
  /** Addresses of its stylesheets and scripts on the site's own origin. */
  readonly assets: readonly string[];
}

/** Path and query of a page, as a person names it. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** Whether a page gives visitors nothing at all. */
export function isDead(probe: Probe): boolean {
  return probe.status === null || probe.status >= 500;
}

/** Whether a page is broken by itself, without a comparison. */
export function isSick(probe: Probe): boolean {
  return isDead(probe) || probe.fault !== null;
}

/** Milliseconds within which two answers may bear the same time and still be two. */
export const SAME_SECOND = 2_000;

/**
 * Whether an answer was made before `earlier` was answered: what was asked later, and is older, comes from a cache. That a site is dead no
 * cache makes up.
 * @param looks all looks of that page from now: where their times go on as ours do, the server's clock was set back, and nothing is old
 */
export function isStale(now: Probe, earlier: readonly Probe[], looks: readonly Probe[]): boolean {
  if (now.cached !== null) return true;
  const { madeAt, askedAt } = now;
  if (madeAt === null || isDead(now)) return false;
  const isOld = earlier.some(
    (before) => before.madeAt !== null && askedAt - before.askedAt > SAME_SECOND && madeAt <= before.madeAt,
  );
  return isOld && !looks.some((other) => goOn(now, other));
}

/** Whether two answers were made as far apart as they were asked for. */
function goOn(one: Probe, other: Probe): boolean {
  if (one.way !== other.way || one.madeAt === null || other.madeAt === null) return false;
  const apart = other.askedAt - one.askedAt;
  return Math.abs(apart) > SAME_SECOND && Math.abs(other.madeAt - one.madeAt - apart) <= SAME_SECOND;
}
