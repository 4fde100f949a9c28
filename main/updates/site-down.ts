import type { Site } from '../sites/index.ts';
import { Problem } from '../words/index.ts';
import type { Baseline } from './health.ts';
import { isDead, pathOf } from './judging/page.ts';
import { NETWORK } from './judging/ways.ts';
import { probe, probeUrls } from './probe.ts';

/** Milliseconds for a look before anything is planned. */
const TIME_LIMIT = 15_000;

/** Whether visitors get nothing of a site now: then nothing can tell whether an update makes it worse. */
export async function isDown(site: Site, signal: AbortSignal): Promise<boolean> {
  const [url = site.url] = probeUrls(site.url, ['/']);
  return isDead(await probe({ url, way: NETWORK, faults: [], secret: null, signal, timeLimit: TIME_LIMIT }));
}

/** Refuses what could not be judged, because no page of the site is there, unless a person has agreed. @throws Problem `site-down` */
export function refuseDown({ probes }: Baseline, thoughDown: boolean): void {
  if (thoughDown || probes.length === 0 || !probes.every(isDead)) return;
  const [first] = probes;
  throw new Problem({
    code: 'site-down',
    message:
      'The site does not answer, so nothing could tell whether an update makes it worse. Nothing was changed.',
    attempted: 'Look at the site as it is',
    answered: first === undefined ? '' : `${pathOf(first.url)}: ${first.fault ?? String(first.status)}`,
    todo: 'Look what is wrong with it first (`groundskeeper doctor SITE`). To update it all the same: tick the box in the update’s dialog, or say --though-down.',
  });
}
