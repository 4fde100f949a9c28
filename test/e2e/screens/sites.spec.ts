import { expect, expectAccessible, siteId, test } from './sample.ts';

test('a thousand sites are listed without a thousand rows in the page', async ({ open }) => {
  const { page } = await open({ sites: 1000 });
  const grid = page.getByRole('grid', { name: 'Sites' });
  await expect(grid).toHaveAttribute('aria-rowcount', '1001');
  expect(await grid.getByRole('row').count()).toBeLessThan(60);
  await grid.press('End');
  await expect(grid.getByRole('row').last()).toContainText('Zimmer');
  await grid.press('Home');
  await expect(grid.getByRole('row').nth(1)).toContainText('Ashdown');
});

test('search, state and tag narrow the list; sorting turns it', async ({ open }) => {
  const { page } = await open({ sites: 40 });
  const rows = page.getByRole('grid').getByRole('row');
  await page.keyboard.press('/');
  await page.keyboard.type('harbour yoga');
  await expect(rows).toHaveCount(2);
  await page.keyboard.press('Escape');
  await page.getByRole('radio', { name: /^Trouble/ }).check({ force: true });
  await expect(rows.nth(1)).toContainText('did not answer');
  await page.getByRole('radio', { name: /^All/ }).check({ force: true });
  await page.getByRole('button', { name: /^legacy/ }).click();
  await expect(page.getByRole('button', { name: 'Show all tags instead of legacy' })).toBeVisible();
  await page.getByRole('searchbox').fill('nothing like this');
  await page.getByRole('button', { name: 'Show all sites' }).click();
  await page.getByRole('button', { name: 'Waiting', exact: true }).click();
  await expect(page.getByRole('columnheader', { name: 'Waiting' })).toHaveAttribute(
    'aria-sort',
    'descending',
  );
  await expect(rows.nth(1)).toContainText('did not answer');
});

test('sites are chosen and checked by keyboard alone', async ({ open }) => {
  // Long enough for a slow machine to see it.
  const { page } = await open({ stepMillis: 3_000 });
  await page.getByRole('grid').press('ArrowDown');
  await page.keyboard.press('x');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ ');
  const bar = page.getByRole('toolbar', { name: 'Chosen sites' });
  await expect(bar).toContainText('3 chosen');
  await bar.getByRole('button', { name: 'Check' }).press('Enter');
  await expect(bar).toBeHidden();
  await expect(page.getByRole('grid').getByRole('progressbar')).toHaveCount(3);
  await expect(page.getByRole('grid').getByRole('progressbar')).toHaveCount(0, { timeout: 30_000 });
});

test('Enter opens the row; going back finds the list as it was', async ({ open }) => {
  const { page } = await open({ sites: 200 });
  await page.getByRole('searchbox').fill('molen');
  await page.getByRole('grid').press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Molen');
  await page.goBack();
  await expect(page.getByRole('searchbox')).toHaveValue('molen');
});

test('an empty list offers the one next thing', async ({ open }) => {
  const { page } = await open({ sites: 0 });
  await page.getByRole('link', { name: 'Add your first site' }).click();
  await expect(page.getByLabel('How do you reach the server?')).toBeFocused();
});

test('what could not be read of a site is said', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/sites/${siteId(2)}`);
  await expect(page.getByText('Access denied for user')).toBeVisible();
  await expectAccessible(page);
});

test('a site can be edited, tested and removed', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/sites/${siteId(0)}/connection`);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByText('Signed in as deploy on Debian 12')).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Name').fill('Harbour Yoga & Pilates');
  await page.getByRole('combobox', { name: 'Tags' }).fill('studio,');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Harbour Yoga & Pilates');
  await expect(page.getByText('#studio', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Remove site…' }).click();
  await page.getByText('Delete its backups as well').click();
  await page.getByRole('button', { name: 'Remove Harbour Yoga & Pilates and delete its backups' }).click();
  await expect(page.getByText('Harbour Yoga & Pilates was removed')).toBeVisible();
  await expect(page.getByRole('grid').getByText('Harbour Yoga')).toHaveCount(0);
});
