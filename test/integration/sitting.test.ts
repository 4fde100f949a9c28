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

it('visitors that cannot be let in at once are let in at the end, and what was judged well is done', async () => {
  const temp = aTempFolder('letting-in');
  const { release } = WARES.find(({ release: { new: one } }) => one.slug === 'till') as Ware;
  try {
    await using org = await aWordPressOrg();
    org.offer(release.new);
    await using app = await anApp(org);
    await using small = await aSmallSite(
      path.join(temp.path, 'site'),
      'site',
      aKeyPair(path.join(temp.path, 'key')),
    );
    const site = await app.add(small, small);
    await app.check(site);
    const started = await app.client.updates.start({
      siteId: site.id,
      choices: [{ kind: 'plugin', slug: 'till' }],
    });
    await app.reaches(started, 'judge till');
    // Taking the turn, which is the first thing that letting them in does.
    small.failWith('lock/turn.');
    const run = await app.ended(started);
    const { steps, log } = await app.client.runs.show(started);
    expect(steps.find(({ name }) => name === 'online till')?.state).toBe('failed');
    expect([run.state, run.summary]).toEqual(['done', 'Updated: Till 1.0.0 → 2.0.0.']);
    expect(log.map(({ text }) => text).join()).toContain('End what still runs on the server');
    expect(small.leftBehind()).toEqual([]);
    expect(await small.page('/')).toMatchObject({ status: 200 });
  } finally {
    temp.remove();
  }
});
