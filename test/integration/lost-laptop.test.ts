import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anSshHost, aTempFolder, groundskeeper, type TempFolder } from '../rig/index.ts';

let temp: TempFolder;
beforeEach(() => {
  temp = aTempFolder('lost');
});
afterEach(() => temp.remove());

const at = (...parts: string[]) => path.join(temp.path, ...parts);
/** A command on one of two computers: each has a data folder of its own. */
async function on(computer: string, input: string, ...args: string[]) {
  const { code, out, err } = await groundskeeper(at(computer), null, args, input).ended;
  expect({ code, err, out }).toMatchObject({ code: 0 });
  return out;
}

/** A site with a backup on the old computer, and the phrase that opens them. */
async function anOldComputer() {
  fs.mkdirSync(at('site'));
  const pages = { 'index.html': '<h1>Buns</h1>', 'big.bin': crypto.randomBytes(900_000) };
  for (const [name, bytes] of Object.entries(pages)) fs.writeFileSync(at('site', name), bytes);
  await on(
    'old',
    '',
    'sites',
    'add',
    'Bakery',
    '--local',
    '--root',
    at('site'),
    '--platform',
    'files',
    '--url',
    'https://bakery.example/',
  );
  await on('old', '', 'backup', 'Bakery');
  const phrase = /[0-9A-Z-]{35}/.exec(await on('old', '', 'backups', 'phrase'))?.[0] ?? '';
  return { phrase, big: pages['big.bin'] };
}

/** Everything comes back on an empty computer, with nothing but the place and the phrase. */
async function comesBack(phrase: string, big: Buffer, ...place: string[]) {
  fs.rmSync(at('old'), { recursive: true });
  const said = await on('new', '', 'backups', 'bring-back', ...place);
  expect(said).toContain('1 backup brought back');
  expect(said).toContain('recovery phrase');
  await on('new', phrase, 'backups', 'unlock');
  await on('new', '', 'backups', 'restore', 'latest', '--to', at('restored'));
  expect(fs.readFileSync(at('restored', 'index.html'), 'utf8')).toBe('<h1>Buns</h1>');
  expect(fs.readFileSync(at('restored', 'big.bin')).equals(big)).toBe(true);
}

describe('a lost laptop', () => {
  it('loses nothing that was copied to an SSH host', async () => {
    await using host = await anSshHost();
    const { phrase, big } = await anOldComputer();
    const place = [
      '--ssh',
      `${host.user}@${host.host}:${host.port}`,
      '--key',
      host.key.file,
      '--folder',
      'copy',
      '--accept-host-key',
      host.hostKey(),
    ];
    await on('old', '', 'backups', 'copies', 'add', 'NAS', ...place);
    await comesBack(phrase, big, ...place);
  });
});
