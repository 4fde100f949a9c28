import { expect, expectAccessible, test } from './sample.ts';

test('a recovery phrase is made when the backups ask for one, and shown once', async ({ open }) => {
  const { page, go } = await open();
  await go('#/backups');
  await page.getByRole('button', { name: 'Make a recovery phrase…' }).click();
  const dialog = page.getByRole('dialog');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Make a recovery phrase' }).click();
  await expect(dialog.getByText(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){5}$/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'I have written it down' }).click();
  await expect(page.getByRole('button', { name: 'Make a recovery phrase…' })).toHaveCount(0);
  await go('#/settings');
  await page.getByRole('button', { name: 'Make a new one…' }).click();
  await expect(dialog).toContainText('the old one opens nothing any more');
  await dialog.getByRole('button', { name: 'Make a recovery phrase' }).click();
  await expect(dialog).toContainText('Until you say that you have, the old one holds.');
  await expectAccessible(page);
  await page.reload();
  await expect(page.getByText('A new one was made and never confirmed')).toBeVisible();
  await page.getByRole('button', { name: 'Make a new one…' }).click();
  await dialog.getByRole('button', { name: 'Make a recovery phrase' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Make a new one…' })).toBeVisible();
  await expect(page.getByText('A new one was made and never confirmed')).toHaveCount(0);
});

test('locked backups are opened with the phrase; a wrong one says so', async ({ open }) => {
  const { page, go } = await open({ locked: true });
  await go('#/backups');
  const form = page.getByRole('form', { name: 'These backups are locked' });
  await form.getByLabel('Recovery phrase').fill('AAAAA-BBBBB');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toContainText('does not open this store');
  await expectAccessible(page);
  await form.getByLabel('Recovery phrase').fill('4K7QX-9M2TD-ZW81H-C5RNB-6YJE3-PAVG0');
  await page.keyboard.press('Enter');
  await expect(page.locator('.backup-row').first()).toBeVisible();
});

test('space is given back after it was said how much', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.getByText('214 MB can be given back')).toBeVisible();
  await page.getByRole('button', { name: 'Give back 214 MB' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Give back space');
});
