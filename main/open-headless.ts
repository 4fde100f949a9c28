import Conf from 'conf';
import { openApp, type App } from './app.ts';
import type { AppInfo } from './api/index.ts';
import { findBrowser, installedBrowser } from './browsers/index.ts';
import { findInstalled } from './installed.ts';
import { confFiles, headlessKeychain } from './settings/index.ts';

/** The app without Electron: settings by `conf`, secrets by a passphrase or for this session only. */
export function openHeadless(options: {
  readonly dataFolder: string;
  readonly shell: AppInfo['shell'];
  readonly stays: boolean;
}): Promise<App> {
  const { version, resourcesFolder } = findInstalled();
  const browser = findBrowser(process.env);
  return openApp({
    ...options,
    version,
    resourcesFolder,
    environment: process.env,
    keychain: headlessKeychain(process.env),
    files: confFiles(Conf, options.dataFolder),
    browser: browser === null ? null : installedBrowser(browser),
  });
}
