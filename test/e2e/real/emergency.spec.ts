import fs from 'node:fs';
import path from 'node:path';
import { remotePath } from '../../../main/words/index.ts';
import { aWordPressSite, connectionTo, goodPlugins, type Component } from '../../rig/index.ts';
import { expectAccessible } from '../screens/sample.ts';
import { expect, test } from './real.ts';

const { openingHours } = goodPlugins;
const PLUGIN = 'wp-content/plugins/opening-hours';
const HOURS = `${PLUGIN}/inc/hours.php`;

test.skip(process.getuid?.() !== 0, 'the server needs an account of its own, which takes root');
test.setTimeout(300_000);

/** The new version, as if its author had numbered it otherwise. */
function numbered(version: string): Component {
  const { files, ...rest } = openingHours.new;
  const renamed = [...files].map(([name, content]) => [name, String(content).replaceAll('1.3.0', version)]);
  return { ...rest, version, files: new Map(renamed as [string, string][]) };
}

test('a site is repaired, an update undone by force, all of it found again on a new computer, and two updates taken back to a day', async ({
  place,
}) => {
  const { host, org, page } = place;
  await using wp = await aWordPressSite({ on: host, plugins: [openingHours.old] });
  for (const version of [openingHours.old, openingHours.new]) org.offer(version);
  await org.offerCore('6.4');
  let web = await place.start();
  const main = page.getByRole('main');
  const dialog = page.getByRole('dialog');

  const done = async (title: RegExp) => {
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title, { timeout: 60_000 });
    await expect(main.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: 90_000 });
  };
  const update = async (version: string) => {
    await place.go(web, site);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.getByRole('region', { name: 'Waiting updates' })).toContainText(version, {
      timeout: 60_000,
    });
    await page.getByRole('button', { name: 'Update 1…' }).click();
    await dialog
      .getByRole('button', { name: `Update Opening Hours to ${version}` })
      .click({ timeout: 60_000 });
    await done(/^Update Opening Hours to/);
    expect(await wp.page()).toMatchObject({
      status: 200,
      text: expect.stringContaining(`(${version})`),
    });
  };

  await page.goto(web.link());
  const client = await place.client();
  const connection = connectionTo(host);
  const trial = await client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await client.connections.trust({ key: trial.key });
  const { id } = await client.sites.add({
    draft: {
      ...{ name: 'The bakery', url: wp.url, platform: 'wordpress', root: remotePath(wp.root), connection },
      ...{ tags: ['shop'], notes: '', settings: {} },
    },
  });
  const site = `#/sites/${id}`;
  await test.step('it is updated', () => update('1.3.0'));

  await test.step('it is broken: the files of its releases come back, its owner’s are named and stay', async () => {
    const released = fs.readFileSync(path.join(wp.root, HOURS), 'utf8');
    wp.write('wp-includes/load.php', '<?php this is no PHP any more {');
    wp.write(HOURS, `${released}\n// edited by hand\n`);
    wp.write(`${PLUGIN}/own-notes.txt`, 'by its owner');
    await place.go(web, `${site}/emergency`);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Compare and repair…' }).click();
    const plugin = dialog.getByRole('region', { name: 'Opening Hours' });
    await expect(plugin.getByRole('checkbox', { name: HOURS })).toBeChecked({ timeout: 60_000 });
    await expect(dialog.getByRole('checkbox', { name: 'wp-includes/load.php' })).toBeChecked();
    const own = plugin.getByRole('checkbox', { name: `${PLUGIN}/own-notes.txt` });
    await expect(own).not.toBeChecked();
    await expect(plugin).toContainText('Your own, not of the release. It stays.');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: `Show what changed in ${HOURS}` }).click();
    await expect(dialog.getByText('// edited by hand')).toBeVisible({ timeout: 30_000 });
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'All files' }).click();
    await dialog.getByRole('button', { name: 'Repair 2 files' }).click();
    await done(/^Repair/);
    await expect(main).toContainText('The site is better than before.');
    expect((await wp.page()).status).toBe(200);
    expect(fs.readFileSync(path.join(wp.root, HOURS), 'utf8')).toBe(released);
    expect(fs.readFileSync(path.join(wp.root, PLUGIN, 'own-notes.txt'), 'utf8')).toBe('by its owner');
    wp.remove(`${PLUGIN}/own-notes.txt`);
  });

  await test.step('somebody has installed another version since: that is said, and the update undone all the same', async () => {
    wp.place(numbered('1.3.5'));
    await place.go(web, `${site}/emergency`);
    await page.getByRole('button', { name: 'Roll back…' }).click();
    const undo = dialog.getByRole('button', { name: 'Roll back Opening Hours to 1.2.0' });
    await expect(dialog.getByRole('region', { name: 'What stands in the way' })).toContainText(
      'Opening Hours is at 1.3.5 now, not at 1.3.0 as that update left it',
      { timeout: 60_000 },
    );
    await expect(undo).toBeDisabled();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Undo by force…' }).click();
    await dialog.getByRole('checkbox', { name: /^Take it back all the same/ }).check({ timeout: 60_000 });
    await expectAccessible(page);
    await undo.click();
    await done(/^Roll back Opening Hours/);
    expect(await wp.page()).toMatchObject({
      status: 200,
      text: expect.stringContaining('(1.2.0)'),
    });
  });

  const home = path.dirname(place.data);
  const disk = path.join(home, 'disk');
  const key = path.join(home, 'id_of_mine');
  let phrase = '';
  await test.step('the computer is lost, but for its backups, their phrase and a key', async () => {
    await place.go(web, '#/settings');
    await page.getByRole('button', { name: 'Make a recovery phrase…' }).click();
    await dialog.getByRole('button', { name: 'Make a recovery phrase' }).click();
    const shown = dialog.getByText(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){5}$/);
    phrase = await shown.innerText({ timeout: 30_000 });
    await dialog.getByRole('button', { name: 'I have written it down' }).click();
    await expect(page.getByRole('button', { name: 'Make a new one…' })).toBeVisible();
    await web.stop();
    fs.renameSync(path.join(place.data, 'store'), disk);
    for (const name of fs.readdirSync(home))
      if (name !== 'disk') fs.rmSync(path.join(home, name), { recursive: true });
    fs.copyFileSync(host.key.file, key);
    fs.chmodSync(key, 0o600);
  });

  await test.step('on an empty one the backups are opened, and the site comes back under its old id', async () => {
    web = await place.start();
    await page.goto('about:blank');
    await page.goto(web.link());
    await page.getByRole('link', { name: 'This is a new computer…' }).click();
    await page.getByRole('textbox', { name: 'Folder' }).fill(disk);
    await page.getByRole('button', { name: 'Bring the backups back' }).click();
    await page.getByLabel('Recovery phrase').fill(phrase, { timeout: 60_000 });
    await page.getByRole('button', { name: 'Unlock the backups' }).click();
    const row = page.getByRole('list', { name: 'Sites in the backups' }).getByRole('listitem');
    await expect(row).toContainText('3 backups', { timeout: 60_000 });
    await row.getByRole('link', { name: /^Bring back/ }).click();
    await page.getByLabel('Private key file').fill(key);
    await page.getByRole('button', { name: 'Bring The bakery back' }).click();
    await expect(page.getByText('No run was cut off on The bakery.')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('heading', { name: 'The site is well' })).toBeVisible({ timeout: 90_000 });
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Open The bakery' }).click();
    await expect(page).toHaveURL(new RegExp(`${id}$`));
    await expect(page.getByText('#shop', { exact: true })).toBeVisible();
    await place.go(web, `${site}/backups`);
    await expect(page.locator('.backup-row')).toHaveCount(3);
  });

  await test.step('so it does among all that are chosen, each with the key that is here', async () => {
    const anew = await place.client();
    await anew.sites.remove({ siteId: id, backups: 'keep' });
    await place.go(web, '#/new-computer');
    await page.getByRole('checkbox', { name: 'Choose all that are not here yet' }).check({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Bring 1 site back…' }).click();
    await dialog.getByText('Key file', { exact: true }).click();
    await dialog.getByLabel('Private key file').fill(key);
    await dialog.getByRole('button', { name: 'Bring 1 site back' }).click();
    const row = page.getByRole('list', { name: 'Sites in the backups' }).getByRole('listitem');
    await expect(row.getByText('In the list', { exact: true })).toBeVisible({ timeout: 60_000 });
    await expectAccessible(page);
    expect((await anew.sites.find({ nameOrId: id })).connection).toMatchObject({
      authentication: { kind: 'key', file: key },
    });
  });

  await test.step('it is updated twice, and brought back to the version of the first backup', async () => {
    await update('1.3.0');
    org.offer(numbered('1.4.0'));
    await update('1.4.0');
    await place.go(web, `${site}/backups`);
    await page.locator('.backup-row').last().click();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Roll back versions to this day…' }).click();
    await expect(dialog).toContainText('across 2 updates: 1.4.0 → 1.3.0 → 1.2.0', { timeout: 60_000 });
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Roll back Opening Hours to 1.2.0' }).click();
    await done(/^Roll back Opening Hours/);
    expect(wp.versionOf(openingHours.old)).toBe('1.2.0');
    expect(await wp.page()).toMatchObject({
      status: 200,
      text: expect.stringContaining('(1.2.0)'),
    });
  });
});
