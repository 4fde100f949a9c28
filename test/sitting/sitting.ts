/** Many updates in one sitting: one app, simulated hosts, and random faults around each. */
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Run } from '../../main/runs/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { anApp, type TestApp } from '../rig/app.ts';
import { aTempFolder } from '../rig/folders.ts';
import { aKeyPair } from '../rig/keys.ts';
import { seeded } from '../rig/random.ts';
import { aWordPressOrg } from '../rig/wordpress-org.ts';
import { mend, someFaults } from './faults.ts';
import { WARES, type Ware } from './releases.ts';
import { aSmallSite, type SmallSite } from './small-site.ts';

export interface Wish {
  readonly updates: number;
  /** How many at once, each on a site of its own. */
  readonly sites: number;
  readonly seed: number;
  /** These instead, by the seeds that an earlier sitting named. */
  readonly repeat?: readonly number[];
  /** Told of each that ended. */
  readonly tell?: (ended: Ended) => void;
}

/** How one update ended. */
export interface Ended {
  /** Its seed: the same faults at the same moments, as far as a machine does the same twice. */
  readonly seed: number;
  readonly faults: string;
  readonly component: string;
  readonly reported: Run['state'];
  /** What is on the site; null: neither the old version nor the new one, whole. */
  readonly is: 'old' | 'new' | null;
  /** Why it is not whole, or not as reported. */
  readonly wrong: readonly string[];
  /** Where something is wrong, what the run says of itself. */
  readonly story: string;
}

/** Seconds that a watchdog waits; short, so that it comes to that. */
const LEASE = '6';
/** Milliseconds in which all that was cut off is brought in order. */
const PATIENCE = 120_000;

/** Sits down to it. */
export async function sit({ sites, tell, ...wish }: Wish): Promise<Ended[]> {
  const seeds =
    wish.repeat ?? Array.from({ length: wish.updates }, (_, number) => wish.seed * 1_000_003 + number + 1);
  const temp = aTempFolder('sitting');
  await using org = await aWordPressOrg();
  for (const { release } of WARES) org.offer(release.new);
  await using app = await anApp(org, path.join(temp.path, 'data'), { GROUNDSKEEPER_LEASE: LEASE });
  const key = aKeyPair(path.join(temp.path, 'key'));
  const places: Place[] = [];
  const aPlace = async (): Promise<Place> => {
    const name = `site-${(count += 1)}`;
    const small = await aSmallSite(path.join(temp.path, name), name, key);
    const site = await app.add(small, small, name);
    await app.check(site);
    const place = { small, site };
    places.push(place);
    return place;
  };
  let count = 0;
  const first = await Promise.all(Array.from({ length: Math.min(sites, seeds.length) }, aPlace));
  const ended: Ended[] = [];
  const waiting = [...seeds];
  try {
    const whole = await learn(app, first[0] as Place, new Set(seeds.map(wareOf)));
    await Promise.all(
      first.map(async (begun) => {
        let place = begun;
        for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
          const one = await updateOnce(app, place, whole, seed);
          ended.push(one);
          tell?.(one);
          // Nothing more is done to it; the others are not held up by it.
          if (one.reported === 'interrupted') place = await aPlace();
        }
      }),
    );
  } finally {
    for (const { small } of places) await small[Symbol.asyncDispose]();
    temp.remove();
  }
  return ended;
}

interface Place {
  readonly small: SmallSite;
  readonly site: Site;
}

/** What a site is before, and after an update that nothing disturbed, by component. */
interface Whole {
  readonly old: string;
  readonly new: ReadonlyMap<string, string>;
}

async function learn(app: TestApp, { small, site }: Place, wares: ReadonlySet<Ware>): Promise<Whole> {
  const old = small.state();
  const after = new Map<string, string>();
  for (const { release, breaks } of wares) {
    const run = await app.update(site, release.new.slug);
    if (run.state !== (breaks ? 'rolled-back' : 'done'))
      throw new Error(`${release.new.slug} without a fault: ${run.state}: ${run.summary}`);
    if (breaks && small.state() !== old) throw new Error(`${release.new.slug} was not taken back`);
    after.set(release.new.slug, await atRest(small));
    await small.reset();
    await app.check(site);
  }
  return { old, new: after };
}

