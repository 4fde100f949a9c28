/**
 * A stand-in for Electron, typed by Electron's own types: a signature that Electron does not have does not
 * compile. It records what it is told, and passes messages as structured clones, as the real one does.
 */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type Electron from 'electron';

const project = path.resolve(import.meta.dirname, '../../../..');
export const userData = mkdtempSync(path.join(os.tmpdir(), 'groundskeeper-desktop-'));
// Nothing of the user's is touched: the app keeps its data there too.
process.env['GROUNDSKEEPER_DATA'] = userData;
process.on('exit', () => rmSync(userData, { recursive: true, force: true }));

class StandInApp extends EventEmitter {
  lock = true;
  exited: number | null = null;
  badge = 0;
  loginItems: Electron.Settings[] = [];
  isPackaged = true;
  name = 'Groundskeeper';
  whenReady = () => Promise.resolve();
  requestSingleInstanceLock = () => this.lock;
  getAppPath = () => project;
  getVersion = () => '0.1.0';
  getLocale = () => 'en-GB';
  getName = () => this.name;
  folders = new Map([['userData', userData]]);
  getPath = (name: string) => this.folders.get(name) ?? path.join(userData, name);
  setPath = (name: string, folder: string) => void this.folders.set(name, folder);
  setAppUserModelId = (_id: string) => {};
  setLoginItemSettings = (settings: Electron.Settings) => void this.loginItems.push(settings);
  setBadgeCount = (count?: number) => {
    this.badge = count ?? 0;
    return true;
  };
  quit = () => {
    this.emit('before-quit', { preventDefault() {} });
    let prevented = false;
    this.emit('will-quit', { preventDefault: () => (prevented = true) });
    if (!prevented) this.exited = 0;
  };
  exit = (code?: number) => void (this.exited = code ?? 0);
}
export const app = new StandInApp();
app satisfies Pick<
  Electron.App,
  | 'exit'
  | 'getAppPath'
  | 'getLocale'
  | 'getName'
  | 'getPath'
  | 'getVersion'
  | 'isPackaged'
  | 'quit'
  | 'requestSingleInstanceLock'
  | 'setAppUserModelId'
  | 'setBadgeCount'
  | 'setLoginItemSettings'
  | 'setPath'
  | 'whenReady'
>;

class StandInSession {
  permissions: ((granted: (answer: boolean) => void) => void) | null = null;
  setPermissionRequestHandler = (handler: ((...all: never[]) => void) | null) => {
    this.permissions = (granted) =>
      (handler as unknown as (a: null, b: string, c: typeof granted) => void)(null, 'media', granted);
  };
  checks: (() => boolean) | null = null;
  setPermissionCheckHandler = (handler: (() => boolean) | null) => void (this.checks = handler);
  setDevicePermissionHandler = (_handler: (() => boolean) | null) => {};
}

class StandInContents extends EventEmitter {
  readonly session = new StandInSession();
  openWindow: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | null = null;
  setWindowOpenHandler = (
    handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse,
  ) => {
    this.openWindow = handler;
  };
}
StandInContents.prototype satisfies Pick<Electron.WebContents, 'listenerCount'>;

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly webContents = new StandInContents();
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly urls: string[] = [];
  visible = false;
  minimized = false;
  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
  }
  loadURL = (url: string) => {
    this.urls.push(url);
    if (this.urls.length === 1) queueMicrotask(() => this.emit('ready-to-show'));
    return Promise.resolve();
  };
  show = () => void (this.visible = true);
  hide = () => void (this.visible = false);
  focus = () => {};
  restore = () => void (this.minimized = false);
  isMinimized = () => this.minimized;
  isDestroyed = () => false;
  /** What a click on the window's close button does. */
  closeByUser(): boolean {
    let closed = true;
    this.emit('close', { preventDefault: () => (closed = false) });
    return closed;
  }
}
BrowserWindow.prototype satisfies object;
({}) as BrowserWindow satisfies Pick<
  Electron.BrowserWindow,
  'focus' | 'hide' | 'isDestroyed' | 'isMinimized' | 'loadURL' | 'restore' | 'show'
>;

type Icon = { readonly file: string };
export const nativeImage = { createFromPath: (file: string): Icon => ({ file }) };

