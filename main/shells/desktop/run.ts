import type { Router } from '@orpc/server';
import type { Client, Contract, Preferences } from '../../api/index.ts';
import type { Notice } from '../../notify/index.ts';
import type { TrayAct, TrayView } from './tray-view.ts';
import { trayView } from './tray-view.ts';
import { watchApp } from './watch.ts';
import type { MainWindow } from './window.ts';
import { wordsFor } from './words.ts';

/** The app as the desktop sees it; `main/app.ts` makes it. */
export type DesktopApp = {
  readonly router: Router<Contract, Record<never, never>>;
  readonly client: Client;
  onNotice(listener: (notice: Notice) => void): () => void;
  resumed(): void;
  close(): Promise<void>;
};

export type DesktopNeeds = {
  readonly app: DesktopApp;
  readonly window: MainWindow;
  readonly renderTray: (view: TrayView) => void;
  readonly toast: (notice: Notice) => void;
  readonly locale: string;
  /** Follows a changed preference: theme, start at login. */
  readonly follow: (preferences: Preferences) => void;
  readonly quit: () => void;
};

/** Keeps tray, toasts and preferences true to the app until it is stopped. */
export function runDesktop(needs: DesktopNeeds): { act(act: TrayAct): void; stop(): Promise<void> } {
  const stopped = new AbortController();
  let followed = '';

  const endNotices = needs.app.onNotice(needs.toast);
  const watching = watchApp(needs.app.client, stopped.signal, ({ sites, running, preferences }) => {
    needs.renderTray(trayView(sites, running, wordsFor(preferences.language, needs.locale)));
    const wanted = JSON.stringify(preferences);
    if (wanted !== followed) needs.follow(preferences);
    followed = wanted;
  });

  return {
    act(act) {
      if (act.do === 'open') needs.window.show(act.place);
      else if (act.do === 'quit') needs.quit();
      // What goes wrong with a check shows in the site's row and as a notice.
      else void needs.app.client.checks.start({}).catch(() => {});
    },
    async stop() {
      stopped.abort();
      endNotices();
      await watching;
      await needs.app.close();
    },
  };
}
