import { OWN_URL } from './sender.ts';

/** The options that every window of ours has; never loosened. */
export function windowOptions(look: {
  readonly dark: boolean;
  readonly preload: string;
  readonly icon?: string;
}) {
  return {
    width: 1180,
    height: 780,
    minWidth: 720,
    minHeight: 480,
    show: false,
    title: 'Groundskeeper',
    // The page's own colour, so that nothing flashes before it is drawn.
    backgroundColor: look.dark ? '#151816' : '#ffffff',
    autoHideMenuBar: true,
    ...(look.icon === undefined ? {} : { icon: look.icon }),
    webPreferences: {
      preload: look.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      spellcheck: false,
    },
  } as const;
}

/** The part of Electron's `BrowserWindow` that is used. */
export type Frame = {
  on(event: 'close', listener: (event: { preventDefault(): void }) => void): unknown;
  once(event: 'ready-to-show', listener: () => void): unknown;
  show(): void;
  hide(): void;
  focus(): void;
  isMinimized(): boolean;
  restore(): void;
  isDestroyed(): boolean;
  loadURL(url: string): Promise<void>;
};

export type MainWindow = {
  /** Brings the window to the front, at a place in the app where one is given (`/runs/run_…`). */
  show(place?: string): void;
};

/**
 * The one window. Closing hides it while the app lives in the tray; only quitting closes it.
 * @param open makes the frame; called again if the last one is gone.
 */
export function mainWindow(needs: {
  readonly open: () => Frame;
  readonly isQuitting: () => boolean;
  /** Called the first time the window hides instead of closing, so that the user can be told. */
  readonly onFirstHidden: () => void;
  readonly devUrl: string | null;
}): MainWindow {
  let frame: Frame | null = null;
  let ready = false;
  let told = false;
  const home = needs.devUrl ?? OWN_URL;

  function opened(place: string): Frame {
    const fresh = needs.open();
    ready = false;
    fresh.on('close', (event) => {
      if (needs.isQuitting()) return;
      event.preventDefault();
      fresh.hide();
      if (!told) needs.onFirstHidden();
      told = true;
    });
    fresh.once('ready-to-show', () => {
      ready = true;
      fresh.show();
      fresh.focus();
    });
    void fresh.loadURL(place === '' ? home : `${home}#${place}`);
    return fresh;
  }

  return {
    show(place = '') {
      if (frame === null || frame.isDestroyed()) {
        frame = opened(place);
        return;
      }
      // Only the fragment differs, so the page stays and its router goes there.
      if (place !== '') void frame.loadURL(`${home}#${place}`);
      if (frame.isMinimized()) frame.restore();
      if (!ready) return;
      frame.show();
      frame.focus();
    },
  };
}
