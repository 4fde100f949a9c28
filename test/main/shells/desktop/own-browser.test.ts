import { describe, expect, it } from 'vitest';
import {
  ownBrowser,
  pictureWindowOptions,
  type HiddenWindow,
} from '../../../../main/shells/desktop/index.ts';

/** Electron's window, as far as it is used, writing down what is done to it. */
function aWindow(attach: () => void = () => {}) {
  const done: string[] = [];
  let tell: (event: unknown, method: string, parameters: unknown) => void = () => {};
  let destroyed = false;
  const window: HiddenWindow = {
    webContents: {
      debugger: {
        attach,
        sendCommand: async (method, parameters) => ({ method, parameters }),
        on: (_event, listener) => void (tell = listener),
      },
      setWindowOpenHandler: (handler) => void done.push(`windows: ${handler().action}`),
      setWebRTCIPHandlingPolicy: (policy) => void done.push(policy),
      session: {
        setProxy: async ({ proxyRules }) => void done.push(`proxy ${proxyRules}`),
        setPermissionRequestHandler: (handler) =>
          handler(null, 'camera', (granted) => done.push(`permission: ${granted}`)),
        on: (_event, listener) => listener({ preventDefault: () => done.push('no download') }),
        clearStorageData: async () => void done.push('cleared'),
      },
    },
    isDestroyed: () => destroyed,
    destroy: () => void (destroyed = true),
  };
  return { window, done, tell: (method: string, said: unknown) => tell(null, method, said) };
}

describe('Electron’s own browser', () => {
  it('has no network, no rights and a session of its own that leaves nothing', async () => {
    const made: string[] = [];
    const { window, done } = aWindow();
    const browser = ownBrowser((partition) => {
      made.push(partition);
      return window;
    });
    const page = await browser.open(new AbortController().signal);
    expect(done).toEqual([
      'proxy http://127.0.0.1:9',
      'permission: false',
      'no download',
      'windows: deny',
      'disable_non_proxied_udp',
    ]);
    await page?.close();
    expect(done.at(-1)).toBe('cleared');
    expect(window.isDestroyed()).toBe(true);
    expect(made[0]).not.toMatch(/^persist:/);
    expect(pictureWindowOptions('pictures-1').webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
    });
    expect(pictureWindowOptions('pictures-1').webPreferences).not.toHaveProperty('preload');
  });

  it('speaks the protocol, and tells what it hears', async () => {
    const { window, tell } = aWindow();
    const page = await ownBrowser(() => window).open(new AbortController().signal);
    const heard: unknown[] = [];
    page?.on('Page.loadEventFired', (said) => heard.push(said));
    tell('Page.loadEventFired', { timestamp: 1 });
    tell('Page.other', {});
    expect(heard).toEqual([{ timestamp: 1 }]);
    expect(await page?.send('Page.enable')).toEqual({ method: 'Page.enable', parameters: {} });
  });

  it('that cannot be spoken to is none, and ends with what wanted it', async () => {
    const broken = aWindow(() => {
      throw new Error('another debugger is attached');
    });
    expect(await ownBrowser(() => broken.window).open(new AbortController().signal)).toBeNull();
    expect(broken.window.isDestroyed()).toBe(true);

    const { window } = aWindow();
    const cancel = new AbortController();
    await ownBrowser(() => window).open(cancel.signal);
    cancel.abort();
    expect(window.isDestroyed()).toBe(true);
  });
});
