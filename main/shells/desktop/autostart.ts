import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What a start at login is given, so that it waits in the tray without a window. */
export const HIDDEN = '--hidden';

type LoginItems = {
  setLoginItemSettings(settings: { openAtLogin: boolean; args: string[] }): void;
};

/**
 * Starts the app at login, or no longer. macOS and Windows have a setting of their own; Linux reads a
 * desktop entry.
 * @param executable what to start: the AppImage where there is one, since its mount changes each time.
 */
export async function startAtLogin(
  wanted: boolean,
  needs: {
    readonly app: LoginItems;
    readonly platform: NodeJS.Platform;
    readonly configFolder: string;
    readonly executable: string;
  },
): Promise<void> {
  if (needs.platform !== 'linux') {
    needs.app.setLoginItemSettings({ openAtLogin: wanted, args: [HIDDEN] });
    return;
  }
  const folder = path.join(needs.configFolder, 'autostart');
  const file = path.join(folder, 'groundskeeper.desktop');
  if (!wanted) return rm(file, { force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(file, desktopEntry(needs.executable));
}

/** A desktop entry that starts the executable hidden. */
export function desktopEntry(executable: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Groundskeeper',
    `Exec=${quoted(executable)} ${HIDDEN}`,
    'Icon=groundskeeper',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/** An argument as the Desktop Entry Specification quotes it: within quotes, then as a value of the file. */
function quoted(argument: string): string {
  const inside = argument.replaceAll(/(["`$\\])/g, '\\$1').replaceAll('%', '%%');
  return `"${inside.replaceAll('\\', '\\\\')}"`;
}
