import { entryAt, fileAt, listFolder, readStart, type Snapshot } from '../backups/index.ts';
import type { Site } from '../sites/index.ts';
import { coreVersionIn, headerIn } from './package-check.ts';
import type { JournaledPart } from './run-plan.ts';

/** A header stands within so many bytes of its file. */
const HEAD = 8192;

/**
 * The versions that a backup holds of a component, by what its own files say; empty: they do not say.
 * A folder may hold several plugins.
 * @throws Problem `no-such-path`, `store-damaged`
 */
export async function versionsInBackup(
  snapshot: Snapshot,
  site: Site,
  { kind, items }: Pick<JournaledPart, 'kind' | 'items'>,
): Promise<string[]> {
  if (kind === 'core') {
    const version = coreVersionIn(await headOf(snapshot, 'wp-includes/version.php'));
    return version === null ? [] : [version];
  }
  const [place] = items.map(({ live }) => live.slice(site.root.length + 1));
  if (place === undefined) return [];
  const field = kind === 'theme' ? 'Theme Name' : 'Plugin Name';
  const found: string[] = [];
  for (const path of await mainFiles(snapshot, place, kind === 'theme')) {
    const head = await headOf(snapshot, path);
    const version = headerIn(head, field) === null ? null : headerIn(head, 'Version');
    if (version !== null) found.push(version);
  }
  return found;
}

async function mainFiles(snapshot: Snapshot, place: string, isTheme: boolean): Promise<string[]> {
  const entry = await entryAt(snapshot, place);
  if (entry.kind !== 'folder') return [place];
  if (isTheme) return [`${place}/style.css`];
  const inside = await listFolder(snapshot, place);
  return inside
    .filter(({ kind, name }) => kind === 'file' && name.endsWith('.php'))
    .map(({ name }) => `${place}/${name}`);
}

async function headOf(snapshot: Snapshot, path: string): Promise<string> {
  const file = await fileAt(snapshot, path);
  return (await readStart(snapshot, file, HEAD)).toString('utf8').replaceAll('\r', '\n');
}
