import { expect, expectAccessible, siteId, test } from './sample.ts';

const backup = (at: number) => `backup_${siteId(0).slice(5)}${at}`;
const COMPARISON = `#/compare/${backup(1)}/${backup(0)}`;

test('a backup is compared with the one before; a hostile text is shown line by line as text', async ({
  open,
}) => {
  const { page, go } = await open();
  await go(`#/backups/${backup(0)}`);
  await page.getByRole('link', { name: 'Compare…' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What changed');
  await expect(page.getByLabel('Before', { exact: true })).toHaveValue(backup(1));
  await expect(page.getByLabel('After', { exact: true })).toHaveValue(backup(0));
  await page.getByRole('option', { name: 'Changed readme.txt' }).click();
  const lines = page.getByRole('region', { name: 'Lines that differ' });
  await expect(lines).toContainText('<script>alert(0)</script>');
  await expect(lines).toContainText('<script>alert(1)</script>');
  await expectAccessible(page);
});

test('changes are walked through by keyboard', async ({ open }) => {
  const { page, go } = await open();
  await go(COMPARISON);
  const list = page.getByRole('listbox', { name: 'Changes' });
  await list.press('Home');
  await expect(page.getByRole('heading', { name: '.htaccess' })).toBeVisible();
  await list.press('ArrowDown');
  await expect(page.getByText('The mode was 644 and is now 600.')).toBeVisible();
  await list.press('ArrowDown');
  await expect(page.getByRole('region', { name: 'Lines that differ' })).toContainText('gone since');
  await list.press('End');
  await expect(page.getByRole('img', { name: 'メニュー.png, After' })).toBeVisible();
  await list.press('ArrowUp');
  await expect(page.getByText('what became of it is not known')).toBeVisible();
  await list.press('ArrowUp');
  await expect(page.getByText('The link pointed to 2026/10 and now points to 2026/11.')).toBeVisible();
  await expectAccessible(page);
});

test('one kind of change is shown alone, and the tables that differ', async ({ open }) => {
  const { page, go } = await open();
  await go(COMPARISON);
  await page.getByRole('radiogroup').getByText('Deleted').click();
  await expect(page.getByRole('listbox', { name: 'Changes' }).getByRole('option')).toHaveText([/old\.php/]);
  await page.getByText('The database changed').click();
  await expect(page.getByText('1,204 → 1,210 rows')).toBeVisible();
  await expect(page.getByText('not there → 980 rows')).toBeVisible();
});

test('twelve thousand changes are a list that ends at once', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/compare/${backup(4)}/${backup(3)}`);
  await expect(page.getByRole('radio', { name: 'All 12,000' })).toBeChecked();
  await page.getByRole('listbox', { name: 'Changes' }).press('End');
  await expect(page.getByRole('option', { name: 'Changed file-11999.php' })).toBeInViewport();
  expect(await page.getByRole('listbox').getByRole('option').count()).toBeLessThan(100);
});

test('two backups that do not differ, one with itself, and one that is gone, are said', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/compare/${backup(2)}/${backup(1)}`);
  await expect(page.getByRole('heading', { name: 'No file differs' })).toBeVisible();
  await expect(page.getByText('The database is the same')).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Before', { exact: true }).selectOption(backup(1));
  await expect(page.getByRole('heading', { name: 'Choose two backups' })).toBeVisible();
  await go(`#/compare/backup_nothing/backup_nowhere`);
  await expect(page.getByRole('alert')).toContainText('This backup is gone');
});

test('each version of a file is found in its history, compared, and restored', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${backup(0)}/.htaccess`);
  await page.getByText('Versions', { exact: true }).click();
  const versions = page.getByRole('region', { name: 'Versions' }).getByRole('listitem');
  await expect(versions).toHaveCount(4);
  await expect(versions.nth(0)).toContainText('this backup');
  await expect(versions.nth(1)).toContainText('as on');
  await expect(versions.nth(2)).toContainText('Deleted');
  await expectAccessible(page);
  await versions.nth(3).getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading')).toHaveText('Restore .htaccess');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await versions.nth(1).getByRole('link', { name: 'Compare' }).click();
  await expect(page.getByRole('region', { name: 'Lines that differ' })).toContainText('RewriteEngine Off');
});

test('the history of a file that cannot be read says so', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${backup(0)}/robots.txt`);
  await page.getByText('Versions', { exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('in any backup of this site');
});

test('a backup is exported as a zip under a name of its own', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${backup(0)}`);
  await page.getByRole('button', { name: 'More' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Export as zip…' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Zip file')).toHaveValue(/^~\/harbour-yoga-\d{4}-\d\d-\d\d\.zip$/);
  await expectAccessible(page);
  await dialog.getByLabel('Zip file').press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Export to ~/harbour-yoga');
});

test('a backup is compared with the site as it is now', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/compare/backup_${siteId(0).slice(5)}0/live`);
  await expect(page.getByText('The database is not part of this')).toBeVisible();
  await expect(page.getByLabel('After', { exact: true })).toHaveValue('live');
  await page.getByRole('option', { name: 'Changed readme.txt' }).click();
  await expect(page.getByRole('region', { name: 'readme.txt' })).toContainText('Site as it is now');
  await expectAccessible(page);
});
