import { expect, siteId, test } from './sample.ts';

/** Its pages are sick. */
const SICK = siteId(3);

test('a sick site leads to the tools, and says what is wrong with it', async ({ open }) => {
  const { page, go } = await open();
  await go(`#/sites/${SICK}`);
  await page.getByRole('link', { name: 'Emergency tools' }).first().click();
  await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveText([
    'What is wrong now',
    'Undo the last update',
    'Repair files',
    'Undo it by force',
    'Restore a backup',
    'Verify the backups',
    'Free the site from another computer’s run',
    'Recover on a new computer',
  ]);
  await page.getByRole('button', { name: 'Examine' }).last().click();
  const findings = page.getByRole('dialog', { name: 'How the site is' });
  await expect(findings.getByRole('listitem').first()).toContainText('Pages are sick.');
  await expect(findings).toContainText('changed: inc/options.php');
  await findings.getByRole('button', { name: 'Look again' }).click();
  await expect(findings.getByRole('listitem').first()).toContainText('There has been a critical error');
  await page.keyboard.press('Escape');
  await expect(findings).toBeHidden();
});

test('files are repaired after each was seen; one’s own stay unless they are chosen', async ({ open }) => {
  const { page, api, go } = await open();
  const asked: unknown[] = [];
  api.onRepair((choices) => asked.push(choices));
  await go(`#/sites/${SICK}/emergency`);
  await page.getByRole('button', { name: 'Compare and repair…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Repair files' });
  const box = (path: string) => dialog.getByRole('checkbox', { name: path });
  await expect(box('wp-includes/load.php')).toBeChecked();
  await expect(box('wp-admin/css/wp-logs.php')).not.toBeChecked();
  await expect(box('wp-content/plugins/gallery/gallery.php')).not.toBeChecked();
  await dialog.getByRole('button', { name: 'Show what changed in wp-includes/load.php' }).click();
  await expect(dialog.getByRole('region', { name: 'Lines that differ' })).toContainText(
    'Loads what is needed first.',
  );
  await dialog.getByRole('button', { name: 'All files' }).click();
  await box('wp-content/plugins/wordpress-seo/inc/options.php').uncheck();
  await box('wp-admin/css/wp-logs.php').check();
  await expect(dialog).toContainText('It is removed.');
  await dialog.getByRole('button', { name: 'Repair 4 files' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Repair /);
  expect(asked).toEqual([
    [
      {
        ...{ kind: 'core', slug: 'wordpress', remove: ['wp-admin/css/wp-logs.php'] },
        files: ['index.php', 'wp-includes/load.php', 'wp-includes/pluggable.php'],
      },
    ],
  ]);
  await expect(page.getByText('Better than before.', { exact: true })).toBeVisible({ timeout: 20_000 });
});

test('a rollback that something stands in the way of is only done by who was told and agrees', async ({
  open,
}) => {
  const { page, api, go } = await open({ stepMillis: 20 });
  api.begin('update', SICK as never, 'Update Elementor to 6.0');
  await go(`#/sites/${SICK}/emergency`);
  await page.getByRole('button', { name: 'Undo by force…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Take the update back' });
  const does = dialog.getByRole('button', { name: /^Roll back .+ to / });
  await expect(dialog.getByRole('alert')).toContainText('somebody has changed it since');
  await expect(does).toBeDisabled();
  await dialog.getByRole('checkbox', { name: 'Take it back all the same' }).check();
  await does.click();
  await expect(page.getByText('done, the site is well')).toBeVisible({ timeout: 20_000 });
});

test('the tools are found by keyboard, and speak Japanese', async ({ open }) => {
  const { page, api, go } = await open();
  await go(`#/sites/${SICK}`);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Emergency');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Repair files' })).toBeVisible();
  await api.client.preferences.set({ language: 'ja' });
  await expect(page.getByRole('heading', { name: 'ファイルを修復する' })).toBeVisible();
});
