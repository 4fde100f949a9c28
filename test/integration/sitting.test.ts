/** A few updates around which anything may fail, on simulated hosts. A thousand of them: `npm run sitting`. Others than these: `SEED=…`. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { anApp } from '../rig/app.ts';
import { aTempFolder } from '../rig/folders.ts';
import { aKeyPair } from '../rig/keys.ts';
import { aWordPressOrg } from '../rig/wordpress-org.ts';
import { WARES, type Ware } from '../sitting/releases.ts';
import { sit } from '../sitting/sitting.ts';
import { aSmallSite } from '../sitting/small-site.ts';

const SEED = Number(process.env['SEED'] ?? 1);

it(`whatever fails, every update ends whole and as reported (seed ${SEED})`, async () => {
  const ended = await sit({ updates: 6, sites: 2, seed: SEED });
  const wrong = ended.filter((one) => one.wrong.length > 0);
  // Named in the message: which seed it was, and what was wrong, is all that a run elsewhere leaves.
  expect(wrong, JSON.stringify(wrong)).toEqual([]);
  expect(ended).toHaveLength(6);
});

it.each([
  ['to begin with', 'htdocs/.maintenance.gk '],
  ['when it is to end, for looking', 'htdocs/.maintenance '],
  ['when it is to end, for removing', 'htdocs/.maintenance /'],
])(
  'a site whose PHP was to listen, and no program could be started (%s), is let go of as it was',
  async (_when, words) => {
    const temp = aTempFolder('listening');
    const { release } = WARES[0] as Ware;
    try {
      await using org = await aWordPressOrg();
      org.offer(release.new);
      await using app = await anApp(org);
      const key = aKeyPair(path.join(temp.path, 'key'));
      await using small = await aSmallSite(path.join(temp.path, 'site'), 'site', key);
      const site = await app.add(small, small);
      await app.check(site);
      const before = small.state();
      small.failWith(words);
      const run = await app.update(site, release.new.slug);
      expect([run.state, small.state(), small.leftBehind()]).toEqual(['failed', before, []]);
    } finally {
      temp.remove();
    }
  },
);
