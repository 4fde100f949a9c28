import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ElectronApplication, type Page, _electron, expect, test } from '@playwright/test';
import { installedElectron } from '../setup/electron.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const executablePath = installedElectron() ?? '';
const hasScreen =
  process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);

test.describe('the desktop app in the real Electron', () => {
  const why =
    executablePath === '' ? 'the Electron binary is not here (npx install-electron)' : 'there is no screen';
  if (executablePath === '' || !hasScreen)
    console.warn(`\n  !!  NOT RUN: the tests of the desktop app in the real Electron: ${why}.\n`);
  test.skip(executablePath === '' || !hasScreen, why);
  test.describe.configure({ mode: 'serial' });

  let folder: string;
  let app: ElectronApplication;
  let page: Page;

  test.beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'groundskeeper-electron-'));
    app = await _electron.launch({
      executablePath,
      args: [PROJECT, `--user-data-dir=${folder}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    });
    page = await app.firstWindow();
  });
  test.afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('the sandboxed page reaches the app over its one port', async () => {
    await expect(page.getByRole('heading', { name: 'No sites yet' })).toBeVisible();
    expect(page.url()).toContain('app://groundskeeper/');
    expect(await page.evaluate<string>('typeof require + typeof process')).toBe('undefinedundefined');
  });

  test('the content policy holds', async () => {
    await expect(page.evaluate<unknown>('eval("1")')).rejects.toThrow(/unsafe-eval/);
  });

  test('what the engine needs is in this Electron: SQLite, zstd, AES-GCM, scrypt, Ed25519', async () => {
    const found = await app.evaluate(async () => {
      const crypto = process.getBuiltinModule('node:crypto');
      const zlib = process.getBuiltinModule('node:zlib');
      const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
      const row = new DatabaseSync(':memory:').prepare('select 1 + 1 as two').get();
      return {
        two: row?.['two'],
        zstd: zlib.zstdDecompressSync(zlib.zstdCompressSync(Buffer.from('x'))).toString(),
        gcm: crypto.getCiphers().includes('aes-256-gcm'),
        scrypt: crypto.scryptSync('a', 'b', 32).length,
        ed25519: crypto.generateKeyPairSync('ed25519').publicKey.asymmetricKeyType,
      };
    });
    expect(found).toEqual({ two: 2, zstd: 'x', gcm: true, scrypt: 32, ed25519: 'ed25519' });
  });

  test('closing hides the window, and the app stays', async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())).toBe(
      false,
    );
  });
});
