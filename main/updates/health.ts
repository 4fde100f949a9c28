import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Script } from '../connections/index.ts';
import type { PageSeen, RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { isAbort, Problem } from '../words/index.ts';
import { forgetCompiled, forgetScript, type CompiledCode, type Listening } from './compiled-code.ts';
import type { Hands } from './hands.ts';
import { judge, looksBefore, seenPage } from './judge.ts';
import { alike } from './judging/alike.ts';
import { missingAssets } from './judging/assets.ts';
import { isInTheWay, roundsOf, type Asset, type Target } from './judging/look-round.ts';
import { isDead, isSick, isStale, pathOf, SAME_SECOND, type Probe, type WayKind } from './judging/page.ts';
import type { Pictures } from './judging/pictures.ts';
import { takePictures, withPictures, type Shot } from './judging/shots.ts';
import type { Door } from './judging/ways.ts';
import { OPCACHE } from './opcache.ts';
import { fatalsSince, logsOf, markLogs, marksAnew, type LogMarks } from './php-logs.ts';
import type { JudgeRules, Verdict } from './plan.ts';
import { probeUrls } from './probe.ts';
import type { SiteLock } from './site-lock.ts';

/** How a site looked, to compare with later. */
export interface Baseline {
  readonly probes: readonly Probe[];
  /** Where the site's PHP logs ended. */
  readonly marks: LogMarks;
  /** Why the server itself is asked; null: visitors' way tells enough. */
  readonly because: string | null;
  readonly targets: readonly Target[];
  readonly door: Door | null;
  readonly assets: readonly Asset[];
  readonly shots: readonly Shot[];
}

/** Of a site that nobody looked at before. */
export const NOT_LOOKED_AT: Baseline = {
  ...{ probes: [], marks: new Map(), because: null, targets: [], door: null, assets: [], shots: [] },
};

/** Compares looks from before and now. */
export type Judge = typeof judge;

/** Looks at one site from outside, past its maintenance page, during one run. */
export interface Health {
  /** SHA-256 of what lets these looks past our own maintenance page. */
  readonly digest: string;
  baseline(hands: Hands): Promise<Baseline>;
  /** The same baseline after something was taken back: what the PHP logs say by now is not held against what comes next. */
  afterTakingBack(hands: Hands, baseline: Baseline): Promise<Baseline>;
  /**
   * Asks the PHP that serves the site what it keeps of compiled code; null: it is not known.
   * @throws Problem `code-never-read` where it never looks again and cannot be told
   */
  askCode(hands: Hands, baseline: Baseline, how: SettleCode): Promise<CompiledCode | null>;
  /** How the watchdog has PHP forget, where PHP never looks again; to be asked after `askCode`. null: nothing is needed, or known. */
  forgetScript(hands: Hands, baseline: Baseline, php: string): Script | null;
  /**
   * Makes sure, after files were changed, that PHP runs what lies there now: it is told to forget what it compiled, or time passes.
   * @throws Problem `code-never-read` where PHP never looks again and cannot be told
   */
  settleCode(hands: Hands, baseline: Baseline, how: SettleCode): Promise<void>;
  /** Compares with the baseline: pages, pictures and PHP logs. Looks twice where PHP may still have run the old files at first. */
  compare(hands: Hands, baseline: Baseline, by?: Judge): Promise<Verdict>;
  /** Compares pages once, without the PHP logs: how it looks where nothing is decided by it. */
  glance(hands: Hands, baseline: Baseline): Promise<Verdict>;
}

/** Who tells PHP, and whether visitors see the maintenance page just now. */
export interface SettleCode {
  /** null: PHP is told in another way. */
  readonly lock: SiteLock | null;
  readonly offline: boolean;
}

/** What judging needs from the rest of the app. */
export interface HealthServices {
  /** A page this many times slower than before is worse, unless the site says otherwise. */
  readonly slowerTimes: () => number;
  /** null: no browser is at hand. */
  readonly pictures: Pictures | null;
}

/** Looks at a page before an update, and once more at one that seems worse. */
const LOOKS = 3;
const MORE_LOOKS = 2;
/**
 * Milliseconds between more looks where a site is nothing but slower, or was well at some looks only: a server that compiles
 * everything anew, has something else to do, or is started again, is well again soon.
 */
const BREATHS = [3_000, 9_000];
/** Of the pages that seem worse so many are looked at again, and more only when they turn out to be well. */
const CONFIRMED_AT_ONCE = 3;

/** @param tell asks PHP of its compiled code, where no commands are run */
export function healthOf(
  services: HealthServices,
  hands: Hands,
  site: Site,
  context: Pick<RunContext, 'runId'>,
  tell?: (how: 'ask' | 'forget') => Promise<CompiledCode | null>,
): Health {
  const secret = randomBytes(24).toString('base64url');
  const { paths, faults, find } = hands.platform.recipe.probe;
  const rounds = roundsOf(site.url, { faults, secret });
  const home = probeUrls(site.url, ['/'])[0] ?? site.url;
  const fixed = probeUrls(site.url, [...paths, ...site.settings.probePaths]);
  const rules = rulesOf(site, services);
  const photographer =
    services.pictures !== null && site.settings.judging.pictures
      ? { pictures: services.pictures, runId: context.runId, secret }
      : null;

  /** Which way the pages are looked at. The server's own front page is looked at in any case, as far as it can be. */
  async function plan(given: Hands): Promise<Pick<Baseline, 'targets' | 'door' | 'because'>> {
    const [outside] = await rounds.look(given, null, [{ url: home, way: 'network' }], 1);
    const door = await rounds.door(given).catch((error: unknown) => {
      if (isAbort(error)) throw error;
      return null;
    });
    const [inside] = door === null ? [] : await rounds.look(given, door, [{ url: home, way: 'loopback' }], 1);
    const usable = inside !== undefined && !isDead(inside);
    const blocked = outside === undefined || isInTheWay(outside);
    const ours = usable && (outside === undefined || blocked || alike(outside, inside));
    // Where the server itself says no just as well, nothing is gained by asking it.
    const tellsMore = outside?.cached !== null || outside.status !== inside?.status;
    const way: WayKind = blocked && ours && tellsMore ? 'loopback' : 'network';
    const found = await rounds.find(given, door, way, find);
    const urls = [...new Set([...fixed, ...found])];
    const targets: Target[] = urls.map((url) => ({ url, way }));
    if (way === 'network' && ours) targets.push({ url: home, way: 'loopback' });
    // Nobody learns more from a cache, or from where nothing answers, by asking for every page.
    if (way === 'loopback' && outside?.status !== null) targets.push({ url: home, way: 'network' });
    return { targets, door: ours ? door : null, because: way === 'loopback' ? reasonOf(outside) : null };
  }

  async function assetsOf(given: Hands, door: Door | null, probes: readonly Probe[]): Promise<Asset[]> {
    const front = probes.findLast((probe) => probe.url === home && !isSick(probe));
    return front === undefined ? [] : rounds.assets(given, door, front.way, front.assets);
  }

  /** What a cache answered is asked on the server itself. Where only its time says so, the server's clock may have been set back: that is seen by asking once more. */
  async function lookAgainWhereStale(
    given: Hands,
    baseline: Baseline,
    probes: readonly Probe[],
  ): Promise<Probe[]> {
    const { door } = baseline;
    const staleOf = (looks: readonly Probe[]) =>
      looks.filter((probe) => isStale(probe, looksBefore(baseline.probes, [probe]), looks));
    const old = staleOf(probes).filter(({ cached }) => cached === null);
    const more: Probe[] = [];
    if (old.length > 0) {
      await wait(SAME_SECOND + 500, undefined, { signal: given.signal });
      more.push(...(await rounds.look(given, door, old, 1)));
    }
    if (door === null) return more;
    const stale = staleOf([...probes, ...more]).filter(
      (probe) =>
        probe.way === 'network' && !probes.some(({ url, way }) => way === 'loopback' && url === probe.url),
    );
    const targets = [...new Set(stale.map(({ url }) => url))].map((url) => ({
      url,
      way: 'loopback' as const,
    }));
    return [...more, ...(await rounds.look(given, door, targets, 1))];
  }

  /**
   * A page that does not answer now, or only now and then, while others do, is looked at again after a while: what hides for a
   * moment how a site is would hide what an update does to it, too.
   */
  async function lookAgainWhereDoubtful(given: Hands, door: Door | null, probes: Probe[]): Promise<void> {
    for (const pause of BREATHS) {
      const doubtful = probes.every(isDead) ? [] : targetsInDoubt(probes);
      if (doubtful.length === 0) return;
      await wait(pause, undefined, { signal: given.signal });
      probes.push(...(await rounds.look(given, door, doubtful, LOOKS)));
    }
  }

  async function once(given: Hands, baseline: Baseline, by: Judge, withLogs: boolean): Promise<Verdict> {
    const { door } = baseline;
    const after = await rounds.look(given, door, baseline.targets, 1);
    after.push(...(await lookAgainWhereStale(given, baseline, after)));
    const doubtful = targetsWorse(by(baseline.probes, after, [], rules), after);
    for (let at = 0; at < doubtful.length; at += CONFIRMED_AT_ONCE) {
      const these = doubtful.slice(at, at + CONFIRMED_AT_ONCE);
      after.push(...(await rounds.look(given, door, these, MORE_LOOKS)));
      const still = targetsWorse(by(baseline.probes, after, [], rules), after);
      if (still.some((one) => these.some(({ url, way }) => url === one.url && way === one.way))) break;
    }
    for (const pause of BREATHS) {
      const verdict = by(baseline.probes, after, [], rules);
      const isSlowOnly =
        verdict.verdict === 'worse' &&
        by(baseline.probes, after, [], { ...rules, slowerTimes: Infinity }).verdict !== 'worse';
      if (!isSlowOnly) break;
      await wait(pause, undefined, { signal: given.signal });
      after.push(...(await rounds.look(given, door, targetsWorse(verdict, after), 1)));
    }
    // Only now: the looks themselves may bring the lines about.
    const fatals = withLogs ? await fatalsSince(given, baseline.marks) : [];
    return by(baseline.probes, after, fatals, rules);
  }

  /** What is only worth asking where the pages are well: what the front page links to, and how it looks. */
  async function further(given: Hands, baseline: Baseline, verdict: Verdict): Promise<Verdict> {
    const { door, targets } = baseline;
    const front = await rounds.look(
      given,
      door,
      targets.filter(({ url }) => url === home),
      1,
    );
    const missing = missingAssets(baseline.assets, await assetsOf(given, door, front));
    const whole: Verdict =
      missing === null
        ? verdict
        : { ...verdict, verdict: 'worse', reasons: [...verdict.reasons, `${pathOf(home)}: ${missing}`] };
    if (photographer === null || baseline.shots.length === 0) return whole;
    const shots = await takePictures(rounds, given, {
      ...photographer,
      targets,
      door,
      home,
      site,
      when: 'after',
    });
    return withPictures(whole, baseline.shots, shots, { ...photographer, rules });
  }

  const digest = createHash('sha256').update(secret).digest('hex');
  const frontOf = (probes: readonly Probe[]) =>
    probes.findLast((probe) => probe.url === home && !isDead(probe));
  const askPhp = async (
    given: Hands,
    { probes, door }: Baseline,
    { lock, offline }: SettleCode,
    how: 'ask' | 'forget',
  ): Promise<CompiledCode | null> => {
    if (tell !== undefined) return tell(how);
    if (lock === null) return null;
    const front = frontOf(probes);
    const listening: Listening = {
      ...{ lock, offline, digest, secret },
      url: front?.finalUrl ?? home,
      by: (work) => rounds.by(given, door, front?.way ?? 'network', work),
    };
    return forgetCompiled(given, listening, how);
  };
  /** Whether PHP is known to run what lies there, until something is compared. */
  let settled = false;
  let neverLooks = false;
  return {
    digest,
    async askCode(given, baseline, how) {
      const code = await askPhp(given, baseline, how, 'ask');
      if (code?.neverLooks !== true) return code;
      neverLooks = true;
      const told = await askPhp(given, baseline, how, 'forget');
      if (told?.forgotten !== true) throw neverRead();
      return told;
    },
    forgetScript: (given, { probes }, php) =>
      neverLooks
        ? forgetScript(given, { digest, secret, url: frontOf(probes)?.finalUrl ?? home, php })
        : null,
    async settleCode(given, baseline, how) {
      const code = await askPhp(given, baseline, how, 'forget');
      if (code?.forgotten === true) {
        settled = true;
        return;
      }
      if (code?.neverLooks === true) throw neverRead();
      await wait(OPCACHE, undefined, { signal: given.signal });
    },
    async baseline(given) {
      const { targets, door, because } = await plan(given);
      const probes = await rounds.look(given, door, targets, LOOKS);
      await lookAgainWhereDoubtful(given, door, probes);
      const assets = await assetsOf(given, door, probes);
      const shots =
        photographer === null
          ? []
          : await takePictures(rounds, given, { ...photographer, targets, door, home, site, when: 'before' });
      return {
        probes,
        targets,
        door,
        because,
        assets,
        shots,
        marks: await markLogs(given, await logsOf(given)),
      };
    },
    afterTakingBack: async (given, baseline) => ({
      ...baseline,
      marks: await marksAnew(given, baseline.marks),
    }),
    async compare(given, baseline, by = judge) {
      const first = await once(given, baseline, by, true);
      if (first.verdict === 'worse') return first;
      let second = first;
      if (!settled) {
        await wait(OPCACHE, undefined, { signal: given.signal });
        second = await once(given, baseline, by, true);
      }
      settled = false;
      return second.verdict === 'worse' || by !== judge ? second : further(given, baseline, second);
    },
    glance: (given, baseline) => once(given, baseline, judge, false),
  };
}

function neverRead(): Problem {
  return new Problem({
    code: 'code-never-read',
    message: 'PHP on this server never looks again whether a file has changed, and cannot be told to.',
    attempted: 'Have PHP forget the code that it compiled (opcache_reset)',
    answered: 'opcache.validate_timestamps=0',
    todo: 'Ask the host to allow opcache_reset (opcache.restrict_api), or to set opcache.validate_timestamps=1.',
  });
}

/** The pages that were well at fewer than most looks, and did not answer at one, or were well at another. */
function targetsInDoubt(probes: readonly Probe[]): Target[] {
  return [...Map.groupBy(probes, ({ way, url }) => `${way} ${url}`).values()]
    .filter((looks) => {
      const sick = looks.filter(isSick);
      return (
        sick.length * 2 >= looks.length &&
        (sick.length < looks.length || looks.some(({ status }) => status === null))
      );
    })
    .flatMap(([first]) => (first === undefined ? [] : { url: first.url, way: first.way }));
}

/** The pages that a verdict found worse, to be looked at again. */
function targetsWorse(verdict: Verdict, probes: readonly Probe[]): Target[] {
  const worse = new Set(
    verdict.pages.filter((page) => page.verdict === 'worse').map(({ way, page }) => `${way} ${page}`),
  );
  const found = new Map(probes.map(({ way, url }) => [`${way} ${pathOf(url)}`, { way, url }]));
  return [...found].flatMap(([name, target]) => (worse.has(name) ? [target] : []));
}

/** The site's own thresholds, and the preferences where it has none. */
export function rulesOf(site: Site, { slowerTimes }: Pick<HealthServices, 'slowerTimes'>): JudgeRules {
  const { judging } = site.settings;
  return {
    slowerTimes: judging.slowerTimes ?? slowerTimes(),
    wordsLost: judging.wordsLost / 100,
    pictureDiffers: judging.pictureDiffers / 100,
  };
}

function reasonOf(outside: Probe | undefined): string {
  if (outside?.cached !== undefined && outside.cached !== null)
    return `Visitors are answered by a cache (${outside.cached}), so the server itself was asked.`;
  if (outside?.status === null || outside === undefined)
    return `The address cannot be reached from here (${outside?.fault ?? 'no answer'}), so the server itself was asked.`;
  return `Something in front of the site answers ${outside.status}, so the server itself was asked.`;
}

/** A verdict as a step's last word. */
export function verdictSentence(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'worse':
      return verdict.reasons.join(' ');
    case 'better':
      return ['Better than before.', ...verdict.notes].join(' ');
    case 'same':
      return ['As healthy as before.', ...verdict.notes].join(' ');
  }
}

/** A baseline as a step's last word. */
export function baselineSentence({ probes, because }: Baseline): string {
  const pages = pagesOf(probes).map(
    ({ page, before }) =>
      `${page} ${before?.status ?? 'no answer'}${before?.fault === null ? ` (${before.millis} ms)` : ` (${before?.fault ?? ''})`}.`,
  );
  return [...pages, ...(because === null ? [] : [because])].join(' ');
}

/** The pages of a baseline as the journal keeps them. */
export function pagesOf(probes: readonly Probe[]): PageSeen[] {
  return [...Map.groupBy(probes, ({ way, url }) => `${way} ${url}`).values()].map((looks) =>
    seenPage(looks, []),
  );
}
