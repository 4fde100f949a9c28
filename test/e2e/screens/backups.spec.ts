import { expect, expectAccessible, siteId, test } from './sample.ts';

const BACKUP = `backup_${siteId(0).slice(5)}0`;

test('a backup is browsed by keyboard; a hostile file is shown as text', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${BACKUP}`);
  const list = page.getByRole('listbox');
  await list.press('Enter');
  await expect(page.getByRole('navigation', { name: 'Folder' })).toContainText('wp-content');
  await go(`#/backups/${BACKUP}/wp-content/plugins/akismet/readme.txt`);
  await expect(page.locator('pre')).toContainText('<script>alert(1)</script>');
  await page.getByRole('listbox').press('Backspace');
  await expect(page.getByRole('navigation', { name: 'Folder' }).getByRole('button').last()).toHaveText(
    'plugins',
  );
});

test('code is coloured, and stays the text that it is', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${BACKUP}/wp-config.php`);
  await expect(page.locator('pre .string').first()).toHaveText("'DB_NAME'");
  expect(await page.locator('pre').textContent()).toBe(
    "<?php\ndefine( 'DB_NAME', 'wp_client' );\n$table_prefix = 'wp_';\n",
  );
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(page);
});

test('what a backup lacks is said, file by file', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/backup_${siteId(0).slice(5)}2`);
  await page.getByText('2 files could not be read').click();
  await expect(page.getByText('wp-content/uploads/private/contract.pdf')).toBeVisible();
  await page.getByText('1 file changed while it was read').click();
  await expect(page.getByText('wp-content/cache/page.html')).toBeVisible();
  await expectAccessible(page);
});

test('a picture is drawn again; its name may be in any script', async ({ open }) => {
  const { page, go } = await open();
  await go(
    `#/backups/${BACKUP}/${['wp-content', 'uploads', '2026', '11', 'メニュー.png'].map(encodeURIComponent).join('/')}`,
  );
  await expect(page.getByRole('img', { name: 'メニュー.png' })).toBeVisible();
  await expect(page.locator('canvas')).toHaveJSProperty('width', 24);
});

test('a file is found over all backups of a site and restored to a folder', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/sites/${siteId(0)}/backups`);
  await page.getByRole('searchbox').fill('*.htaccess');
  await page.keyboard.press('Enter');
  await expect(page.getByText('6 versions found')).toBeVisible();
  await page
    .getByRole('link', { name: /^\.htaccess/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Restore file…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Restore .htaccess into the folder' })).toBeDisabled();
  await dialog.getByLabel('Folder', { exact: true }).fill('~/Restored');
  await dialog.getByRole('button', { name: 'Restore .htaccess into the folder' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Restore from a backup');
});

test('restoring onto the site says what it will do', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/backups/${BACKUP}`);
  await page.getByRole('button', { name: 'Restore…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Back onto Harbour Yoga').click();
  await dialog.getByText('The database as well').click();
  await expect(dialog).toContainText('What was written since the backup is lost');
  await expect(dialog.getByRole('button', { name: 'Restore everything onto Harbour Yoga' })).toBeEnabled();
});

test('a backup is put onto another site only after looking at what it does, and by that site’s name', async ({
  open,
}) => {
  const { page, go } = await open();
  await go(`#/backups/${BACKUP}`);
  await page.getByRole('button', { name: 'Restore…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /^Onto another site/ }).check();
  const sites = dialog.getByRole('combobox', { name: 'Site' });
  const option = sites.locator('option').nth(1);
  const name = ((await option.textContent()) ?? '').split(' · ')[0] ?? '';
  await sites.selectOption({ index: 1 });
  await expect(dialog.getByText('wp-config.php, .htaccess')).toBeVisible();
  await expect(dialog.getByText('813 values stay as they are')).toBeVisible();
  const does = dialog.getByRole('button', { name: /^Replace/ });
  await expect(does).toBeDisabled();
  await dialog.getByRole('textbox').fill(name);
  await expect(does).toContainText(`Replace ${name} with`);
  await expect(does).toBeEnabled();
  await expectAccessible(page);
  await does.click();
  await expect(page).toHaveURL(/#\/runs\//);
});

test('everything goes back to the versions of a backup, across several updates', async ({ open }) => {
  const { page, go } = await open({ stepMillis: 20 });
  await go(`#/backups/${BACKUP}`);
  await page.getByRole('button', { name: /^More/ }).click();
  await page.getByRole('menuitem', { name: 'Roll back versions to this day…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Back to the versions of a backup' });
  const across = dialog.getByText(/^across 8 updates: 6\.5\.5 → .* → 6\.2\.8$/);
  await expect(across).toBeVisible();
  type Line = { readonly scrollWidth: number; readonly clientWidth: number };
  expect(await across.evaluate((line: Line) => line.scrollWidth <= line.clientWidth)).toBe(true);
  await expectAccessible(page);
  await dialog.getByRole('radio', { name: 'Put the database back too' }).check();
  await expect(dialog).toContainText('1,204');
  await dialog.getByRole('button', { name: 'Roll back 2 components' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Roll back /);
});
