import { PNG } from 'pngjs';
import type { PageSeen } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { isAbort, type RunId } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import type { JudgeRules, Verdict } from '../plan.ts';
import { probeUrls } from '../probe.ts';
import type { Rounds, Target } from './look-round.ts';
import { pathOf, type WayKind } from './page.ts';
import { pictureGone, pictureOfDifference } from './picture-change.ts';
import type { Pictures } from './pictures.ts';
import { photograph } from './photograph.ts';
import type { Door } from './ways.ts';

/** Pictures of one page: two of before, which tell what differs anyway; one of after. */
export interface Shot {
  readonly url: string;
  readonly way: WayKind;
  readonly pictures: readonly PNG[];
}

export interface Taking {
  readonly pictures: Pictures;
  readonly runId: RunId;
  readonly secret: string;
  readonly targets: readonly Target[];
  readonly door: Door | null;
  readonly home: string;
  readonly site: Site;
  readonly when: 'before' | 'after';
}

/** The front page and so many of the user's own. */
const MOST_OWN = 2;

/** Takes pictures where a browser is at hand. What goes wrong with it is no fault of the site's: then there are none. */
export async function takePictures(rounds: Rounds, hands: Hands, taking: Taking): Promise<Shot[]> {
  const { site, home, door, targets, when } = taking;
  const own = probeUrls(site.url, site.settings.probePaths).slice(0, MOST_OWN);
  const urls = new Set([home, ...own]);
  // As most of the pages are looked at: where a cache answers visitors, that is the server itself.
  const wanted = targets.filter(
    ({ url }, index) => urls.has(url) && targets.findIndex((one) => one.url === url) === index,
  );
  const shots: Shot[] = [];
  try {
    const browser = await taking.pictures.browser.open(hands.signal);
    if (browser === null) return [];
    try {
      for (const { url, way: kind } of wanted)
        await rounds.by(hands, door, kind, async (way) => {
          const pictures: PNG[] = [];
          for (let time = 0; time < (when === 'before' ? 2 : 1); time += 1)
            pictures.push(
              PNG.sync.read(await photograph(browser, { url, way, ...taking, signal: hands.signal })),
            );
          shots.push({ url, way: kind, pictures });
        });
    } finally {
      await browser.close();
    }
    return shots;
  } catch (error) {
    hands.signal.throwIfAborted();
    if (isAbort(error)) throw error;
    return shots;
  }
}

/** Adds to a verdict what pictures show, and keeps the pictures with the run. */
export async function withPictures(
  verdict: Verdict,
  before: readonly Shot[],
  after: readonly Shot[],
  { pictures, runId, rules }: { pictures: Pictures; runId: RunId; rules: JudgeRules },
): Promise<Verdict> {
  let { reasons, notes, pages } = verdict;
  for (const [index, now] of after.entries()) {
    const was = before.find(({ url, way }) => url === now.url && way === now.way);
    const [one, other = one] = was?.pictures ?? [];
    const [taken] = now.pictures;
    if (one === undefined || other === undefined || taken === undefined) continue;
    const differs = pictureGone([one, other], taken);
    const keep = async (what: string, picture: PNG) => {
      const name = `${index}-${what}-${Date.now().toString(36)}.png`;
      await pictures.keep(runId, name, PNG.sync.write(picture));
      return name;
    };
    const picture: PageSeen['picture'] = {
      before: await keep('before', other),
      after: await keep('after', taken),
      difference: differs === 0 ? null : await keep('difference', pictureOfDifference(other, taken)),
      differs,
    };
    const worse = differs > rules.pictureDiffers;
    const words =
      differs < NOTEWORTHY
        ? []
        : [
            worse
              ? `looks different: ${percent(differs)} of its picture is gone.`
              : `${percent(differs)} of its picture differs.`,
          ];
    pages = pages.map((page) =>
      page.page === pathOf(now.url) && page.way === now.way
        ? { ...page, picture, words: [...page.words, ...words], verdict: worse ? 'worse' : page.verdict }
        : page,
    );
    const said = words.map((word) => `${pathOf(now.url)}: ${word}`);
    if (worse) reasons = [...reasons, ...said];
    else notes = [...notes, ...said];
  }
  return { verdict: reasons.length > 0 ? 'worse' : verdict.verdict, reasons, notes, pages };
}

/** Less is not worth a word. */
const NOTEWORTHY = 0.02;

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
