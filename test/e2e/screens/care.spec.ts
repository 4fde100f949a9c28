import { expect, expectAccessible, siteId, test } from './sample.ts';

const backup = (at: number) => `#/backups/backup_${siteId(0).slice(5)}${at}`;

test('rules say what they would remove, and are saved only when that was confirmed', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  const card = page.getByRole('region', { name: 'Which backups are kept' });
  await expect(card.getByRole('status')).toHaveText('All 66 backups are kept.');
  for (const rule of [
    'The last',
    'Every backup of',
    'Newest of each day',
    'Newest of each week',
    'Newest of each month',
  ]) {
    const field = card.getByRole('spinbutton', { name: new RegExp(`^${rule}`) });
    await field.fill('0');
    await field.press('Tab');
  }
  await expect(card.getByRole('status')).toHaveText('Of 66 backups, 22 would be removed now.');
  await card.getByRole('button', { name: 'Show which stay and why' }).click();
  await expect(page.getByRole('dialog').getByText('would be removed').first()).toBeAttached();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await card.getByRole('button', { name: 'Save' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await card.getByRole('button', { name: 'Back to what is set' }).click();
  await expect(card.getByRole('spinbutton', { name: /^The last/ })).toHaveValue('5');
  await expect(card.getByRole('status')).toHaveText('All 66 backups are kept.');
});

test('a backup is pinned with a word why, and unpinned', async ({ open }) => {
  const { page, go } = await open();
  await go(backup(0));
  await expect(page.getByText('Kept: newest of')).toBeVisible();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Pin…' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByLabel('Why').fill('before the move');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Pinned: before the move')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Unpin' }).click();
  await expect(page.getByText('Pinned: before the move')).toHaveCount(0);
});

test('a drill puts the badge on its backup', async ({ open }) => {
  const { page, go } = await open();
  await go(backup(2));
  await expect(page.getByText('Proved restorable on')).toHaveCount(0);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Prove it by restoring…' }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Restore and compare' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('by restoring it');
  await expect(page.getByRole('main').getByText('Done', { exact: true }).first()).toBeVisible({
    timeout: 20_000,
  });
  await go(backup(2));
  await expect(page.getByText('Proved restorable on')).toBeVisible();
  await expect(page.getByText('Its database was loaded into MariaDB')).toBeVisible();
});

test('a site without a recent backup says so wherever it is, and a site may have its own times and rules', async ({
  open,
}) => {
  const { page, go } = await open();
  await go('#/sites');
  await expect(page.getByLabel('No recent backup')).toHaveCount(1);
  await go(`#/sites/${siteId(4)}`);
  await expect(page.getByRole('alert')).toContainText('No recent backup');
  await go(`#/sites/${siteId(4)}/backups`);
  const card = page.getByRole('region', { name: 'This site' });
  await card.getByText('Never', { exact: true }).click();
  await expect(card).toContainText('It is never called overdue.');
  await card.getByRole('switch', { name: 'This site has rules of its own' }).click();
  await expect(card.getByRole('status')).toHaveText('All 6 backups are kept.');
  await expectAccessible(page);
  await go('#/backups');
  await page.getByRole('button', { name: 'Back it up' }).click();
  await expect(page.getByRole('link', { name: '1 site has no recent backup' })).toHaveCount(0);
});

test('what is not backed up is shown with its size before it is saved', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/sites/${siteId(0)}/backups`);
  const card = page.getByRole('region', { name: 'What is not backed up' });
  await expect(card.getByRole('switch', { name: /wp-content\/cache/ })).toBeChecked();
  await card.getByLabel('Leave out as well').fill('*.mp4');
  await card.getByRole('button', { name: 'Show what that drops' }).click();
  await expect(card.getByRole('status')).toHaveText('2.5 GB of 5.9 GB are left out.');
  await expectAccessible(page);
  await card.getByRole('button', { name: 'Leave out wp-content/uploads/2026' }).click();
  await expect(card.getByRole('status')).toHaveText('The rules have changed since this was looked at.');
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(card.getByRole('button', { name: 'Save' })).toHaveCount(0);
  await expect(card.getByLabel('Leave out as well')).toHaveValue('*.mp4\n/wp-content/uploads/2026/');
});

test('what takes the space is counted when it is asked for', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  const card = page.getByRole('region', { name: 'Space by site' });
  await card.getByRole('button', { name: 'Count' }).click();
  await expect(card).toContainText(
    '4.8 GB in all; 1.6 GB shared, 86.5 MB that nothing needs, 9.4 MB to find it all by',
  );
  await expect(card.getByRole('listitem')).toHaveCount(10);
  await card.getByRole('button', { name: '2 more sites' }).click();
  await expect(card.getByRole('listitem')).toHaveCount(12);
  await expectAccessible(page);
});

test('a file is found over the backups of all sites', async ({ open }) => {
  const { page, go } = await open();
  await go('#/backups');
  await page.getByRole('searchbox', { name: 'Find a file in all backups' }).fill('*.php');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Find a file in all backups' })).toContainText(
    'versions found',
  );
  await expectAccessible(page);
});
