import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Run } from '../../../../main/api/index.ts';
import {
  answerFrom,
  startAtLogin,
  systemKeychain,
  toaster,
  trayImage,
  trayView,
  wordsFor,
} from '../../../../main/shells/desktop/index.ts';
import { sampleSite } from '../../../e2e/fake/fleet.ts';
import { SampleRuns } from '../../../e2e/fake/runs.ts';
import { Notification, safeStorage } from './electron.ts';

const NOW = 1_795_000_000_000;
const words = wordsFor('en', 'en');
const fleet = Array.from({ length: 7 }, (_, index) => sampleSite(index, NOW).summary);

describe('the tray', () => {
  it('names what waits and what is in trouble, and counts both', () => {
    const view = trayView(fleet, [], words);
    const updates = fleet.reduce((sum, one) => sum + one.waiting.fitting, 0);
    expect(view.icon).toBe('trouble');
    expect(view.badge).toBe(updates + 1);
    expect(view.items[0]).toEqual({ kind: 'note', label: '1 site in trouble' });
    expect(view.items).toContainEqual({
      kind: 'act',
      label: `Lindqvist Bakery (${fleet[3]?.waiting.fitting})`,
      act: { do: 'open', place: '/sites/site_000000000003' },
    });
  });

  it('lists what runs, with how far it is', () => {
    const runs = new SampleRuns(() => {}, 1000);
    const run: Run = {
      ...runs.record('update', null, 'Update Akismet', NOW, 'done'),
      siteName: 'Molen & Sons',
      endedAt: null,
      progress: { what: '', done: 1, total: 4, unit: 'steps' },
    };
    const view = trayView([], [run], words);
    expect(view.icon).toBe('working');
    expect(view.items).toContainEqual({
      kind: 'act',
      label: 'Molen & Sons: Update Akismet 25 %',
      act: { do: 'open', place: `/runs/${run.id}` },
    });
  });

  it('has a picture for every view', async () => {
    const resources = path.resolve(import.meta.dirname, '../../../../resources');
    for (const platform of ['linux', 'win32', 'darwin'] as const) {
      for (const icon of ['calm', 'waiting', 'working', 'trouble'] as const) {
        for (const badge of [0, 1, 9, 10, 4000]) {
          const file = trayImage(resources, { icon, badge, tooltip: '', items: [] }, platform);
          expect((await readFile(file)).subarray(1, 4).toString()).toBe('PNG');
        }
      }
    }
  });
});

describe('the keychain', () => {
  it('is the system’s, and seals what it opens', async () => {
    const keychain = await systemKeychain(safeStorage, 'darwin');
    expect(keychain).toMatchObject({ kind: 'system', name: 'macOS Keychain', warning: null });
    const sealed = await keychain?.seal('hunter2');
    expect(sealed?.toString()).not.toContain('hunter2');
    expect(sealed && (await keychain?.open(sealed))).toBe('hunter2');
  });

  it('warns where Linux has only a key that everybody knows', async () => {
    const keychain = await systemKeychain(
      { ...safeStorage, getSelectedStorageBackend: () => 'basic_text' },
      'linux',
    );
    expect(keychain?.kind).toBe('weak');
    expect(keychain?.warning).toContain('no keychain');
  });

  it('is none where nothing can be sealed', async () => {
    expect(
      await systemKeychain(
        { ...safeStorage, isAsyncEncryptionAvailable: () => Promise.resolve(false) },
        'linux',
      ),
    ).toBeNull();
  });

  it('seals again what an old key sealed', async () => {
    const rotating = {
      ...safeStorage,
      decryptStringAsync: () => Promise.resolve({ shouldReEncrypt: true, result: 'hunter2' }),
    };
    const keychain = await systemKeychain(rotating, 'win32');
    let renewed: Buffer | null = null;
    await keychain?.open(Buffer.from('old'), (sealed) => (renewed = sealed));
    expect(renewed).toEqual(await safeStorage.encryptStringAsync('hunter2'));
  });
});

describe('a toast', () => {
  it('leads to what it tells about', () => {
    const went: string[] = [];
    const toast = toaster({
      isSupported: () => true,
      make: (options) => new Notification(options),
      go: (to) => went.push(to),
    });
    toast({ title: 'Molen was rolled back', body: 'The front page answered 500.', to: '/runs/run_1' });
    Notification.all.at(-1)?.emit('click');
    expect(went).toEqual(['/runs/run_1']);
  });
});

describe('starting at login', () => {
  it('writes a desktop entry on Linux, quoted, and takes it away again', async () => {
    const configFolder = await mkdtemp(path.join(os.tmpdir(), 'groundskeeper-autostart-'));
    const file = path.join(configFolder, 'autostart', 'groundskeeper.desktop');
    const needs = {
      app: { setLoginItemSettings: () => {} },
      platform: 'linux' as const,
      configFolder,
      executable: '/opt/My "Apps"/100%.AppImage',
    };
    await startAtLogin(true, needs);
    expect(await readFile(file, 'utf8')).toContain('Exec="/opt/My \\\\"Apps\\\\"/100%%.AppImage" --hidden\n');
    await startAtLogin(false, needs);
    await startAtLogin(false, needs);
    await expect(readFile(file)).rejects.toThrow();
    await rm(configFolder, { recursive: true });
  });
});

describe('the app:// protocol', () => {
  const answer = answerFrom(path.resolve(import.meta.dirname, '../../../../renderer'));
  it('serves our files with the policy, to GET on our host only', async () => {
    const page = await answer({ url: 'app://groundskeeper/', method: 'GET' });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await answer({ url: 'app://evil/', method: 'GET' })).status).toBe(404);
    expect((await answer({ url: 'app://groundskeeper/', method: 'POST' })).status).toBe(404);
    expect((await answer({ url: 'app://groundskeeper/..%2fpackage.json', method: 'GET' })).status).toBe(404);
  });
});
