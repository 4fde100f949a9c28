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
