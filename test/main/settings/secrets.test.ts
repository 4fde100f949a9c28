import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  headlessKeychain,
  openSecrets,
  passphraseKeychain,
  sessionKeychain,
} from '../../../main/settings/index.ts';
import { aTempFolder } from '../../rig/index.ts';
import { aJsonFile } from '../samples.ts';

const temp = aTempFolder('secrets');
afterAll(() => temp.remove());
const keychain = passphraseKeychain('correct horse');

describe('a keychain with a passphrase', () => {
  it('opens what it sealed, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        async (secret) => {
          expect(await keychain.open(await keychain.seal(secret))).toBe(secret);
        },
      ),
    );
  });

  it('opens with the same passphrase in another process, typed in another form of Unicode', async () => {
    const sealed = await passphraseKeychain('Bäcker').seal('secret');
    expect(await passphraseKeychain('Ba\u0308cker').open(sealed)).toBe('secret');
  });

  it('does not open with another passphrase', async () => {
    const sealed = await keychain.seal('secret');
    await expect(passphraseKeychain('wrong horse').open(sealed)).rejects.toMatchObject({
      code: 'wrong-passphrase',
      todo: expect.stringContaining('GROUNDSKEEPER_PASSPHRASE') as string,
    });
  });

  it('does not open what was changed or cut, anywhere', async () => {
    const sealed = await keychain.seal('a secret that somebody changes');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 16, max: sealed.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const changed = Buffer.from(sealed);
          changed.writeUInt8(sealed.readUInt8(at) ^ change, at);
          await expect(keychain.open(changed)).rejects.toMatchObject({ code: 'wrong-passphrase' });
          await expect(keychain.open(sealed.subarray(0, at))).rejects.toMatchObject({
            code: 'wrong-passphrase',
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never seals the same twice', async () => {
    expect((await keychain.seal('secret')).equals(await keychain.seal('secret'))).toBe(false);
  });
});

describe('secrets', () => {
  it('rest sealed and are read again after a restart', async () => {
    const file = aJsonFile();
    await openSecrets(file, keychain).set('site_x:password:0', 'hunter2');
    expect(JSON.stringify(file.get('sealed'))).not.toContain('hunter2');
    expect(JSON.stringify(file.get('sealed'))).not.toContain(Buffer.from('hunter2').toString('base64'));
    expect(await openSecrets(file, keychain).get('site_x:password:0')).toBe('hunter2');
  });

  it('that nobody saved are null', async () => {
    expect(await openSecrets(aJsonFile(), keychain).get('site_x:password:0')).toBeNull();
  });

  it('of one site are forgotten, of the others kept', async () => {
    const file = aJsonFile();
    const secrets = openSecrets(file, keychain);
    await secrets.set('site_x:password:0', 'a');
    await secrets.set('site_y:password:0', 'b');
    secrets.forget('site_x:');
    expect([await secrets.get('site_x:password:0'), await secrets.get('site_y:password:0')]).toEqual([
      null,
      'b',
    ]);
    expect(await openSecrets(file, keychain).get('site_x:password:0')).toBeNull();
  });

  it('are written nowhere without a keychain, and known until the end', async () => {
    const file = aJsonFile();
    const secrets = openSecrets(file, sessionKeychain());
    await secrets.set('site_x:password:0', 'hunter2');
    expect([await secrets.get('site_x:password:0'), file.get('sealed')]).toEqual(['hunter2', undefined]);
  });
});

describe('without a desktop', () => {
  it('the passphrase comes from the environment, or from the service manager', async () => {
    fs.writeFileSync(path.join(temp.path, 'groundskeeper-passphrase'), 'correct horse\n');
    const sealed = await keychain.seal('secret');
    expect(await headlessKeychain({ GROUNDSKEEPER_PASSPHRASE: 'correct horse' }).open(sealed)).toBe('secret');
    expect(await headlessKeychain({ CREDENTIALS_DIRECTORY: temp.path }).open(sealed)).toBe('secret');
  });

  it.each([{}, { GROUNDSKEEPER_PASSPHRASE: '' }, { CREDENTIALS_DIRECTORY: '/nowhere' }])(
    'there is no keychain otherwise: %j',
    (environment) => {
      expect(headlessKeychain(environment)).toMatchObject({
        kind: 'session',
        warning: expect.stringContaining('written nowhere') as string,
      });
    },
  );
});
