import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anApp,
  anSshHost,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
  type SshHost,
  type WordPressOrg,
} from '../rig/index.ts';

const { openingHours } = goodPlugins;
const SLUG = openingHours.new.slug;

let host: SshHost;
let org: WordPressOrg;
beforeAll(async () => {
  [host, org] = await Promise.all([anSshHost(), aWordPressOrg()]);
  org.offer(openingHours.new);
});
afterAll(async () => {
  await Promise.all([host.stop(), org.stop()]);
});

describe('when the server goes away after the swap', () => {
  it('the run waits for it, and brings the site back as soon as it answers', async () => {
    await using wp = await aWordPressSite({ on: host, database: 'sqlite', plugins: [openingHours.old] });
    await using gk = await anApp(org);
    const site = await gk.add(wp, host);
    await gk.check(site);
    const files = wp.files();
    const { runId } = await gk.client.updates.start({
      siteId: site.id,
      choices: [{ kind: 'plugin', slug: SLUG }],
    });
    await gk.reaches({ runId }, `judge ${SLUG}`);
    await host.down();
    setTimeout(() => void host.up(), 4000);

    const run = await gk.ended({ runId });

    expect(run).toMatchObject({ state: 'rolled-back' });
    expect(wp.files()).toEqual(files);
  });

  it('for good: the run stays interrupted and refuses others, until recover brings the site back', async () => {
    await using wp = await aWordPressSite({ on: host, database: 'sqlite', plugins: [openingHours.old] });
    await using gk = await anApp(org);
    const site = await gk.add(wp, host);
    await gk.check(site);
    const files = wp.files();
    const { runId } = await gk.client.updates.start({
      siteId: site.id,
      choices: [{ kind: 'plugin', slug: SLUG }],
    });
    await gk.reaches({ runId }, `judge ${SLUG}`);
    await host.down();

    const run = await gk.ended({ runId });
    expect(run).toMatchObject({ state: 'interrupted' });
    await host.up();
    await expect(
      gk.client.updates.start({ siteId: site.id, choices: [{ kind: 'plugin', slug: SLUG }] }),
    ).rejects.toMatchObject({ code: 'interrupted-run' });
    const { recovered } = await gk.client.runs.recover({});

    expect(recovered).toHaveLength(1);
    expect(await gk.client.runs.show({ runId })).toMatchObject({ state: 'rolled-back' });
    expect(wp.files()).toEqual(files);
  });
});
