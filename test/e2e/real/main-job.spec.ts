import { aMariaDb, aWordPressSite, badPlugins, goodPlugins } from '../../rig/index.ts';
import { expectAccessible } from '../screens/sample.ts';
import { expect, test } from './real.ts';

const { openingHours } = goodPlugins;
const { diesOnLoad } = badPlugins;
const HOURS = 'wp-content/plugins/opening-hours/inc/hours.php';

test.skip(process.getuid?.() !== 0, 'the server needs an account of its own, which takes root');
test.setTimeout(240_000);

test('a site is added, backed up, updated, saved from a bad update, and taken back', async ({ place }) => {
  const { host, org, page } = place;
  await using mariadb = await aMariaDb();
  await using wp = await aWordPressSite({
    on: host,
    database: mariadb.aDatabase(),
    plugins: [openingHours.old, diesOnLoad.old],
  });
  org.offer(openingHours.new);
  org.offer(diesOnLoad.new);
  const web = await place.start();

  await test.step('nothing is there yet', async () => {
    await page.goto(web.link());
    await expect(page.getByRole('heading', { name: 'No sites yet' })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Add your first site' }).click();
  });

  await test.step('the server is named, its key compared, the site found', async () => {
    const paste = page.getByLabel('How do you reach the server?');
    await paste.fill(`ssh ${host.user}@127.0.0.1 -p ${host.port}`);
    await paste.press('Enter');
    await expect(page.getByLabel('Port')).toHaveValue(String(host.port));
    await page.getByText('Key file', { exact: true }).click();
    await page.getByLabel('Private key file').fill(host.key.file);
    await page.getByRole('button', { name: 'Test connection' }).click();
    await expect(page.getByRole('region', { name: 'Is this the right server?' })).toContainText(
      host.hostKey(),
    );
    await expectAccessible(page);
    await page.getByRole('button', { name: 'It matches: trust 127.0.0.1' }).click();
    await expect(page.getByText('1 installation found')).toBeVisible({ timeout: 20_000 });
    await expect(page.getByText(wp.root, { exact: true })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Continue with 1 site' }).click();
    await expect(page.getByLabel('Name')).toHaveValue(wp.title);
    await expect(page.getByLabel('Address')).toHaveValue(wp.url);
    await page.getByLabel('Name').fill('The bakery');
    await page.getByRole('combobox', { name: 'Tags' }).fill('shop,');
    await page.getByRole('button', { name: 'Add 1 site' }).click();
  });

  await test.step('what waits is shown, what is on it as well', async () => {
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The bakery');
    const waiting = page.getByRole('region', { name: 'Waiting updates' });
    await expect(waiting.getByRole('checkbox', { name: 'Opening Hours' })).toBeChecked({ timeout: 20_000 });
    await expect(waiting.getByRole('checkbox', { name: 'Contact Cards' })).toBeChecked();
    await expect(page.getByText(`WordPress ${wp.version}`).first()).toBeVisible();
    await expect(page.getByText('#shop', { exact: true })).toBeVisible();
    await expectAccessible(page);
  });
  const site = new URL(page.url()).hash;

  await test.step('it is backed up, and the backup browsed while the server is down', async () => {
    await page.getByRole('button', { name: 'Back up' }).click();
    await page.getByRole('link', { name: 'Backups' }).last().click();
    await page.locator('.backup-row').click({ timeout: 30_000 });
    await host.down();
    const files = page.getByRole('listbox', { name: 'Folder' });
    await expect(files.getByText('wp-content')).toBeVisible();
    await files.getByText('wp-config.php', { exact: true }).click();
    await expect(page.locator('pre')).toContainText("define('DB_NAME'");
    await expectAccessible(page);
    await host.up();
  });

  await test.step('the good update is planned, watched, and done', async () => {
    await place.go(web, site);
    await page.getByRole('checkbox', { name: 'Contact Cards' }).uncheck();
    await page.getByRole('button', { name: 'Update 1…' }).click();
    const plan = page.getByRole('dialog');
    await expect(plan).toContainText('4 files changed, 1 added, 1 deleted', { timeout: 20_000 });
    await expectAccessible(page);
    await plan.getByRole('button', { name: 'Update Opening Hours to 1.3.0' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Update Opening Hours to 1.3.0');
    await expect(page.getByRole('img', { name: 'Running' })).toBeVisible();
    await expect(page.getByRole('img', { name: 'Still to come' })).not.toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Roll back…' })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText('Opening Hours 1.2.0 → 1.3.0.').first()).toBeVisible();
    await expectAccessible(page);
    expect(wp.versionOf(openingHours.new)).toBe('1.3.0');
    expect(await wp.page()).toMatchObject({ status: 200, text: expect.stringContaining('(1.3.0)') });
  });

  const healthy = wp.files();
  await test.step('the bad update comes back by itself and says why', async () => {
    await place.go(web, site);
    await page.getByRole('button', { name: 'Update 1…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Update Contact Cards to 2.1.0' }).click();
    await expect(page.getByText('Rolled back', { exact: true })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText(/critical error/).first()).toBeVisible();
    await expect(page.getByText('The site is as it was').first()).toBeVisible();
    await expectAccessible(page);
    expect(wp.versionOf(diesOnLoad.old)).toBe('2.0.1');
    expect(wp.files()).toBe(healthy);
    expect((await wp.page()).status).toBe(200);
    await place.go(web, site);
    await expect(page.getByRole('checkbox', { name: 'Contact Cards' })).not.toBeChecked();
    await expect(page.getByText(/2\.1\.0 made the site worse/)).toBeVisible();
    await expectAccessible(page);
  });

  await test.step('the good one is taken back by hand', async () => {
    await place.go(web, '#/activity');
    await expectAccessible(page);
    await page.getByRole('button', { name: /^Roll back… The bakery .*Opening Hours/ }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('this takes a second');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Roll back Opening Hours to 1.2.0' }).click();
    // What the history and the notices say of others is none of this run's.
    await expect(page).toHaveURL(/#\/runs\//, { timeout: 60_000 });
    await expect(page.getByRole('main').getByText('Done', { exact: true }).first()).toBeVisible({
      timeout: 60_000,
    });
    expect(wp.versionOf(openingHours.old)).toBe('1.2.0');
    expect(await wp.page()).toMatchObject({ status: 200, text: expect.stringContaining('(1.2.0)') });
  });

  await test.step('one file is restored onto the site', async () => {
    const whole = await wp.page();
    wp.write(HOURS, '<?php // emptied by mistake\n');
    await place.go(web, `${site}/backups`);
    await page.getByRole('searchbox').fill('hours.php');
    await page.getByRole('searchbox').press('Enter');
    await page
      .getByRole('link', { name: /inc\/hours\.php/ })
      .last()
      .click();
    await page.getByRole('button', { name: 'Restore file…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Back onto The bakery').click();
    await dialog.getByRole('button', { name: 'Restore hours.php onto The bakery' }).click();
    await expect(page).toHaveURL(/#\/runs\//, { timeout: 60_000 });
    await expect(page.getByRole('main').getByText('Done', { exact: true }).first()).toBeVisible({
      timeout: 60_000,
    });
    await expect
      .poll(async () => (await wp.page()).text.includes('(1.2.0)'), { timeout: 10_000 })
      .toBe(whole.text.includes('(1.2.0)'));
  });

  await test.step('two backups are compared; a recovery phrase is made; space is looked at', async () => {
    await place.go(web, `${site}/backups`);
    await page.locator('.backup-row').first().click();
    await page.getByRole('link', { name: 'Compare…' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('What changed');
    await expect(page.getByRole('option', { name: /^Changed hours\.php/ })).toBeVisible();
    await place.go(web, '#/settings');
    await page.getByRole('button', { name: 'Make a recovery phrase…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make a recovery phrase' }).click();
    await expect(dialog.getByText(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){5}$/)).toBeVisible({ timeout: 20_000 });
    await dialog.getByRole('button', { name: 'I have written it down' }).click();
    await expect(page.getByRole('button', { name: 'Make a new one…' })).toBeVisible();
    await page.getByRole('button', { name: 'Look' }).click();
    await expect(page.getByText(/Nothing to give back\. The backups take/)).toBeVisible();
  });

  await test.step('settings are kept', async () => {
    await place.go(web, '#/settings');
    await page.getByLabel(/^Check every/).fill('12');
    await page.keyboard.press('Tab');
    await page.reload();
    await expect(page.getByLabel(/^Check every/)).toHaveValue('12');
    await expectAccessible(page);
  });
});
