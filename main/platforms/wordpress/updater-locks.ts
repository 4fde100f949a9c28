import type { UpdaterLocks } from '../platform.ts';

/**
 * The rows that `WP_Upgrader::create_lock()` makes: `Core_Upgrader` holds one for 15 minutes, `WP_Automatic_Updater` the other for an hour.
 * @returns null for a prefix that WordPress does not allow
 */
export function updaterLocks(prefix: string): UpdaterLocks | null {
  if (!/^\w+$/.test(prefix)) return null;
  return {
    table: `${prefix}options`,
    columns: { name: 'option_name', since: 'option_value' },
    also: { autoload: 'no' },
    locks: [
      { name: 'core_updater.lock', lasts: 15 * 60, holder: 'WordPress is updating itself' },
      { name: 'auto_updater.lock', lasts: 60 * 60, holder: 'WordPress is installing its automatic updates' },
    ],
  };
}
