import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../main/backups/index.ts';
import type { Site } from '../../main/sites/index.ts';
import {
  anApp,
  anSshHost,
  aWordPressSite,
  type SshHost,
  type TestApp,
  type WordPressSite,
} from '../rig/index.ts';

let host: SshHost;
let a: WordPressSite;
let b: WordPressSite;
let app: TestApp;
let siteA: Site;
let siteB: Site;
beforeAll(async () => {
  host = await anSshHost();
  a = await aWordPressSite({ on: host });
  b = await aWordPressSite({ on: host, title: 'Staging' });
  a.php(`
    update_option('widget_text', array(2 => array('title' => 'é', 'text' => '<a href="${a.url}/menu">menu</a> ${a.root}/x'), '_multiwidget' => 1));
    wp_insert_post(array('post_title' => 'Bread', 'post_status' => 'publish', 'post_name' => 'bread', 'post_content' => '${a.url}/bread.png'));`);
  app = await anApp(null);
  siteA = await app.add(a, host, 'Bakery');
  siteB = await app.add(b, host, 'Staging');
});
afterAll(async () => {
  await app.close();
  await Promise.all([a.stop(), b.stop()]);
  await host.stop();
});

async function backUp(): Promise<Backup> {
  await app.ended(await app.client.backups.start({ siteId: siteA.id }));
  const [made] = await app.client.backups.list({ siteId: siteA.id });
  return made ?? expect.fail('no backup');
}
const restore = async ({ id }: Backup) =>
  app.ended(await app.client.backups.restore({ backupId: id, to: { kind: 'site', siteId: siteB.id } }));

describe('a site on SQLite', () => {
  it('comes to another one on SQLite, which keeps its configuration and its way to its database', async () => {
    const backup = await backUp();
    const before = [b.files(), b.dump()];
    const found = await app.client.backups.elsewhere({ backupId: backup.id, siteId: siteB.id });
    expect(found.blockers).toEqual([]);
    expect(found.files.stays).toContain('wp-content/database/.ht.sqlite');
    expect(found.database?.moves).toContainEqual({ kind: 'url', from: a.url, to: b.url });
    expect([b.files(), b.dump()]).toEqual(before);
    const own = ['wp-config.php', 'wp-content/db.php'].map((name) =>
      fs.readFileSync(path.join(b.root, name), 'utf8'),
    );

    expect(await restore(backup)).toMatchObject({ problem: null, state: 'done' });
    expect(
      ['wp-config.php', 'wp-content/db.php'].map((name) => fs.readFileSync(path.join(b.root, name), 'utf8')),
    ).toEqual(own);
    const front = await b.page('/');
    expect(front).toMatchObject({ status: 200, text: expect.stringContaining('Hollyhock Bakery') as string });
    expect(front.text).not.toContain(a.url);
    expect(
      b.php(
        "$widgets = get_option('widget_text'); echo json_encode(array(get_option('home'), $widgets[2]['text'], get_page_by_path('bread', OBJECT, 'post')->post_content), JSON_UNESCAPED_SLASHES);",
      ),
    ).toBe(JSON.stringify([b.url, `<a href="${b.url}/menu">menu</a> ${b.root}/x`, `${b.url}/bread.png`]));
    b.sql("UPDATE wp_posts SET guid = '';");
    expect(b.dump()).not.toContain(a.url);
  });

  it('with which the other one is not well is taken back from there, byte for byte', async () => {
    a.write(
      'wp-content/mu-plugins/dies.php',
      `<?php if (strpos(__DIR__, '${b.root}') === 0) { http_response_code(500); die('Fatal error: no'); }`,
    );
    const before = [b.files(), b.dump()];
    expect(await restore(await backUp())).toMatchObject({ state: 'rolled-back' });
    expect([b.files(), b.dump()]).toEqual(before);
  });

  it('is refused where both use the same file', async () => {
    const file = 'wp-content/database';
    fs.rmSync(path.join(b.root, file), { recursive: true });
    fs.symlinkSync(path.join(a.root, file), path.join(b.root, file));
    const [backup] = await app.client.backups.list({ siteId: siteA.id });
    const plan = await app.client.backups.elsewhere({
      backupId: backup?.id ?? expect.fail('no backup'),
      siteId: siteB.id,
    });
    expect(plan.blockers[0]).toMatchObject({ code: 'same-database' });
  });
});
