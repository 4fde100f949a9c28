import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readCompiledCode } from '../../main/updates/compiled-code.ts';
import { anSshHost, aWordPressSite } from '../rig/index.ts';

const OFFLINE = path.resolve(import.meta.dirname, '../../resources/platforms/wordpress/offline.sh');

it('PHP is told to forget, and only who knows the secret is heard; nothing of the site runs in that request', async () => {
  await using host = await anSshHost();
  await using wp = await aWordPressSite({ on: host, database: 'sqlite' });
  const ran = path.join(host.account.home, 'ran');
  wp.write(
    'wp-content/mu-plugins/note.php',
    `<?php @file_put_contents(${JSON.stringify(ran)}, 'x', FILE_APPEND);`,
  );
  const digest = createHash('sha256').update('the secret').digest('hex');
  execFileSync('sh', [OFFLINE], { env: { ...process.env, root: wp.root, digest, now: '0' } });
  const ask = async (secret: string, how?: string) => {
    fs.rmSync(ran, { force: true });
    const headers = {
      'x-groundskeeper': secret,
      ...(how === undefined ? {} : { 'x-groundskeeper-forget': how }),
    };
    const answer = await fetch(`${wp.url}/`, { headers });
    const said = readCompiledCode(answer.headers.get('x-groundskeeper') ?? undefined);
    return { status: answer.status, bytes: (await answer.text()).length, said, ran: fs.existsSync(ran) };
  };

  expect(await ask('the secret')).toMatchObject({ status: 200, said: null, ran: true });
  const heard = { forgotten: true, neverLooks: false };
  expect(await ask('the secret', 'forget')).toMatchObject({ status: 200, bytes: 0, said: heard, ran: false });
  expect(await ask('another', 'forget')).toMatchObject({ status: 200, said: null, ran: true });
});

it('only what changed is forgotten: at once, and neither the rest of the site nor another on the same server', async () => {
  await using host = await anSshHost();
  await using wp = await aWordPressSite({ on: host, database: 'sqlite' });
  const digest = createHash('sha256').update('the secret').digest('hex');
  const code = (word: string) => `<?php add_action('wp_head', function () { echo '<!-- ${word} -->'; });`;
  wp.write('wp-content/mu-plugins/word.php', code('the first'));
  wp.write('elsewhere.php', "<?php echo 'another site';");
  // What was forgotten is listed on, as one of no time.
  wp.write(
    'kept.php',
    "<?php foreach (opcache_get_status(true)['scripts'] as $file => $one) if ($one['timestamp'] > 0) echo $file, ' ';",
  );
  const kept = async () => (await (await fetch(`${wp.url}/kept.php`)).text()).split(' ').sort();
  const text = async () => (await wp.page('/')).text;
  // What was written in the last two seconds is not kept compiled.
  execFileSync('find', [wp.root, '-name', '*.php', '-exec', 'touch', '-d', '1 hour ago', '{}', '+']);
  await wp.page('/elsewhere.php');
  expect(await text()).toContain('the first');
  const before = await kept();

  const word = path.join(wp.root, 'wp-content/mu-plugins/word.php');
  wp.write('wp-content/mu-plugins/word.php', code('the second'));
  // As a tree that was kept: older than what it takes the place of.
  fs.utimesSync(word, 1_000_000_000, 1_000_000_000);
  execFileSync('sh', [OFFLINE], { env: { ...process.env, root: wp.root, digest, now: '0' } });
  const answer = await fetch(`${wp.url}/`, {
    headers: { 'x-groundskeeper': 'the secret', 'x-groundskeeper-forget': 'forget' },
  });
  expect(readCompiledCode(answer.headers.get('x-groundskeeper') ?? undefined)?.forgotten).toBe(true);
  const after = await kept();

  expect(before.length).toBeGreaterThan(100);
  expect(before.filter((file) => !after.includes(file))).toEqual([word]);
  expect(await text()).toContain('the second');
});
