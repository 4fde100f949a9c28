import PQueue from 'p-queue';
import type { Hands } from '../hands.ts';
import { probe, type ProbeOptions } from '../probe.ts';
import { ask, type Way } from './fetch-page.ts';
import { addressIn, type PageHint } from './find-pages.ts';
import { isDead, type Probe, type WayKind } from './page.ts';
import { findDoor, NETWORK, through, type Door } from './ways.ts';

/** A page, and the way on which it is looked at. */
export interface Target {
  readonly url: string;
  readonly way: WayKind;
}

/** A stylesheet or script of a page, and how it answered; null: not at all. */
export interface Asset {
  readonly url: string;
  readonly status: number | null;
}

/** Pages that are asked for at once: enough to be quick, too few to be a burden. */
const AT_ONCE = 3;
/** Milliseconds after which no page is looked at once more. */
const ENOUGH = 20_000;
/** Milliseconds for what only tells addresses. */
const HINT_LIMIT = 20_000;

/** Looks at pages of one site, by the network or through its server. */
export interface Rounds {
  /** One look at each page, again `times` in all, as long as that does not take too long. */
  look(hands: Hands, door: Door | null, targets: readonly Target[], times: number): Promise<Probe[]>;
  assets(hands: Hands, door: Door | null, way: WayKind, urls: readonly string[]): Promise<Asset[]>;
  /** The pages that the site itself names. */
  find(
    hands: Hands,
    door: Door | null,
    way: WayKind,
    hints: readonly (readonly PageHint[])[],
  ): Promise<string[]>;
  door(hands: Hands): Promise<Door | null>;
  /** Works with a way, for as long as its connection is lent. */
  by<T>(hands: Hands, door: Door | null, way: WayKind, work: (way: Way) => Promise<T>): Promise<T>;
}

export function roundsOf(site: string, options: Pick<ProbeOptions, 'faults' | 'secret'>): Rounds {
  const home = new URL(site);
  const by = async <T>(
    hands: Hands,
    door: Door | null,
    kind: WayKind,
    work: (way: Way) => Promise<T>,
  ): Promise<T> => {
    if (kind === 'network' || door === null) return work(NETWORK);
    return hands.on((connection) => work(through(connection, home, door)));
  };
  const atOnce = <T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> =>
    new PQueue({ concurrency: AT_ONCE }).addAll(tasks);
  return {
    by,
    async look(hands, door, targets, times) {
      const { signal } = hands;
      const started = performance.now();
      const probes: Probe[] = [];
      for (let time = 0; time < times; time += 1) {
        if (time > 0 && performance.now() - started > ENOUGH) break;
        // What does not answer is not waited for again and again.
        const silent = new Set(
          probes.filter(({ status }) => status === null).map(({ url, way }) => way + url),
        );
        const wanted = targets.filter(({ url, way }) => !silent.has(way + url));
        for (const kind of ['network', 'loopback'] as const) {
          const mine = wanted.filter(({ way }) => way === kind);
          if (mine.length === 0) continue;
          probes.push(
            ...(await by(hands, door, kind, (way) =>
              atOnce(
                mine.map(
                  ({ url }) =>
                    () =>
                      probe({ ...options, url, way, signal }),
                ),
              ),
            )),
          );
        }
      }
      return probes;
    },
    assets: (hands, door, kind, urls) =>
      by(hands, door, kind, (way) =>
        atOnce(
          urls.map((url) => async () => {
            const signal = AbortSignal.any([hands.signal, AbortSignal.timeout(HINT_LIMIT)]);
            try {
              const { status } = await ask(new URL(url), { way, signal, headers: {}, mostBytes: 0 });
              return { url, status };
            } catch {
              hands.signal.throwIfAborted();
              return { url, status: null };
            }
          }),
        ),
      ),
    find: (hands, door, kind, hints) =>
      by(hands, door, kind, async (way) => {
        const found = await Promise.all(
          hints.map(async (places) => {
            for (const place of places) {
              const address = await addressBy(place, { home, way, signal: hands.signal });
              if (address !== null) return [address];
            }
            return [];
          }),
        );
        return found.flat();
      }),
    door: (hands) => hands.on((connection) => findDoor(connection, home, hands.signal)),
  };
}

async function addressBy(
  hint: PageHint,
  { home, way, signal }: { home: URL; way: Way; signal: AbortSignal },
): Promise<string | null> {
  const base = home.href.endsWith('/') ? home.href : `${home.href}/`;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(HINT_LIMIT)]);
  try {
    const url = new URL(hint.in.slice(1), base);
    const answer = await ask(url, { way, signal: limited, headers: { 'cache-control': 'no-cache' } });
    return answer.status === 200 ? addressIn(answer.body.toString('utf8'), hint, base) : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Whether visitors' way tells nothing of the site: it leads nowhere, to a cache, or to what asks whether one is human. */
export function isInTheWay(probe: Probe): boolean {
  if (probe.cached !== null) return true;
  if (probe.status === null) return true;
  return isDead(probe) ? false : [401, 403, 429].includes(probe.status);
}
