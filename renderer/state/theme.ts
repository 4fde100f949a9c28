import type { Preferences } from '../../main/api/index.ts';

/** Shows the chosen theme; `system` leaves it to the system. */
export function showTheme(theme: Preferences['theme']): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
