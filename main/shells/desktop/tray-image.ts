import path from 'node:path';
import type { TrayView } from './tray-view.ts';

/**
 * The file of the tray's picture. macOS colours a template by itself and shows the number beside it; Windows
 * and Linux get the state and the number drawn in.
 */
export function trayImage(resources: string, view: TrayView, platform: NodeJS.Platform): string {
  const folder = path.join(resources, 'icons', 'tray');
  if (platform === 'darwin') return path.join(folder, 'trayTemplate.png');
  const number = view.badge === 0 ? '' : view.badge > 9 ? '-many' : `-${view.badge}`;
  const state = view.icon === 'calm' && number !== '' ? 'waiting' : view.icon;
  return path.join(folder, `${state}${number}.png`);
}
