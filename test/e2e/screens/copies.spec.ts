import { expect, expectAccessible, test } from './sample.ts';

test('the copies say how far they are, and one is brought up to date', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  const copies = page.getByRole('region', { name: 'Copies' });
  await expect(copies).toContainText('Up to date');
  await expect(copies).toContainText('3 backups behind');
  await expect(copies).toContainText('Not reachable');
  await expectAccessible(page);
  await copies.getByRole('button', { name: 'More for Office NAS' }).click();
  await page.getByRole('menuitem', { name: 'Verify every byte' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Verify the copy “Office NAS”');
});

test('a copy is added to a host whose key is compared first', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page.getByRole('button', { name: 'Add a copy…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Shed');
  await dialog.getByText('S3 storage').click();
  await expect(dialog.getByLabel('Secret key')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByText('SSH host').click();
  await dialog.getByLabel('Host', { exact: true }).fill('shed.example');
  await dialog.getByLabel('User').fill('backup');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByRole('button', { name: /shed\.example/ }).click();
  await expect(dialog).toContainText('It works; nothing lies there yet. 412 GB are free.');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Add and copy now' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bring the copy “Shed” up to date');
});

test('removing a copy leaves its files unless they are asked for', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page.getByRole('button', { name: 'More for Desk drive' }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  const dialog = page.getByRole('dialog');
  await expectAccessible(page);
  await dialog.getByText('Delete its files too').click();
  await expect(dialog.getByRole('button', { name: 'Delete the copy, 2.4 GB' })).toBeVisible();
  await dialog.getByText('Leave its files there').click();
  await dialog.getByRole('button', { name: 'Forget Desk drive' }).click();
  await expect(page.getByRole('region', { name: 'Copies' })).not.toContainText('Desk drive');
});

test('the backups are moved to another folder', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page.getByRole('button', { name: 'Move…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('New folder').fill('/Volumes/Backups/store');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Move the backups' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    'Move the backups to /Volumes/Backups/store',
  );
});

test('an empty computer offers to bring the backups back', async ({ open }) => {
  const { page, go } = await open({ sites: 0 });
  await go('#/backups');
  await page.getByRole('link', { name: 'This is a new computer…' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Recover on a new computer');
  await expect(page.getByRole('button', { name: 'Bring the backups back' })).toBeVisible();
});