/** The state of a site on which nothing is at work any more: requests that the update caused may still be answered. */
async function atRest(small: SmallSite): Promise<string> {
  for (let before = small.state(); ;) {
    await wait(500);
    const now = small.state();
    if (now === before) return now;
    before = now;
  }
}

async function updateOnce(app: TestApp, place: Place, whole: Whole, seed: number): Promise<Ended> {
  const random = seeded(seed);
  const { small, site } = place;
  const ware = wareOf(seed);
  const { slug, kind } = ware.release.new;
  const faults = someFaults(random);
  const { runId } = await app.client.updates.start({ siteId: site.id, choices: [{ kind, slug }] });
  const cancel = async () => void (await app.client.runs.cancel({ runId }).catch(() => {}));
  const struck = Promise.all(faults.map(({ strike }) => strike(small, random, cancel)));
  await app.ended({ runId });
  await struck;
  await mend(small);
  const { run, recovered } = await settled(app, runId);

  const wrong: string[] = [];
  const is = await stands(small, whole, slug);
  if (is === null) {
    const odd = oddLines(small.state(), [whole.old, whole.new.get(slug) ?? '']);
    wrong.push(`neither the old version nor the new one is there, whole: ${odd.join(' | ')}`);
  }
  const says = run.state === 'done' ? 'new' : run.state === 'interrupted' ? 'unsettled' : 'old';
  if (is !== null && says !== is)
    wrong.push(`reported as ${run.state} (${run.summary}), but the ${is} one is there`);
  if (is === 'new' && ware.breaks) wrong.push('the version that breaks the site is there');
  wrong.push(...(await unwell(small)));
  const left = small.leftBehind();
  if (left.length > 0) wrong.push(`left behind: ${left.slice(0, 5).join(', ')}`);
  const { text: story } = await app.client.runs.story({ runId });
  if (run.state !== 'interrupted') await small.reset();
  const checked = await app.check(site);
  if (checked.state !== 'done') wrong.push(`cannot be checked afterwards: ${checked.summary}`);
  const names = faults.map(({ name }) => name).join(' and ');
  return {
    seed,
    faults: names,
    component: slug,
    reported: run.state,
    is,
    wrong,
    story: wrong.length > 0 ? `${story}\nRecovering: ${recovered}` : '',
  };
}

/** What is updated under a seed. */
function wareOf(seed: number): Ware {
  return WARES[Math.floor(seeded(~seed)() * WARES.length)] as Ware;
}

/** The run when nothing of it is left to be recovered, and what was last said of recovering it. */
async function settled(app: TestApp, runId: Run['id']): Promise<{ run: Run; recovered: string }> {
  let last = '';
  for (const until = Date.now() + PATIENCE; ; await wait(500)) {
    const run = await app.client.runs.show({ runId });
    if (run.state !== 'interrupted' || Date.now() > until) return { run, recovered: last };
    const { recovered } = await app.client.runs.recover({});
    last =
      recovered.find((one) => one.runId === runId)?.outcome ??
      `it is not among ${recovered.length} that were recovered`;
  }
}

/** What stands there. PHP may still be at a request that was asked for before: so it is looked at until it is whole. */
async function stands(small: SmallSite, whole: Whole, slug: string): Promise<Ended['is']> {
  for (const until = Date.now() + 10_000; ; await wait(200)) {
    const state = small.state();
    if (state === whole.old) return 'old';
    if (state === whole.new.get(slug)) return 'new';
    if (Date.now() > until) return null;
  }
}

/** What tells a state from the nearest of those that it may be: lines too many (+) and missing (-). */
function oddLines(state: string, mayBe: readonly string[]): string[] {
  const lines = state.split('\n');
  const [nearest = []] = mayBe
    .map((one) => {
      const other = one.split('\n');
      const [more, less] = [new Set(other), new Set(lines)];
      return [
        ...lines.filter((line) => !more.has(line)).map((line) => `+${line}`),
        ...other.filter((line) => !less.has(line)).map((line) => `-${line}`),
      ];
    })
    .sort((a, b) => a.length - b.length);
  return nearest.slice(0, 6);
}

/** Why visitors are not well; PHP looks again at what it compiled after two seconds. */
async function unwell(small: SmallSite): Promise<string[]> {
  for (const until = Date.now() + 10_000; ; await wait(200)) {
    const { status, text } = await small.page('/');
    if (status === 200 && text.includes('</footer>')) return [];
    if (Date.now() > until) return [`the home page answers ${status}`];
  }
}
