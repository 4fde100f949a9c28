import type { Backup } from '../backups/index.ts';
import { Problem } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { Part } from './part.ts';

/** From here on nobody else updates the site; what somebody did since it was looked at is not undone by us. */
export async function refuseChanged(hands: Hands, parts: readonly Part[]): Promise<void> {
  const { module } = hands.platform;
  if (module === null) return;
  const seen = (await hands.reading()).inventory;
  const { root, settings } = hands.site;
  const options = { root, php: settings.php, signal: hands.signal, now: Date.now() };
  const now = await hands.on((connection) => module.readIfChanged(connection, options, seen.fingerprint));
  if (now === null) return;
  const changed = parts.filter(
    ({ update: { component } }) =>
      now.inventory.components.find(({ kind, slug }) => kind === component.kind && slug === component.slug)
        ?.version !== component.version,
  );
  if (changed.length === 0) return;
  throw new Problem({
    code: 'changed-meanwhile',
    message: 'Somebody else changed the site since it was looked at. Nothing was touched.',
    attempted: 'Look once more before anything is changed',
    answered: changed.map((part) => part.update.component.name).join(', '),
    todo: 'Check the site again.',
  });
}

/**
 * Every byte that is touched has to be in the backup.
 * @param who `the update`, `the repair`
 */
export function refuseUnreadable(backup: Backup, touched: (path: string) => boolean, who: string): void {
  const missing = [...backup.unreadable, ...backup.moved].filter(touched);
  if (missing.length === 0) return;
  throw new Problem({
    code: 'not-in-backup',
    message: `Files that ${who} would replace could not be backed up, so nothing was changed.`,
    attempted: 'Back up every file that is touched',
    answered: missing.slice(0, 10).join(', '),
    todo: 'Make them readable for this account, then try again.',
  });
}
