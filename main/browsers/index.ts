/** Browsers that are installed on this computer, as far as taking pictures needs them. */
export { installedBrowser, type InstalledBrowser, type Page } from './installed-browser.ts';
export { findBrowser } from './find-browser.ts';
