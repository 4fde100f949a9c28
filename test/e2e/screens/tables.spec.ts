import { expect, expectAccessible, siteId, test } from './sample.ts';

const BACKUP = `backup_${siteId(0).slice(5)}0`;

test('the rows of a table are read in a backup, found, and opened by keyboard', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${BACKUP}`);
  await page.getByRole('link', { name: 'Database' }).click();
  await page.getByRole('link', { name: /wp_posts/ }).click();
  const grid = page.getByRole('grid', { name: 'wp_posts' });
  await expect(grid.getByRole('gridcell', { name: 'Opening hours 1', exact: true })).toBeVisible();
  await expect(grid.getByText(/^binary, 12/).first()).toBeVisible();
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(page);
  await page.getByRole('searchbox').fill('hours 640');
  await expect(grid.getByRole('rowheader')).toHaveText(['640']);
  await page.getByRole('searchbox').fill('no such text');
  await expect(page.getByText('No row holds “no such text”')).toBeVisible();
});

test('more rows come as they are scrolled to', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/tables/${BACKUP}/wp_posts`);
  const grid = page.getByRole('grid');
  await expect(grid.getByRole('rowheader').first()).toHaveText('1');
  await expect(async () => {
    await page.evaluate("document.querySelector('[role=grid]').scrollTo(0, 1e9)");
    await expect(grid.getByRole('rowheader').last()).toHaveText('640', { timeout: 200 });
  }).toPass();
});

test('what PHP serialized is shown so that it can be read', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/tables/${BACKUP}/wp_options`);
  const grid = page.getByRole('grid');
  await expect(grid.getByText('wp_user_roles')).toBeVisible();
  await grid.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter']) await grid.press(key);
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('pre')).toContainText('"administrator": {\n    "name": "Administrator"');
  await expectAccessible(page);
  await dialog.getByText('As it is stored').click();
  await expect(dialog.locator('pre')).toContainText('a:2:{s:13:"administrator"');
});

test('one table is restored to the site, or into a file', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/tables/${BACKUP}/wp_posts`);
  await page.getByRole('button', { name: 'Restore table…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('A file on this computer')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByText('only this table and its triggers').click();
  await dialog.getByRole('button', { name: /wp_posts/ }).click();
  await expect(page).toHaveURL(/#\/runs\//);
});
