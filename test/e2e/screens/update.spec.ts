import { expect, siteId, test } from './sample.ts';

test('an update is planned before it starts, watched while it runs, and done', async ({ open }) => {
  // Long enough for a slow machine to see each step.
  const { page, go } = await open({ stepMillis: 1_000 });
  await go(`#/sites/${siteId(0)}`);
  await page.getByRole('button', { name: 'Choose none' }).click();
  await expect(page.getByRole('button', { name: 'Update…' })).toBeDisabled();
  await page.getByRole('checkbox', { name: 'Akismet Anti-spam' }).check();
  await page.getByRole('button', { name: 'Update 1…' }).click();
  const plan = page.getByRole('dialog');
  await expect(plan).toContainText('41 files changed, 12 added, 3 deleted');
  await plan.getByRole('button', { name: 'Update Akismet Anti-spam to 5.3.5' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Update Akismet Anti-spam to 5.3.5');
  await expect(page.getByRole('img', { name: 'Still to come' })).not.toHaveCount(0);
  await expect(page.getByRole('progressbar').first()).toHaveAttribute('aria-valuenow', /\d+/);
  await expect(page.getByText('done, the site is well')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('log')).toContainText('Swap the new version in');
  await expect(page.getByRole('img', { name: 'Still to come' })).toHaveCount(0);
  await go(`#/sites/${siteId(0)}`);
  await expect(page.getByRole('checkbox', { name: 'Akismet Anti-spam' })).toHaveCount(0);
});

test('an update that makes the site worse comes back, and says why', async ({ open }) => {
  const { page, api, go } = await open();
  const id = api.begin('update', siteId(0) as never, 'Update Elementor to 3.25.6', 'rolled-back');
  await go(`#/runs/${id}`);
  await expect(page.getByText('Rolled back', { exact: true })).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('The front page answered 500 after the update')).toBeVisible();
  await expect(page.getByText('Put the old version back', { exact: true }).first()).toBeVisible();
});

test('a run is cancelled where it can be', async ({ open }) => {
  const { page, api, go } = await open({ stepMillis: 1500 });
  const id = api.begin('update', siteId(0) as never, 'Update Akismet Anti-spam to 5.3.5');
  await go(`#/runs/${id}`);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Cancelled before anything on the site was changed.')).toBeVisible();
});

test('an update is taken back from the activity, after seeing what would be lost', async ({ open }) => {
  const { page, go } = await open();
  await go('#/activity');
  await page.getByRole('button', { name: 'Roll back… Harbour Yoga Update Elementor to 3.25.6' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('this takes a second');
  await dialog.getByText('Put the database back too').click();
  await expect(dialog).toContainText('8 rows that were added since would be lost');
  await dialog.getByText('Keep the database as it is').click();
  await dialog.getByRole('button', { name: /^Roll back .+ to / }).click();
  await expect(page.getByText('done, the site is well')).toBeVisible({ timeout: 20_000 });
});

test('the story of a run is read and saved; the audit trail is checked and exported', async ({ open }) => {
  const { page, go } = await open();
  await go('#/activity');
  await page.locator('a[href^="#/runs/"]').first().click();
  await page.getByRole('button', { name: 'Story' }).click();
  const dialog = page.getByRole('dialog', { name: 'The story of this run' });
  await expect(dialog.getByRole('heading', { name: 'How it ended' })).toBeVisible();
  const saving = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save as text…' }).click();
  expect((await saving).suggestedFilename()).toMatch(/^groundskeeper-run_\w+\.txt$/);
  await page.keyboard.press('Escape');
  await go('#/settings');
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByText('entries, none changed or removed.')).toBeVisible();
  const exporting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'JSON Lines' }).click();
  expect((await exporting).suggestedFilename()).toBe('groundskeeper-history.jsonl');
});

test('an obstacle is explained and cannot be chosen', async ({ open }) => {
  const { page, go, api } = await open({ sites: 200 });
  const updates = await api.client.updates.list({});
  const stuck = updates.find(({ obstacles }) => obstacles.length > 0);
  await go(`#/sites/${stuck?.siteId}`);
  await expect(page.getByText('Needs PHP 8.0 or newer; this site runs PHP 7.4.33.')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: stuck?.component.name ?? '' })).toBeDisabled();
});

test('a notice tells of a run that ended elsewhere, and leads there', async ({ open }) => {
  const { page, api } = await open({ stepMillis: 80 });
  api.begin('backup', siteId(2) as never, 'Back up');
  const notices = page.getByRole('list', { name: 'Notices' });
  await expect(notices).toContainText('Nakamura');
  await notices.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Back up');
});
