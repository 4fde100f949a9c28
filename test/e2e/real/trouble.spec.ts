import { setTimeout as pause } from 'node:timers/promises';
import { aWordPressSite, connectionTo, goodPlugins, type WordPressSite } from '../../rig/index.ts';
import { remotePath } from '../../../main/words/index.ts';
import { expectAccessible } from '../screens/sample.ts';
import { expect, type Place, test } from './real.ts';

const { openingHours, photoGallery } = goodPlugins;
/** WordPress's own theme: looking at its pages takes long enough for something to happen meanwhile. */
const SLOW = { themes: [] };

test.skip(process.getuid?.() !== 0, 'the server needs an account of its own, which takes root');
test.setTimeout(200_000);

/** A site that is known to the app already, and what waits for it. @returns its address in the app. */
async function added(place: Place, wp: WordPressSite): Promise<string> {
  const client = await place.client();
  const connection = connectionTo(place.host);
  const trial = await client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await client.connections.trust({ key: trial.key });
  const site = await client.sites.add({
    draft: {
      name: 'The bakery',
      url: wp.url,
      platform: 'wordpress',
      root: remotePath(wp.root),
      connection,
      tags: [],
      notes: '',
      settings: {},
    },
  });
  await client.checks.start({ siteIds: [site.id], force: true });
  while ((await client.updates.list({ siteId: site.id })).length === 0) await pause(200);
  return `#/sites/${site.id}`;
}

test('a run is cancelled; a changed host key stops everything until it is replaced by hand', async ({
  place,
}) => {
  const { host, org, page } = place;
  await using wp = await aWordPressSite({ on: host, plugins: [photoGallery.old], ...SLOW });
  org.offer(photoGallery.new);
  const web = await place.start();
  await page.goto(web.link());
  const site = await added(place, wp);
  const files = wp.files();

  await test.step('cancelled before anything was changed', async () => {
    await place.go(web, site);
    await page.getByRole('button', { name: 'Update 1…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Update Photo Gallery to 1.1.0' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByText('Cancelled', { exact: true })).toBeVisible({ timeout: 30_000 });
    await expectAccessible(page);
    expect(wp.files()).toBe(files);
    expect(wp.versionOf(photoGallery.old)).toBe('1.0.0');
  });

  await test.step('another host key', async () => {
    await host.changeHostKey();
    await place.go(web, site);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.getByRole('alert')).toContainText(/key/i, { timeout: 20_000 });
    await page.getByRole('link', { name: 'See the connection' }).click();
    await page.getByRole('button', { name: 'Test connection' }).click();
    const form = page.getByRole('region', { name: 'The server shows another key than before' });
    await expect(form).toContainText(host.hostKey());
    await expectAccessible(page);
    const replace = form.getByRole('button', { name: 'Replace the key of 127.0.0.1' });
    await expect(replace).toBeDisabled();
    await form.getByLabel(/type “replace”/).fill('replace');
    await replace.click();
    await expect(page.getByText(/^Connected|PHP \d/).first()).toBeVisible({ timeout: 20_000 });
    await expect(form).toHaveCount(0);
  });
});

test('the app dies in the middle of an update and comes back: the window says what to do, the run is recovered', async ({
  place,
}) => {
  const { host, org, page } = place;
  await using wp = await aWordPressSite({ on: host, plugins: [openingHours.old], ...SLOW });
  org.offer(openingHours.new);
  const web = await place.start();
  await page.goto(web.link());
  const site = await added(place, wp);
  await place.go(web, site);

  await page.getByRole('button', { name: 'Update 1…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Update Opening Hours to 1.3.0' }).click();
  await expect(page.locator('li[aria-current=step]')).toContainText('Look whether the site got worse', {
    timeout: 60_000,
  });
  await web.kill();
  await expect(page.getByText('Groundskeeper does not answer.')).toBeVisible();
  await host.down();

  await test.step('it is another process now, so a new link is needed', async () => {
    const again = await place.start(web.port);
    await expect(page.getByRole('heading', { name: 'This window is not signed in' })).toBeVisible({
      timeout: 15_000,
    });
    await expectAccessible(page);
    // Into the address bar of the same window.
    await page.goto(again.link());
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  });

  await test.step('what was cut off is recovered once the server can be reached', async () => {
    await place.go(web, '#/activity');
    const cutOff = page.getByRole('region', { name: 'Cut off' });
    await expect(cutOff).toContainText('Update Opening Hours to 1.3.0', { timeout: 40_000 });
    await expectAccessible(page);
    await place.go(web, site);
    await expect(page.getByRole('region', { name: 'Cut off' })).toBeVisible();
    await expectAccessible(page);
    await host.up();
    await page.getByRole('region', { name: 'Cut off' }).getByRole('button', { name: 'Recover' }).click();
    await expect(page.getByRole('region', { name: 'Cut off' })).toHaveCount(0, { timeout: 60_000 });
    // While it is recovered it is a run like any other; the release is not to blame. On a slow machine the watchdog has been first.
    await expect(
      page.getByText(
        /(the site was brought back|the watchdog on the server brought the site back by itself): Opening Hours 1\.3\.0/,
      ),
    ).toBeVisible({
      timeout: 60_000,
    });
    await expect(page.getByText('The update can be started again.')).toBeVisible();
    await expect(page.getByRole('checkbox', { name: 'Opening Hours' })).toBeChecked();
    await expectAccessible(page);
    expect(wp.versionOf(openingHours.old)).toBe('1.2.0');
    expect((await wp.page()).status).toBe(200);
  });
});
