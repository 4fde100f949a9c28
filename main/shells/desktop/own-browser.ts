import type { Browser, DevTools } from '../../updates/index.ts';

/** The part of Electron's `BrowserWindow` that takes pictures. */
export interface HiddenWindow {
  readonly webContents: {
    readonly debugger: {
      attach(version: string): void;
      sendCommand(method: string, parameters?: object): Promise<unknown>;
      on(event: 'message', listener: (event: unknown, method: string, parameters: unknown) => void): unknown;
    };
    setWindowOpenHandler(handler: () => { action: 'deny' }): void;
    readonly session: {
      setProxy(config: { proxyRules: string; proxyBypassRules: string }): Promise<void>;
      setPermissionRequestHandler(
        handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void,
      ): void;
      on(event: 'will-download', listener: (event: { preventDefault(): void }) => void): unknown;
      clearStorageData(): Promise<void>;
    };
    setWebRTCIPHandlingPolicy(policy: 'disable_non_proxied_udp'): void;
  };
  isDestroyed(): boolean;
  destroy(): void;
}

/** A proxy that is nowhere: what the page asks for is answered by us, and all else has no way out. */
const NOWHERE = { proxyRules: 'http://127.0.0.1:9', proxyBypassRules: '<-loopback>' };

/** The options of the window in which pictures are taken: nothing of ours is in it, and nothing of it stays. */
export function pictureWindowOptions(partition: string) {
  return {
    width: 1280,
    height: 800,
    show: false,
    webPreferences: {
      // Without `persist:` it is only in memory.
      partition,
      offscreen: true,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      webSecurity: true,
      disableDialogs: true,
    },
  } as const;
}

/**
 * Electron's own browser, for pictures of sites: a hidden window of a session of its own, without preload and without a network, ended after each use.
 * @param make makes the window with a partition of that name
 */
export function ownBrowser(make: (partition: string) => HiddenWindow): Browser {
  let number = 0;
  return {
    async open(signal) {
      signal.throwIfAborted();
      number += 1;
      const window = make(`pictures-${number}`);
      const { webContents } = window;
      const { session, debugger: tools } = webContents;
      const end = () => {
        if (!window.isDestroyed()) window.destroy();
      };
      signal.addEventListener('abort', end, { once: true });
      try {
        await session.setProxy(NOWHERE);
        session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
        session.on('will-download', (event) => event.preventDefault());
        webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
        webContents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
        tools.attach('1.3');
      } catch {
        end();
        signal.throwIfAborted();
        return null;
      }
      const listeners = new Map<string, (parameters: unknown) => void>();
      tools.on('message', (_event, method, parameters) => listeners.get(method)?.(parameters));
      const page: DevTools = {
        send: (method, parameters = {}) => tools.sendCommand(method, parameters),
        on: (event, listener) => void listeners.set(event, listener),
        async close() {
          signal.removeEventListener('abort', end);
          await session.clearStorageData().catch(() => {});
          end();
        },
      };
      return page;
    },
  };
}
