import { spawn } from 'node:child_process';

/** Opens a page in the user's browser where there is a screen to show it on. @returns whether it was tried. */
export function openBrowser(url: string): boolean {
  const [command, ...args] = openerFor(process.platform);
  if (command === undefined) return false;
  const opener = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  // Without a browser the address is on the terminal anyway.
  opener.on('error', () => undefined);
  opener.unref();
  return true;
}

function openerFor(platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['cmd', '/c', 'start', ''];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open'] : [];
}
