import { expect, test } from './sample.ts';

test('two sites are added by keyboard alone, the fingerprint compared on the way', async ({ open }) => {
  const { page, go } = await open();
  await go('#/sites/add');
  await page.keyboard.type('ssh deploy@pinegrove.example -p 2222');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Host')).toHaveValue('pinegrove.example');
  await expect(page.getByLabel('Port')).toHaveValue('2222');
  await page.getByLabel('User').press('Enter');
  await expect(page.getByText('SHA256:uNiVztksCsDhcc0u9e8BrwEDh9EaYgc1jZUKkZ6Rkmw')).toBeVisible();
  await page.getByRole('button', { name: 'It matches: trust pinegrove.example' }).press('Enter');
  await expect(page.getByText('2 installations found')).toBeVisible();
  await page.getByRole('button', { name: 'Continue with 2 sites' }).press('Enter');
  await page.getByRole('combobox', { name: 'Tags' }).focus();
  await page.keyboard.type('pottery,');
  await page.getByRole('button', { name: 'Add 2 sites' }).press('Enter');
  const grid = page.getByRole('grid');
  await expect(grid.getByText('Pinegrove Pottery')).toBeVisible();
  await expect(grid.getByText('Pinegrove Shop')).toBeVisible();
});

test('what stands in the way is said, and can be put right in place', async ({ open }) => {
  const { page, go } = await open();
  await go('#/sites/add');
  const paste = page.getByLabel('How do you reach the server?');
  await paste.fill('nonsense');
  await paste.press('Enter');
  await expect(page.getByRole('alert')).toContainText('This does not read as an ssh command');
  await paste.fill('deploy@down.example.org');
  await paste.press('Enter');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByRole('alert')).toContainText('did not answer within 10 seconds');
  await page.getByText('Details').click();
  await expect(page.getByText('connect ETIMEDOUT')).toBeVisible();
  await page.getByLabel('Host').fill('pinegrove.example');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByText('Is this the right server?')).toBeVisible();
});

test('a host of ~/.ssh/config brings its jump host along', async ({ open }) => {
  const { page, go } = await open();
  await go('#/sites/add');
  await page.getByRole('button', { name: /^nakamura/ }).click();
  await expect(page.getByRole('group', { name: 'Jump host 1' }).getByLabel('Host')).toHaveValue(
    'bastion.host.example',
  );
  await page.getByText('Password', { exact: true }).first().click();
  await expect(page.getByText('Kept in the keychain, never in a file.')).toBeVisible();
});

test('a folder that was not found by itself can be named', async ({ open }) => {
  const { page, go } = await open();
  await go('#/sites/add');
  await page.getByLabel('How do you reach the server?').fill('deploy@pinegrove.example');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByRole('button', { name: /It matches/ }).click();
  await page.getByLabel('Another folder').fill('/srv/static');
  await page.getByRole('button', { name: 'Look there' }).click();
  await expect(page.getByText('3 installations found')).toBeVisible();
  await page
    .getByRole('checkbox', { name: /Pinegrove/ })
    .first()
    .uncheck();
  await page.getByRole('button', { name: 'Continue with 2 sites' }).click();
  await expect(page.getByLabel('Name').last()).toHaveValue('static');
});

test('an account without a shell is reached over SFTP, and it is said what that means', async ({ open }) => {
  const { page, go } = await open();
  await go('#/sites/add');
  const paste = page.getByLabel('How do you reach the server?');
  await paste.fill('deploy@files.example.org');
  await paste.press('Enter');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByRole('button', { name: /It matches/ }).click();
  await expect(page.getByRole('alert')).toContainText('gives files over SFTP, but no commands');
  await page.getByRole('button', { name: 'Use SFTP instead' }).click();
  await expect(page.getByText('No shell there.')).toBeVisible();
  await expect(page.getByText('anything else that is reached over SFTP is its files')).toBeVisible();
  await page.getByLabel('Folder of the site').fill('/home/deploy/www');
  await page.getByRole('button', { name: 'Look there' }).click();
  await page.getByRole('button', { name: 'Continue with 1 site' }).click();
  await page.getByLabel('Address').fill('https://files.example.org/');
  await page.getByRole('button', { name: 'Add 1 site' }).click();
  await expect(page.getByRole('heading', { name: 'www' })).toBeVisible();
});
