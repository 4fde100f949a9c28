import { expect, expectAccessible, siteId, test } from './sample.ts';

const PHRASE = '4K7QX-AAAAA-BBBBB-CCCCC-DDDDD-EEEEE';

test('an empty computer: the backups come, are opened, and say which sites there are; a sick one is only restored when asked', async ({
  open,
}) => {
  const { page } = await open({ lost: true, stepMillis: 20 });
  await page.getByRole('link', { name: 'This is a new computer…' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Recover on a new computer');
  await page.getByRole('textbox', { name: 'Folder' }).fill('/mnt/desk/groundskeeper');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Bring the backups back' }).click();
  await page.getByLabel('Recovery phrase').fill(PHRASE);
  await page.getByRole('button', { name: 'Unlock the backups' }).click();

  const sites = page.getByRole('list', { name: 'Sites in the backups' });
  await expect(sites.getByRole('listitem')).toHaveCount(3);
  await expect(sites).toContainText('How it was reached is not in these backups');
  await expectAccessible(page);
  await sites
    .getByRole('link', { name: /^Bring back/ })
    .nth(1)
    .click();
  await expect(page.getByLabel('Host', { exact: true })).toHaveValue(/host\.example$/);
  await expectAccessible(page);
  await page.getByRole('button', { name: /^Bring .+ back$/ }).click();

  await expect(page.getByRole('heading', { name: 'The site is sick' })).toBeVisible({ timeout: 20_000 });
  const offer = page.getByRole('region', { name: 'Compared with its backup' });
  await expect(offer).toContainText('wp-includes/load.php');
  await expect(offer).toContainText('1,805 rows now, 1,802 in the backup');
  await expect(offer.getByRole('checkbox', { name: 'Put the database back as well' })).not.toBeChecked();
  await expectAccessible(page);
  await offer.getByRole('button', { name: /^Restore .+ as of / }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Restore /);
});

test('a server that the backups do not know is compared first; the emergency page leads here, in Japanese too', async ({
  open,
}) => {
  const { page, api, go } = await open({ lost: true, stepMillis: 20 });
  await api.client.copies.bringBack({ draft: { name: 'Desk', place: { kind: 'folder', folder: '/desk' } } });
  await expect.poll(async () => (await api.client.store.state({})).locked).toBe(true);
  await api.client.store.unlock({ phrase: PHRASE });
  await go(`#/new-computer/${siteId(4)}`);
  await page.getByLabel('Host', { exact: true }).fill('new.example');
  await page.getByLabel('User').fill('deploy');
  await page.getByLabel('Folder on the server').fill('/srv/site');
  await page.getByLabel('Address of the site').fill('https://site.example');
  await page.getByRole('button', { name: /^Bring .+ back$/ }).click();
  await page.getByRole('button', { name: /new\.example/ }).click();
  await expect(page.getByRole('heading', { name: 'The site is well' })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('Nothing has to be restored.')).toBeVisible();
  await page.getByRole('link', { name: /^Open / }).click();
  await go(`#/sites/${siteId(4)}/emergency`);
  await page.getByRole('link', { name: 'Begin' }).click();
  await expect(page.getByRole('listitem').getByText('In the list', { exact: true })).toHaveCount(1);
  await api.client.preferences.set({ language: 'ja' });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('新しいパソコンで復旧する');
});

test('a thousand lost sites are a screenful: found, chosen and brought back together, however one logs in now', async ({
  open,
}) => {
  const { page, api, go } = await open({ lost: 1000, stepMillis: 5 });
  await api.client.copies.bringBack({ draft: { name: 'Desk', place: { kind: 'folder', folder: '/desk' } } });
  await expect.poll(async () => (await api.client.store.state({})).locked).toBe(true);
  await api.client.store.unlock({ phrase: PHRASE });
  await go('#/new-computer');
  const rows = page.getByRole('list', { name: 'Sites in the backups' }).getByRole('listitem');
  await expect(rows.first()).toContainText('Ashdown Architects');
  expect(await rows.count()).toBeLessThan(40);
  await page.getByRole('checkbox', { name: 'Choose all that are not here yet' }).check();
  await expect(page.getByRole('button', { name: /^Bring 8\d\d sites back…$/ })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('checkbox', { name: 'Choose all that are not here yet' }).uncheck();

  await page.getByRole('searchbox', { name: 'Search sites' }).fill('dovetail coaching');
  await expect(rows).toHaveCount(2);
  await page.getByRole('searchbox', { name: 'Search sites' }).fill('dovetail');
  const [first, fifth] = [rows.nth(0).getByRole('checkbox'), rows.nth(4).getByRole('checkbox')];
  await first.click();
  await fifth.click({ modifiers: ['Shift'] });
  await page.getByRole('button', { name: /^Bring \d sites back…$/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Key file', { exact: true }).click();
  await dialog.getByLabel('Private key file').fill('~/.ssh/new_computer');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: /^Bring \d sites back$/ }).click();
  await page.getByRole('radio', { name: /^In the list/ }).check({ force: true });
  await expect(rows.first()).toContainText('In the list', { timeout: 20_000 });
  await expect(page.getByRole('checkbox', { name: 'Choose all that are not here yet' })).toBeVisible({
    timeout: 20_000,
  });
  const here = await rows.count();
  expect(here).toBeGreaterThan(1);
  const sites = await api.client.sites.list({});
  expect(sites.map(({ site }) => site.connection)).toEqual(
    Array.from({ length: here }, () =>
      expect.objectContaining({ authentication: { kind: 'key', file: '~/.ssh/new_computer' } }),
    ),
  );
  await expectAccessible(page);
});
