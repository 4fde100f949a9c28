import { rm } from 'node:fs/promises';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../../../main/api/index.ts';
import {
  BrowserWindow,
  Tray,
  app,
  channel,
  ipcMain,
  nativeTheme,
  powerMonitor,
  protocol,
  shell,
  userData,
} from './electron.ts';

const OURS = { url: 'app://groundskeeper/', parent: null };

function theWindow(): BrowserWindow {
  const [first] = BrowserWindow.all;
  if (first === undefined) throw new Error('There is no window.');
  return first;
}

async function theTray(): Promise<Tray> {
  await vi.waitFor(() => expect(Tray.all).toHaveLength(1), { timeout: 10_000 });
  const [first] = Tray.all;
  if (first === undefined) throw new Error('There is no tray.');
  return first;
}

function clientFrom(frame: { url: string; parent: unknown } | null) {
  const { ours, theirs } = channel();
  ipcMain.emit('groundskeeper:port', { senderFrame: frame, ports: [theirs] });
  ours.start();
  const client: Client = createORPCClient(new RPCLink({ port: ours }));
  return { client, theirs };
}

describe('the desktop app, on a stand-in for Electron', () => {
  beforeAll(async () => {
    await import('../../../../main/desktop.ts');
    await vi.waitFor(() => expect(BrowserWindow.all).toHaveLength(1), { timeout: 15_000 });
  });
  afterAll(() => rm(userData, { recursive: true, force: true }));

  it('opens one window, sandboxed and isolated', () => {
    expect(theWindow().options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
    expect(theWindow().urls).toEqual(['app://groundskeeper/']);
    expect(theWindow().visible).toBe(true);
  });

  it('registers its scheme so that other origins cannot read from it', () => {
    expect(protocol.schemes).toMatchObject([
      {
        scheme: 'app',
        privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true },
      },
    ]);
    expect(protocol.schemes[0]?.privileges?.bypassCSP).toBeUndefined();
    expect(protocol.handlers.has('app')).toBe(true);
  });

  it('answers its own page over the port', async () => {
    const { client } = clientFrom(OURS);
    const info = await client.app.info({});
    expect(info).toMatchObject({
      shell: 'desktop',
      dataFolder: userData,
      keychain: { kind: 'system', name: 'GNOME Keyring' },
    });
    expect(await client.sites.list({})).toEqual([]);
  });

  it.each([
    ['a page of somebody else', { url: 'https://evil.example/', parent: null }],
    ['a frame inside our page', { url: 'app://groundskeeper/', parent: {} }],
    ['another host of our scheme', { url: 'app://evil/', parent: null }],
    ['a frame that is gone', null],
  ])('closes the port of %s', (_who, frame) => {
    const { theirs } = clientFrom(frame);
    expect(theirs.closed).toBe(true);
    expect(theirs.started).toBe(false);
  });

  it('denies permissions, navigation and windows; a web link goes to the browser', () => {
    const { webContents } = theWindow();
    let granted = true;
    webContents.session.permissions?.((answer) => (granted = answer));
    expect(granted).toBe(false);
    expect(webContents.session.checks?.()).toBe(false);

    let prevented = false;
    webContents.emit('will-navigate', { preventDefault: () => (prevented = true) });
    expect(prevented).toBe(true);

    for (const url of [
      'https://client.example/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'smb://host/x',
      'https://user:pw@host/',
    ]) {
      expect(webContents.openWindow?.({ url } as Electron.HandlerDetails)).toEqual({ action: 'deny' });
    }
    expect(shell.opened).toEqual(['https://client.example/']);
  });

  it('hides on close and comes back from the tray, at the place that was chosen', async () => {
    expect(theWindow().closeByUser()).toBe(false);
    expect(theWindow().visible).toBe(false);
    (await theTray()).choose('Open Groundskeeper');
    expect(theWindow().visible).toBe(true);
    expect(BrowserWindow.all).toHaveLength(1);
  });

  it('shows its window when it is started a second time', () => {
    theWindow().closeByUser();
    app.emit('second-instance');
    expect(theWindow().visible).toBe(true);
  });

  it('shows in the tray what is the case, and draws only what differs', async () => {
    const tray = await theTray();
    await vi.waitFor(() => expect(tray.tooltip).toBe('Groundskeeper – Everything is up to date'));
    expect(tray.icon.file).toContain('calm.png');
    expect(tray.menu.map(({ label }) => label)).toEqual([
      'Everything is up to date',
      undefined,
      'Check now',
      'Open Groundskeeper',
      undefined,
      'Quit',
    ]);
    const before = tray.menusSet;
    const { client } = clientFrom(OURS);
    await client.preferences.set({ checks: { atOnce: 8 } });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(tray.menusSet).toBe(before);
  });

  it('follows the theme and the language that are chosen', async () => {
    const { client } = clientFrom(OURS);
    await client.preferences.set({ theme: 'dark', language: 'ja' });
    await vi.waitFor(() => expect(nativeTheme.themeSource).toBe('dark'), { timeout: 3000 });
    expect((await theTray()).menu.some(({ label }) => label === '終了')).toBe(true);
    await client.preferences.set({ theme: 'system', language: 'en' });
  });

  it('survives the computer waking up', () => {
    expect(() => powerMonitor.emit('resume')).not.toThrow();
  });

  it('quits from the tray: the app is closed first', async () => {
    await vi.waitFor(
      async () => expect((await theTray()).menu.some(({ label }) => label === 'Quit')).toBe(true),
      { timeout: 3000 },
    );
    (await theTray()).choose('Quit');
    expect(theWindow().closeByUser()).toBe(true);
    await vi.waitFor(() => expect(app.exited).toBe(0), { timeout: 10_000 });
  });
});
