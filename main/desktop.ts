/** Groundskeeper on the desktop: Electron's real pieces handed to the shell. Nothing else imports `electron`. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  BrowserWindow,
  Menu,
  Notification,
  Tray,
  app as electron,
  dialog,
  ipcMain,
  nativeImage,
  nativeTheme,
  powerMonitor,
  protocol,
  safeStorage,
  shell,
} from 'electron';
import ElectronStore from 'electron-store';
import { openApp } from './app.ts';
import { dataFolderOf } from './installed.ts';
import { type OpenJsonFile, sessionKeychain } from './settings/index.ts';
import {
  HIDDEN,
  OWN_SCHEME,
  SCHEME,
  answerFrom,
  lockDown,
  mainWindow,
  ownBrowser,
  pictureWindowOptions,
  runDesktop,
  serveApi,
  startAtLogin,
  systemKeychain,
  toaster,
  trayIcon,
  trayImage,
  windowOptions,
  wordsFor,
} from './shells/desktop/index.ts';
import { serveSocket } from './shells/terminal/index.ts';
import { asProblem } from './words/index.ts';

const { platform } = process;
const root = electron.getAppPath();
const resources = path.join(root, 'resources');
const devUrl = electron.isPackaged ? null : (process.env['ELECTRON_RENDERER_URL'] ?? null);
const icon = path.join(resources, 'icons', 'icon.png');
const words = () => wordsFor('system', electron.getLocale());

let quitting = false;

// The same folder as for commands in the terminal, which reach this process through it.
const { data } = parseArgs({ options: { data: { type: 'string' } }, strict: false }).values;
electron.setPath('userData', dataFolderOf(typeof data === 'string' ? data : undefined, process.env));

// Windows ties toasts to this id; it must be known before the first one.
electron.setAppUserModelId('dev.groundskeeper.app');
protocol.registerSchemesAsPrivileged([{ scheme: SCHEME.scheme, privileges: SCHEME.privileges }]);

if (electron.requestSingleInstanceLock()) void start();
else electron.quit();

async function start(): Promise<void> {
  await electron.whenReady();
  try {
    await open();
  } catch (thrown) {
    const problem = asProblem(thrown);
    dialog.showErrorBox(problem.message, [problem.answered, problem.todo].filter(Boolean).join('\n\n'));
    electron.exit(1);
  }
}

async function open(): Promise<void> {
  const dataFolder = electron.getPath('userData');
  const app = await openApp({
    dataFolder,
    shell: 'desktop',
    version: electron.getVersion(),
    environment: process.env,
    keychain: (await systemKeychain(safeStorage, platform)) ?? sessionKeychain(),
    files: storesIn(dataFolder),
    resourcesFolder: resources,
    stays: true,
    browser: ownBrowser((partition) => new BrowserWindow(pictureWindowOptions(partition))),
  });
  const socket = await serveSocket(app.router, dataFolder);
  protocol.handle(OWN_SCHEME, answerFrom(path.join(root, 'out', 'renderer')));
  serveApi(ipcMain, app.router, devUrl);

  const window = mainWindow({
    open: newWindow,
    isQuitting: () => quitting,
    onFirstHidden: () =>
      toast({ title: words().say('tray.hidden.title'), body: words().say('tray.hidden.text'), to: '' }),
    devUrl,
  });
  const toast = toaster({
    isSupported: () => Notification.isSupported(),
    make: ({ title, body }) => new Notification({ title, body, icon }),
    go: (to) => window.show(to),
  });
  const tray = trayIcon({
    newTray: (image: Electron.NativeImage) => new Tray(image),
    menuOf: (lines) => Menu.buildFromTemplate([...lines]),
    icon: (view) => nativeImage.createFromPath(trayImage(resources, view, platform)),
    setBadge: (count) => electron.setBadgeCount(count),
    platform,
    act: (act) => desktop.act(act),
  });
  const desktop = runDesktop({
    app,
    window,
    renderTray: (view) => tray.render(view),
    toast,
    locale: electron.getLocale(),
    follow: (preferences) => {
      nativeTheme.themeSource = preferences.theme;
      void startAtLogin(preferences.startAtLogin, {
        app: electron,
        platform,
        configFolder: electron.getPath('appData'),
        executable: process.env['APPIMAGE'] ?? electron.getPath('exe'),
      }).catch(() => {});
    },
    quit: () => electron.quit(),
  });

  electron.on('second-instance', () => window.show());
  electron.on('activate', () => window.show());
  electron.on('window-all-closed', () => {}); // The tray keeps the app alive.
  powerMonitor.on('resume', () => app.resumed());
  electron.on('before-quit', () => (quitting = true));
  electron.on('will-quit', (event) => {
    event.preventDefault();
    void socket
      .close()
      .then(() => desktop.stop())
      .finally(() => electron.exit(0));
  });
  if (!process.argv.includes(HIDDEN)) window.show();
}

function newWindow(): BrowserWindow {
  const fresh = new BrowserWindow({
    ...windowOptions({
      dark: nativeTheme.shouldUseDarkColors,
      preload: path.join(root, 'out', 'preload', 'preload.cjs'),
      ...(platform === 'linux' ? { icon } : {}),
    }),
  });
  lockDown(fresh.webContents, (url) => void shell.openExternal(url));
  return fresh;
}

/** Settings and sites as electron-store keeps them. */
function storesIn(folder: string): OpenJsonFile {
  return (name) =>
    new ElectronStore<Record<string, unknown>>({
      cwd: folder,
      name,
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
      clearInvalidConfig: false,
    });
}
