/** The desktop shell, in pieces that take what they need of Electron; `main/desktop.ts` puts them together. */
export { serveApi } from './api-port.ts';
export { HIDDEN, startAtLogin } from './autostart.ts';
export { systemKeychain } from './keychain.ts';
export { lockDown } from './lockdown.ts';
export { SCHEME, answerFrom } from './protocol.ts';
export { OWN_SCHEME } from './sender.ts';
export { toaster } from './toasts.ts';
export { trayImage } from './tray-image.ts';
export { trayView } from './tray-view.ts';
export { trayIcon } from './tray.ts';
export { watchApp } from './watch.ts';
export { mainWindow, windowOptions } from './window.ts';
export { wordsFor } from './words.ts';
export { type DesktopApp, runDesktop } from './run.ts';
export type { TrayAct, TrayView } from './tray-view.ts';
export { ownBrowser, pictureWindowOptions, type HiddenWindow } from './own-browser.ts';
