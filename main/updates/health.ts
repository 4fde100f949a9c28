import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Platform } from '../platforms/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, type RemotePath } from '../words/index.ts';
import { markLog, newFatals, type LogMark } from './error-log.ts';
import type { Hands } from './hands.ts';
import { judge } from './judge.ts';
import { OPCACHE } from './opcache.ts';
import type { Probe, Verdict } from './plan.ts';
import { probeAll, probeUrls } from './probe.ts';

/** How a site looked, to compare with later. */
export interface Baseline {
  readonly probes: readonly Probe[];
  /** Where the site's PHP logs ended. */
  readonly marks: ReadonlyMap<RemotePath, LogMark>;
}

/** Looks at one site from outside, past its maintenance page, during one run. */
export interface Health {
  /** SHA-256 of what lets these looks past our own maintenance page. */
  readonly digest: string;
  look(signal: AbortSignal, times: number): Promise<Probe[]>;
  baseline(hands: Hands): Promise<Baseline>;
  /** Compares with the baseline: pages and PHP logs. Looks twice, because PHP's OPcache may serve the old files at first. */
  compare(hands: Hands, baseline: Baseline, by?: typeof judge): Promise<Verdict>;
}

/** @param slowerTimes a page this many times slower than before is worse */
export function healthOf(site: Site, platform: Platform, slowerTimes: () => number): Health {
  const secret = randomBytes(24).toString('base64url');
  const { paths, faults } = platform.recipe.probe;
  const urls = probeUrls(site.url, [...paths, ...site.settings.probePaths]);
  const look = (signal: AbortSignal, times: number) => probeAll(urls, times, { faults, secret, signal });
  const compareOnce = async (hands: Hands, baseline: Baseline, by: typeof judge) => {
    const after = await look(hands.signal, 2);
    return by(baseline.probes, after, await fatalsSince(hands, baseline.marks), {
      slowerTimes: slowerTimes(),
    });
  };
  return {
    digest: createHash('sha256').update(secret).digest('hex'),
    look,
    async baseline(hands) {
      const probes = await look(hands.signal, 2);
      return { probes, marks: await markLogs(hands) };
    },
    async compare(hands, baseline, by = judge) {
      const first = await compareOnce(hands, baseline, by);
      if (first.verdict === 'worse') return first;
      await wait(OPCACHE, undefined, { signal: hands.signal });
      return compareOnce(hands, baseline, by);
    },
  };
}

/** A verdict as a step's last word. */
export function verdictSentence(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'worse':
      return verdict.reasons.join(' ');
    case 'better':
      return 'Better than before.';
    case 'same':
      return 'As healthy as before.';
  }
}

/** Where hosts write PHP's errors: what the site itself says, and the usual places beside and in the root. */
async function markLogs(hands: Hands): Promise<Baseline['marks']> {
  const said = hands.platform.module === null ? null : (await hands.reading()).facts.errorLog;
  const usual = [
    'error_log',
    '../error_log',
    '../logs/error_log',
    '../logs/error.log',
    '../logs/php-error.log',
    '../logs/php_errors.log',
  ].map((path) => joinRemote(hands.site.root, path));
  const logs = [...new Set([...(said === null ? [] : [said]), ...usual])];
  return new Map(
    await hands.on((connection) =>
      Promise.all(logs.map(async (log) => [log, await markLog(connection, log, hands.signal)] as const)),
    ),
  );
}

async function fatalsSince(hands: Hands, marks: Baseline['marks']): Promise<string[]> {
  const found = await hands.on((connection) =>
    Promise.all([...marks].map(([log, mark]) => newFatals(connection, log, mark, hands.signal))),
  );
  return [...new Set(found.flat())];
}
