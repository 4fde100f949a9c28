import fs from 'node:fs';
import path from 'node:path';
import { remotePath } from '../../../main/words/index.ts';
import { aMariaDb, aWordPressSite, connectionTo, type WordPressSite } from '../../rig/index.ts';
import { expectAccessible } from '../screens/sample.ts';
import { expect, type Place, test } from './real.ts';

test.skip(process.getuid?.() !== 0, 'the server needs an account of its own, which takes root');
test.setTimeout(300_000);

/** Sites that the app knows already. @returns their ids */
async function added(place: Place, sites: Readonly<Record<string, WordPressSite>>): Promise<string[]> {
  const client = await place.client();
  const connection = connectionTo(place.host);
  const trial = await client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await client.connections.trust({ key: trial.key });
  const ids: string[] = [];
  for (const [name, { url, root }] of Object.entries(sites)) {
    const draft = {
      name,
      url,
      platform: 'wordpress',
      root: remotePath(root),
      connection,
      tags: [],
      notes: '',
      settings: {},
    };
    ids.push((await client.sites.add({ draft })).id);
  }
  return ids;
}

test('a backup is lived in: looked into, compared, kept, copied, restored here and elsewhere', async ({
  place,
}) => {
  const { host, page } = place;
  await using mariadb = await aMariaDb();
  await using wp = await aWordPressSite({ on: host, database: mariadb.aDatabase() });
  await using staging = await aWordPressSite({ on: host, database: mariadb.aDatabase(), title: 'Staging' });
  wp.write('wp-content/uploads/2026/11/film.mp4', Buffer.alloc(3_000_000, 7));
  wp.write('notes.txt', 'Flour, salt\n');
  const web = await place.start();
  await page.goto(web.link());
  const [bakery = ''] = await added(place, { 'The bakery': wp, Staging: staging });
  const done = async () => {
    await expect(page).toHaveURL(/#\/runs\//, { timeout: 60_000 });
    await expect(page.getByRole('main').getByText('Done', { exact: true }).first()).toBeVisible({
      timeout: 60_000,
    });
  };
  const main = page.getByRole('main');
  const dialog = page.getByRole('dialog');
  let backup = '';

  await test.step('its files and its tables are read', async () => {
    await place.go(web, `#/sites/${bakery}/backups`);
    await page.getByRole('button', { name: 'Back up', exact: true }).first().click();
    await page.locator('.backup-row').click({ timeout: 60_000 });
    backup = new URL(page.url()).hash;
    await page.getByRole('option', { name: /notes\.txt/ }).click();
    await expect(page.locator('pre')).toHaveText('Flour, salt\n');
    await place.go(web, backup);
    await page.getByRole('link', { name: 'Database' }).click();
    await page.getByRole('link', { name: /wp_options/ }).click();
    await page.getByRole('searchbox').fill('blogname');
    await expect(page.getByRole('grid').getByText(wp.title)).toBeVisible();
  });

  await test.step('a file is found over all backups', async () => {
    await place.go(web, '#/backups');
    await page.getByRole('searchbox', { name: 'Find a file in all backups' }).fill('notes.*');
    await page.keyboard.press('Enter');
    await expect(main.getByText('1 version found')).toBeVisible();
  });

  await test.step('what was changed on the server shows against the site as it is now', async () => {
    wp.write('notes.txt', 'Flour, sugar\n');
    await place.go(web, `${backup.replace('#/backups', '#/compare')}/live`);
    await expect(page.getByRole('listbox', { name: 'Changes' }).getByRole('option')).toHaveCount(1, {
      timeout: 30_000,
    });
    await page.getByRole('option', { name: 'Changed notes.txt' }).click();
    const lines = page.getByRole('region', { name: 'Lines that differ' });
    await expect(lines).toContainText('Flour, salt');
    await expect(lines).toContainText('Flour, sugar');
    await expectAccessible(page);
  });

  await test.step('what a rule leaves out is shown with its size on the server', async () => {
    await place.go(web, `#/sites/${bakery}/backups`);
    const card = page.getByRole('region', { name: 'What is not backed up' });
    await card.getByLabel('Leave out as well').fill('*.mp4');
    await card.getByRole('button', { name: 'Show what that drops' }).click();
    await expect(card.getByRole('status')).toHaveText(/^3 MB of [\d.]+ MB are left out\.$/, {
      timeout: 30_000,
    });
    await expect(card.getByText('*.mp4', { exact: true })).toBeVisible();
    await expectAccessible(page);
    await card.getByRole('button', { name: 'Save' }).click();
    await expect(card.getByRole('button', { name: 'Save' })).toHaveCount(0);
  });

  await test.step('rules for keeping are set, and the backup is pinned', async () => {
    await place.go(web, '#/settings');
    const card = page.getByRole('region', { name: 'Which backups are kept' });
    const last = card.getByRole('spinbutton', { name: /^The last/ });
    await last.fill('9');
    await last.press('Tab');
    await expect(card.getByRole('status')).toHaveText('All of your backups are kept: there is 1.');
    await card.getByRole('button', { name: 'Save' }).click();
    await expect(card.getByRole('button', { name: 'Save' })).toHaveCount(0);
    await place.go(web, backup);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Pin…' }).click();
    await dialog.getByLabel('Why').fill('before the sugar');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Pinned: before the sugar')).toBeVisible();
  });

  await test.step('a second copy is made in a folder, and verified there', async () => {
    const folder = path.join(place.data, '..', 'copy');
    await place.go(web, '#/settings');
    await page.getByRole('button', { name: 'Add a copy…' }).click();
    await dialog.getByLabel('Name').fill('Desk');
    await dialog.getByLabel('Folder', { exact: true }).last().fill(folder);
    await dialog.getByRole('button', { name: 'Test' }).click();
    await expect(dialog).toContainText('It works; nothing lies there yet.');
    await dialog.getByRole('button', { name: 'Add and copy now' }).click();
    await done();
    expect(fs.readdirSync(folder)).toContain('packs');
    await place.go(web, '#/settings');
    const copies = page.getByRole('region', { name: 'Copies' });
    await expect(copies).toContainText('Up to date');
    await copies.getByRole('button', { name: 'More for Desk' }).click();
    await page.getByRole('menuitem', { name: 'Verify every byte' }).click();
    await done();
    await place.go(web, '#/settings');
    await expect(copies).toContainText('verified');
    const space = page.getByRole('region', { name: 'Space by site' });
    await space.getByRole('button', { name: 'Count' }).click();
    await expect(space.getByRole('listitem')).toHaveText(/The bakery/);
    await expect(space).toContainText(', 0 bytes that nothing needs,');
    // What only a screen reader sees must not make the window scroll.
    expect(await page.evaluate('document.documentElement.scrollHeight <= innerHeight')).toBe(true);
    await expectAccessible(page);
  });

  await test.step('one file goes back onto the site', async () => {
    await place.go(web, `${backup}/notes.txt`);
    await page.getByRole('button', { name: 'Restore file…' }).click();
    await dialog.getByText('Back onto The bakery').click();
    await dialog.getByRole('button', { name: 'Restore notes.txt onto The bakery' }).click();
    await done();
    expect(fs.readFileSync(path.join(wp.root, 'notes.txt'), 'utf8')).toBe('Flour, salt\n');
  });

  await test.step('all of it goes onto another site', async () => {
    await place.go(web, backup);
    await page.getByRole('button', { name: 'Restore…' }).click();
    await dialog.getByRole('radio', { name: /^Onto another site/ }).check();
    await dialog.getByRole('combobox', { name: 'Site' }).selectOption({ index: 1 });
    await expect(dialog.getByText(`${wp.url} → ${staging.url}`)).toBeVisible({ timeout: 60_000 });
    await expectAccessible(page);
    await dialog.getByRole('textbox').fill('Staging');
    await dialog.getByRole('button', { name: 'Replace Staging with The bakery' }).click();
    await done();
    expect(fs.readFileSync(path.join(staging.root, 'notes.txt'), 'utf8')).toBe('Flour, salt\n');
    const home = await staging.page('/');
    expect(home.status).toBe(200);
    expect(home.text).toContain(wp.title);
    expect(home.text).not.toContain(wp.url);
  });

  await test.step('it is taken along as a zip', async () => {
    const zip = path.join(place.data, '..', 'bakery.zip');
    await place.go(web, backup);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Export as zip…' }).click();
    await dialog.getByLabel('Zip file').fill(zip);
    await dialog.getByRole('button', { name: 'Export The bakery' }).click();
    await done();
    expect(fs.readFileSync(zip).subarray(0, 2).toString()).toBe('PK');
  });
});
