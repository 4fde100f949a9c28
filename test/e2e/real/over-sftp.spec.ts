import fs from 'node:fs';
import path from 'node:path';
import { aMariaDb, aWordPressSite, badPlugins, goodPlugins } from '../../rig/index.ts';
import { expectAccessible } from '../screens/sample.ts';
import { expect, test } from './real.ts';

const { openingHours, eventTickets } = goodPlugins;
const { diesOnLoad } = badPlugins;

test.skip(process.getuid?.() !== 0, 'the server needs an account of its own, which takes root');
test.setTimeout(240_000);
test.use({ onlySftp: true });

test('a site without a shell is added, updated with consent to what changes its database, saved from a bad update, and taken back', async ({
  place,
}) => {
  const { host, org, page } = place;
  await using mariadb = await aMariaDb();
  await using wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: [openingHours.old, diesOnLoad.old, eventTickets.old],
  });
  for (const plugin of [openingHours, diesOnLoad, eventTickets]) org.offer(plugin.new);
  // WordPress writes to its database at the first visits; afterwards it is at rest.
  for (const at of ['/', '/wp-login.php', '/?rest_route=/', '/?feed=rss2', '/']) await wp.page(at);
  const installed = [wp.files(), wp.dump()];
  const web = await place.start();
  const main = page.getByRole('main');
  const dialog = page.getByRole('dialog');

  await test.step('its account turns out to have no shell, and the site is found all the same', async () => {
    await page.goto(web.link());
    await page.getByRole('link', { name: 'Add your first site' }).click();
    const paste = page.getByLabel('How do you reach the server?');
    await paste.fill(`ssh ${host.user}@127.0.0.1 -p ${host.port}`);
    await paste.press('Enter');
    await page.getByText('Key file', { exact: true }).click();
    await page.getByLabel('Private key file').fill(host.key.file);
    await page.getByRole('button', { name: 'Test connection' }).click();
    await page.getByRole('button', { name: 'It matches: trust 127.0.0.1' }).click();
    await expect(page.getByRole('alert')).toContainText('gives files over SFTP, but no commands', {
      timeout: 30_000,
    });
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Use SFTP instead' }).click();
    await expect(page.getByText('No shell there.')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText('1 installation found')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(wp.root, { exact: true }).first()).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Continue with 1 site' }).click();
    // Its name and address are in its database, which only its own PHP can ask.
    await page.getByLabel('Name').fill('The bakery');
    await page.getByLabel('Address').fill(wp.url);
    await page.getByRole('button', { name: 'Add 1 site' }).click();
  });

  await test.step('what waits is shown, and what only its PHP knows', async () => {
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The bakery');
    const waiting = page.getByRole('region', { name: 'Waiting updates' });
    await expect(waiting.getByRole('checkbox')).toHaveCount(3, { timeout: 30_000 });
    await expect(page.getByText(`WordPress ${wp.version}`).first()).toBeVisible();
    await expect(page.getByText(/^Over SFTP only files are read/)).toBeVisible();
    await expectAccessible(page);
  });
  const site = new URL(page.url()).hash;

  await test.step('the plan says that nothing there can watch over it, and asks where the database may change', async () => {
    await page.getByRole('button', { name: 'Update 3…' }).click();
    const update = dialog.getByRole('button', { name: 'Update 3 components' });
    await expect(dialog.getByText('May change the database').first()).toBeVisible({ timeout: 30_000 });
    await expect(dialog).toContainText('the server keeps nothing running that could watch over the update');
    await expect(dialog).toContainText('a small file of ours lies in the web root');
    await expect(update).toBeDisabled();
    await expectAccessible(page);
    expect([wp.files(), wp.dump()]).toEqual(installed);
    await dialog.getByRole('checkbox', { name: /nothing on the server can undo/ }).check();
    await update.click();
  });

  await test.step('the bad one comes back by itself, the others stay', async () => {
    await expect(page.getByRole('button', { name: 'Roll back…' })).toBeVisible({ timeout: 150_000 });
    await expect(page.getByText('Its old version is back, and the other updates stay.')).toBeVisible();
    await expect(page.getByText(/critical error/).first()).toBeVisible();
    await expectAccessible(page);
    expect([openingHours.new, eventTickets.new, diesOnLoad.old].map((one) => wp.versionOf(one))).toEqual([
      '1.3.0',
      '2.0.0',
      '2.0.1',
    ]);
    const { status, text } = await wp.page();
    expect(status).toBe(200);
    expect(text).toContain('(1.3.0)');
    expect(text).toContain('Summer concert 25');
    expect(fs.readdirSync(wp.root).filter((name) => /groundskeeper|maintenance/.test(name))).toEqual([]);
  });

  await test.step('the others are taken back, with the database', async () => {
    await page.getByRole('button', { name: 'Roll back…' }).click();
    await dialog.getByRole('radio', { name: /^Put the database back too/ }).check();
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Roll back 2 components' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Roll back/, { timeout: 60_000 });
    await expect(main.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: 120_000 });
    expect([wp.files(), wp.dump()]).toEqual(installed);
    expect(await wp.page()).toMatchObject({ status: 200 });
    const inRoot = fs.readdirSync(wp.root).filter((name) => /groundskeeper|maintenance/.test(name));
    const kept = fs.globSync(path.join(host.account.home, '.groundskeeper/*/run_*/*'));
    expect([...inRoot, ...kept]).toEqual([]);
    await place.go(web, site);
    await expect(page.getByRole('checkbox', { name: 'Opening Hours' })).toBeVisible();
  });
});
