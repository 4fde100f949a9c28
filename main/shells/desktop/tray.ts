import type { TrayAct, TrayItem, TrayView } from './tray-view.ts';

/** A line of a menu as Electron's `Menu.buildFromTemplate` takes it. */
export type MenuLine = {
  readonly type?: 'separator';
  readonly label?: string;
  readonly enabled?: boolean;
  readonly click?: () => void;
};

/** The parts of Electron's `Tray` that are used; `Icon` and `Menu` stay opaque. */
type Tray<Icon, Menu> = {
  setImage(icon: Icon): void;
  setToolTip(text: string): void;
  setTitle(text: string): void;
  setContextMenu(menu: Menu): void;
  on(event: 'click', listener: () => void): unknown;
};

export type TrayNeeds<Icon, Menu> = {
  readonly newTray: (icon: Icon) => Tray<Icon, Menu>;
  readonly menuOf: (lines: MenuLine[]) => Menu;
  readonly icon: (view: TrayView) => Icon;
  /** The number on the app's own icon, where the system has such. */
  readonly setBadge: (count: number) => void;
  readonly platform: NodeJS.Platform;
  readonly act: (act: TrayAct) => void;
};

/**
 * The tray. `render` may be called as often as one likes: it draws only what differs. The menu is set anew
 * after each change, because Linux shows the old one otherwise.
 */
export function trayIcon<Icon, Menu>(needs: TrayNeeds<Icon, Menu>): { render(view: TrayView): void } {
  let tray: Tray<Icon, Menu> | null = null;
  let shown = '';

  function lines(items: readonly TrayItem[]): MenuLine[] {
    return items.map((item) => {
      if (item.kind === 'line') return { type: 'separator' };
      // Windows and Linux read an ampersand as a shortcut's mark.
      const label = needs.platform === 'darwin' ? item.label : item.label.replaceAll('&', '&&');
      if (item.kind === 'note') return { label, enabled: false };
      return { label, click: () => needs.act(item.act) };
    });
  }

  return {
    render(view) {
      const wanted = JSON.stringify(view);
      if (wanted === shown) return;
      shown = wanted;
      const icon = needs.icon(view);
      if (tray === null) {
        tray = needs.newTray(icon);
        // On macOS a click opens the menu; elsewhere it opens the window.
        if (needs.platform !== 'darwin') tray.on('click', () => needs.act({ do: 'open', place: '' }));
      } else {
        tray.setImage(icon);
      }
      tray.setToolTip(view.tooltip);
      if (needs.platform === 'darwin') tray.setTitle(view.badge === 0 ? '' : String(view.badge));
      tray.setContextMenu(needs.menuOf(lines(view.items)));
      needs.setBadge(view.badge);
    },
  };
}
