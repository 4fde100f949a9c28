import { type Sample, expect, expectAccessible, siteId, test } from './sample.ts';

type Screen = readonly [name: string, hash: string, sites: number, act?: (sample: Sample) => Promise<void>];

const SCREENS: readonly Screen[] = [
  ['sites', '#/sites', 12],
  [
    'sites, some chosen',
    '#/sites',
    12,
    async ({ page }) => {
      await page.getByRole('grid').press('x');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('x');
      await expect(page.getByRole('toolbar')).toBeVisible();
    },
  ],
  [
    'sites, all at work',
    '#/sites',
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Check all' }).click();
      await expect(page.getByRole('progressbar').first()).toBeVisible();
    },
  ],
  ['a thousand sites', '#/sites', 1000],
  ['no sites', '#/sites', 0],
  ['a site', `#/sites/${siteId(0)}`, 12],
  ['a site in trouble', `#/sites/${siteId(3)}`, 12],
  ['a site not read yet', `#/sites/${siteId(6)}`, 12],
  [
    'a plan',
    `#/sites/${siteId(0)}`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: /^Update \d…/ }).click();
      await expect(page.getByRole('dialog').getByText('kB to upload').first()).toBeVisible();
    },
  ],
  ['a site’s backups', `#/sites/${siteId(0)}/backups`, 12],
  ['a site’s history', `#/sites/${siteId(0)}/history`, 12],
  ['emergency tools', `#/sites/${siteId(3)}/emergency`, 12],
  [
    'a repair',
    `#/sites/${siteId(3)}/emergency`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Compare and repair…' }).click();
      await expect(page.getByText('wp-includes/pluggable.php')).toBeVisible();
    },
  ],
  [
    'a change that a repair takes back',
    `#/sites/${siteId(3)}/emergency`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Compare and repair…' }).click();
      await page.getByRole('button', { name: 'Show what changed in wp-includes/load.php' }).click();
      await expect(page.getByRole('region', { name: 'Lines that differ' })).toBeVisible();
    },
  ],
  [
    'a forced rollback',
    `#/sites/${siteId(0)}/emergency`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Undo by force…' }).click();
      await expect(page.getByText('Take it back all the same')).toBeVisible();
    },
  ],
  ['a connection', `#/sites/${siteId(0)}/connection`, 12],
  [
    'editing a site',
    `#/sites/${siteId(3)}/connection`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByRole('button', { name: 'Add a jump host' }).click();
    },
  ],
  [
    'removing a site',
    `#/sites/${siteId(0)}/connection`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Remove site…' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  ],
  [
    'a run',
    '#/activity',
    12,
    async ({ page }) => {
      await page.getByRole('link', { name: 'Update Elementor to 3.25.6' }).nth(1).click();
      await expect(page.getByText('Rolled back').first()).toBeVisible();
    },
  ],
  ['activity', '#/activity', 12],
  [
    'a rollback',
    '#/activity',
    12,
    async ({ page }) => {
      await page
        .getByRole('button', { name: /^Roll back/ })
        .first()
        .click();
      await page.getByText('Put the database back too').click();
      await expect(page.getByText('would be lost')).toBeVisible();
    },
  ],
  ['backups', '#/backups', 12],
  ['a backup', `#/backups/backup_${siteId(0).slice(5)}0`, 12],
  ['a file of a backup', `#/backups/backup_${siteId(0).slice(5)}0/wp-config.php`, 12],
  [
    'a picture of a backup',
    `#/backups/backup_${siteId(0).slice(5)}0/wp-content/uploads/2026/11/opening-hours.png`,
    12,
  ],
  [
    'restoring',
    `#/backups/backup_${siteId(0).slice(5)}0`,
    12,
    async ({ page }) => {
      await page.getByRole('button', { name: 'Restore…' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  ],
  [
    'the versions of a file',
    `#/backups/backup_${siteId(0).slice(5)}0/.htaccess`,
    12,
    async ({ page }) => {
      await page.getByText('Versions', { exact: true }).click();
      await expect(page.getByText('this backup')).toBeVisible();
    },
  ],
  [
    'a comparison',
    `#/compare/backup_${siteId(0).slice(5)}1/backup_${siteId(0).slice(5)}0/.htaccess`,
    12,
    async ({ page }) => {
      await expect(page.getByText('RewriteEngine Off')).toBeVisible();
      await page.getByText('The database changed').click();
    },
  ],
  ['settings', '#/settings', 12],
  ['adding: the server', '#/sites/add', 12],
  [
    'adding: the fingerprint',
    '#/sites/add',
    12,
    async ({ page }) => {
      await page.getByLabel('How do you reach the server?').fill('deploy@pinegrove.example');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Test connection' }).click();
      await expect(page.getByText('SHA256:')).toBeVisible();
    },
  ],
  [
    'the palette',
    '#/sites',
    1000,
    async ({ page }) => {
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  ],
];

/** What can be scrolled sideways though it should not be. */
const SIDEWAYS = `[document.documentElement, ...document.querySelectorAll('main, dialog[open]')]
  .filter((part) => part.scrollWidth > part.clientWidth + 1)
  .map((part) => part.tagName + ' ' + part.scrollWidth + ' > ' + part.clientWidth)`;

test.describe('axe finds nothing, light and dark; nothing runs out of a wide or narrow window', () => {
  test.use({ reducedMotion: 'reduce' });
  test('who wants no motion gets new colours at once', async ({ open }) => {
    const { page, go } = await open({ sites: 12 });
    await go('#/sites');
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.evaluate('document.body.offsetHeight');
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
  });
  for (const [name, hash, sites, act] of SCREENS) {
    test(name, async ({ open }) => {
      const sample = await open({ sites, weakKeychain: true, stepMillis: 4000 });
      await sample.go(hash);
      await act?.(sample);
      for (const colorScheme of ['light', 'dark'] as const) {
        await sample.page.emulateMedia({ colorScheme });
        // Two frames on, everything is painted in the new colours.
        await sample.page.evaluate(
          'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
        );
        await expectAccessible(sample.page, colorScheme === 'light' ? 'all' : 'colours');
      }
      for (const width of [1280, 620]) {
        await sample.page.setViewportSize({ width, height: 800 });
        // What is laid out by script follows the window a frame later.
        await expect.poll(() => sample.page.evaluate(SIDEWAYS)).toEqual([]);
      }
    });
  }
});