export class Tray extends EventEmitter {
  static readonly all: Tray[] = [];
  icon: Icon;
  menu: readonly Electron.MenuItemConstructorOptions[] = [];
  menusSet = 0;
  tooltip = '';
  constructor(icon: Icon) {
    super();
    this.icon = icon;
    Tray.all.push(this);
  }
  setImage = (icon: Icon) => void (this.icon = icon);
  setToolTip = (text: string) => void (this.tooltip = text);
  setTitle = (_text: string) => {};
  setContextMenu = (menu: readonly Electron.MenuItemConstructorOptions[]) => {
    this.menu = menu;
    this.menusSet += 1;
  };
  choose(label: string): void {
    const item = this.menu.find((one) => one.label === label);
    if (item?.click === undefined)
      throw new Error(`The tray has no “${label}”: ${this.menu.map((one) => one.label).join(', ')}`);
    (item.click as unknown as () => void)();
  }
}
({}) as Tray satisfies Pick<Electron.Tray, 'setToolTip' | 'setTitle'>;

export const Menu = {
  buildFromTemplate: (lines: Electron.MenuItemConstructorOptions[]) => lines,
};

export class Notification extends EventEmitter {
  static readonly all: Notification[] = [];
  static isSupported = () => true;
  readonly options: Electron.NotificationConstructorOptions;
  constructor(options: Electron.NotificationConstructorOptions = {}) {
    super();
    this.options = options;
  }
  show = () => void Notification.all.push(this);
}
({}) as Notification satisfies Pick<Electron.Notification, 'show'>;
Notification satisfies Pick<typeof Electron.Notification, 'isSupported'>;

export const protocol = {
  schemes: [] as Electron.CustomScheme[],
  handlers: new Map<string, (request: Request) => Response | Promise<Response>>(),
  registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]) => void protocol.schemes.push(...schemes),
  handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>) => {
    protocol.handlers.set(scheme, handler);
  },
};
protocol satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged'>;

export const safeStorage = {
  backend: 'gnome_libsecret' as ReturnType<Electron.SafeStorage['getSelectedStorageBackend']>,
  available: true,
  rotated: false,
  isAsyncEncryptionAvailable: () => Promise.resolve(safeStorage.available),
  encryptStringAsync: (plain: string) =>
    Promise.resolve(Buffer.from(plain).map((byte) => byte ^ 0x55) as Buffer),
  decryptStringAsync: (sealed: Buffer) =>
    Promise.resolve({
      shouldReEncrypt: safeStorage.rotated,
      result: Buffer.from(sealed.map((byte) => byte ^ 0x55)).toString(),
    }),
  getSelectedStorageBackend: () => safeStorage.backend,
};
safeStorage satisfies Pick<
  Electron.SafeStorage,
  'decryptStringAsync' | 'encryptStringAsync' | 'getSelectedStorageBackend' | 'isAsyncEncryptionAvailable'
>;

/** One end of a channel as the main process has it. What is posted is cloned, so what can't be throws. */
export class Port extends EventEmitter {
  other: Port | null = null;
  started = false;
  closed = false;
  #waiting: unknown[] = [];
  postMessage = (message: unknown) => this.other?.take(structuredClone(message));
  start = () => {
    this.started = true;
    for (const message of this.#waiting.splice(0)) this.emit('message', { data: message, ports: [] });
  };
  close = () => {
    this.closed = true;
    this.other?.emit('close');
  };
  take(message: unknown): void {
    if (this.started) queueMicrotask(() => this.emit('message', { data: message, ports: [] }));
    else this.#waiting.push(message);
  }
}
({}) as Port satisfies Pick<Electron.MessagePortMain, 'close' | 'postMessage' | 'start'>;

export function channel(): { ours: Port; theirs: Port } {
  const [ours, theirs] = [new Port(), new Port()];
  ours.other = theirs;
  theirs.other = ours;
  return { ours, theirs };
}

export const ipcMain = new EventEmitter();
export const powerMonitor = new EventEmitter();
export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false };
nativeTheme satisfies Pick<Electron.NativeTheme, 'shouldUseDarkColors'>;
export const shell = {
  opened: [] as string[],
  openExternal: (url: string) => {
    shell.opened.push(url);
    return Promise.resolve();
  },
};
shell satisfies Pick<Electron.Shell, 'openExternal'>;
export const dialog = {
  errors: [] as string[],
  showErrorBox: (title: string, _content: string) => void dialog.errors.push(title),
};
dialog satisfies Pick<Electron.Dialog, 'showErrorBox'>;
/** electron-store asks for these. */
export const ipcRenderer = undefined;
export default {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  ipcRenderer,
  Menu,
  nativeImage,
  nativeTheme,
  Notification,
  powerMonitor,
  protocol,
  safeStorage,
  shell,
  Tray,
};
