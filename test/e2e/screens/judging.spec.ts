import { expect, expectAccessible, siteId, test } from './sample.ts';

test('a run shows the pages that were looked at, before and after, and their pictures', async ({ open }) => {
  const { page, api, go } = await open();
  const id = api.begin('update', siteId(0) as never, 'Update Akismet Anti-spam to 5.3.5');
  await go(`#/runs/${id}`);
  await expect(page.getByText('done, the site is well')).toBeVisible({ timeout: 20_000 });
  await page.getByText('4 pages were looked at').click();
  const front = page.getByRole('row', { name: /^\/ 4 % of its picture differs/ });
  await expect(front).toContainText('200 · 184ms');
  await expect(front).toContainText('412 words');
  await expect(page.getByRole('row', { name: /asked on the server itself/ })).toBeVisible();
  await page.getByRole('button', { name: 'Pictures /' }).click();
  await expect(page.getByRole('img', { name: '/: After' })).toBeVisible();
  await page.getByText('Difference', { exact: true }).click();
  await expect(page.getByRole('img', { name: '/: Difference' })).toBeVisible();
  await expectAccessible(page);
});

test('a page that is worse is seen at once', async ({ open }) => {
  const { page, api, go } = await open();
  const id = api.begin('update', siteId(0) as never, 'Update Elementor to 3.25.6', 'rolled-back');
  await go(`#/runs/${id}`);
  await expect(page.getByRole('row', { name: /worse the page says/ })).toContainText('500', {
    timeout: 20_000,
  });
  await expectAccessible(page);
});

test('each site has pages and limits of its own', async ({ open }) => {
  const { page, api, go } = await open();
  await go(`#/sites/${siteId(0)}/connection`);
  await page.getByRole('textbox', { name: /^Pages that are looked at/ }).fill('shop/\n/contact/\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('spinbutton', { name: /so many of its words/ }).fill('30');
  await page.getByRole('switch', { name: /^A limit of its own/ }).click();
  await page.getByRole('spinbutton', { name: /^A page is worse when it is slower/ }).fill('8');
  await page.getByRole('switch', { name: /^Take pictures/ }).click();
  await expect(page.getByRole('spinbutton', { name: /^A picture is worse/ })).toHaveCount(0);
  await expect(async () => {
    const { site } = (await api.client.sites.show({ siteId: siteId(0) })).summary;
    expect(site.settings).toMatchObject({
      probePaths: ['/shop/', '/contact/'],
      judging: { slowerTimes: 8, wordsLost: 30, pictures: false },
    });
  }).toPass();
  await expectAccessible(page);
});
