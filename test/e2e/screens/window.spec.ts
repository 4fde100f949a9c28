import { expect, expectAccessible, siteId, test } from './sample.ts';

test('the palette finds every site and command', async ({ open }) => {
  const { page } = await open({ sites: 1000 });
  await page.keyboard.press('Control+k');
  await page.keyboard.type('harb yoga');
  await expect(page.getByRole('option')).not.toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Harbour Yoga');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('check harbour');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('progressbar').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the theme is the system’s until another is chosen', async ({ open }) => {
  const { page, go } = await open();
  const colour = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await colour();
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await colour()).not.toBe(light);
  await go('#/settings');
  await page.getByText('Light', { exact: true }).click();
  await expect.poll(colour).toBe(light);
});

test('everything is said in Japanese as well', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page.getByText('日本語').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('設定');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  await go(`#/sites/${siteId(0)}`);
  await expect(page.getByRole('heading', { name: '待機中の更新' })).toBeVisible();
  await expectAccessible(page);
});

test('a number that cannot be is put right when it is left', async ({ open }) => {
  const { page, go, api } = await open();
  await go('#/settings');
  await page.getByLabel(/^Check every/).fill('999');
  await page.keyboard.press('Tab');
  await expect(page.getByLabel(/^Check every/)).toHaveValue('168');
  await expect.poll(async () => (await api.client.preferences.get({})).checks.everyHours).toBe(168);
});

test('an import says what went in and what was refused', async ({ open }) => {
  const { page, go } = await open();
  await go('#/settings');
  await page
    .getByLabel('Import sites')
    .setInputFiles({ name: 'sites.csv', mimeType: 'text/csv', buffer: Buffer.from('name,url\n') });
  await expect(page.getByText('1 site added')).toBeVisible();
  await expect(page.getByText('Line 3, Old shop: url: Invalid URL')).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'JSON: Export the list of sites' }).click();
  expect((await download).suggestedFilename()).toBe('groundskeeper-sites.json');
});

test('a window without a link is told how to get one; a link works once', async ({ open, context }) => {
  const { page, shell } = await open();
  const second = await context.newPage();
  await second.goto(shell.url);
  await expect(second.getByText('This window is not signed in')).toBeVisible();
  await expectAccessible(second);
  await second.close();
  await page.reload();
  await expect(page.getByRole('grid')).toBeVisible();
  expect(page.url()).not.toContain('link=');
});

test('the window comes back by itself after the connection was lost', async ({ open, context }) => {
  const { page, api } = await open();
  await context.setOffline(true);
  await context.setOffline(false);
  api.tell({ kind: 'sites' });
  await expect(page.getByRole('grid').getByRole('row').nth(1)).toBeVisible();
});

test('nothing moves for those who asked for that', async ({ open }) => {
  const { page } = await open({ stepMillis: 3000 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.getByRole('button', { name: 'Check all' }).click();
  await expect(page.getByRole('img', { name: 'Working' }).first()).toHaveCSS(
    'animation-iteration-count',
    '1',
  );
});
