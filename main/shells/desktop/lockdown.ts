/** The parts of Electron's `Session` and `WebContents` that are closed here. */
type Permissions = {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: unknown, answer: (granted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(handler: () => boolean): void;
  setDevicePermissionHandler(handler: () => boolean): void;
};
type Contents = {
  readonly session: Permissions;
  on(event: 'will-navigate', listener: (event: { preventDefault(): void }) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: { preventDefault(): void }) => void): unknown;
  setWindowOpenHandler(handler: (details: { url: string }) => { action: 'deny' }): void;
};

/**
 * Takes from a page everything that the renderer does not need: permissions, devices, navigation, webviews,
 * new windows. A link to a web page opens in the user's browser, and only http and https count as such.
 */
export function lockDown(contents: Contents, openInBrowser: (url: string) => void): void {
  const { session } = contents;
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (isWebPage(url)) openInBrowser(url);
    return { action: 'deny' };
  });
}

function isWebPage(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
