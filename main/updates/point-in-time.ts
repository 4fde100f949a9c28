import { listFolder, type Backup, type Snapshot, type Store } from '../backups/index.ts';
import type { Component, ComponentPlace, Reading } from '../platforms/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, newRunId, Problem, type BackupId, type RemotePath } from '../words/index.ts';
import { versionsInBackup } from './backup-version.ts';
import { privateFoldersOf } from './files-only/private-folder.ts';
import { handsFor, type Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import { findPrivateFolder } from './private-folder.ts';
import type { JournaledPart } from './run-plan.ts';
import type { UpdateServices } from './services.ts';

/** WordPress's own files beside its two folders. Only these: other `wp-*.php` there are the user's. */
const CORE_FILES = new Set([
  ...['index.php', 'license.txt', 'readme.html', 'wp-activate.php', 'wp-blog-header.php'],
  ...['wp-comments-post.php', 'wp-config-sample.php', 'wp-cron.php', 'wp-links-opml.php', 'wp-load.php'],
  ...['wp-login.php', 'wp-mail.php', 'wp-settings.php', 'wp-signup.php', 'wp-trackback.php', 'xmlrpc.php'],
]);

/**
 * Everything whose version is another one than in a backup, as something to be taken back at once, however many updates lie between. What
 * was installed or removed since is left alone.
 * @param slugs only these components; null: all
 * @throws Problem `nothing-to-roll-back`, `wrong-backup`
 */
export async function recordTo(
  services: UpdateServices & { readonly store: Store },
  site: Site,
  { to, components }: { readonly to: BackupId; readonly components: readonly string[] | null },
  signal: AbortSignal,
): Promise<KeptRecord> {
  const snapshot = await services.store.open(to);
  if (snapshot.backup.siteId !== site.id)
    throw new Problem({
      code: 'wrong-backup',
      message: `That is a backup of ${snapshot.backup.siteName}, not of ${site.name}.`,
      todo: '`backups list SITE` shows those of this site.',
    });
  const hands = handsFor(services, site, signal);
  const privateFolder = await privateFolderOf(services, hands);
  const runId = newRunId();
  const runFolder = joinRemote(privateFolder, runId);
  const wanted = (await installed(hands)).filter(
    ({ slug }) => components === null || components.includes(slug),
  );
  const parts: JournaledPart[] = [];
  for (const component of wanted) {
    const part = await partIn(snapshot, hands, component, runFolder);
    if (part !== null) parts.push(part);
  }
  const day = new Date(snapshot.backup.takenAt).toISOString().slice(0, 16).replace('T', ' ');
  if (parts.length === 0)
    throw new Problem({
      code: 'nothing-to-roll-back',
      message: `Nothing of ${site.name}${components === null ? '' : ' that was named'} has another version now than in the backup of ${day} (UTC).`,
      todo: 'Choose an older backup. Files that were changed otherwise are restored from it (`backups restore`).',
    });
  return {
    ...{ runId, siteId: site.id, createdAt: snapshot.backup.takenAt, expiresAt: 0 },
    tree: { runFolder, privateFolder, backupId: to, parts },
  };
}

/**
 * The versions that a component had from a backup until now, as the backups between them know; the oldest first. Updates that were taken
 * back meanwhile are none to go back across.
 */
export async function versionsSince(
  store: Store,
  site: Site,
  part: JournaledPart,
  since: Pick<Backup, 'takenAt'>,
): Promise<string[]> {
  const later = (await store.list(site.id)).filter(({ takenAt }) => takenAt > since.takenAt).reverse();
  const versions = [part.from];
  for (const { id } of later) {
    const found = await versionsInBackup(await store.open(id), site, part).catch((): string[] => []);
    const version = found.includes(part.to) ? part.to : found[0];
    if (version !== undefined) versions.push(version);
  }
  return withoutDetours([...versions, part.to]);
}

/** A way through versions without what it came back from: 1.2, 1.3, 1.2, 1.4 is 1.2, 1.4. */
export function withoutDetours(way: readonly string[]): string[] {
  const straight: string[] = [];
  for (const version of way) {
    const before = straight.indexOf(version);
    if (before >= 0) straight.splice(before);
    straight.push(version);
  }
  return straight;
}

/** Where the site's private folder is, or would be: over SFTP that is tried when the rollback begins. */
async function privateFolderOf({ scripts }: UpdateServices, hands: Hands): Promise<RemotePath> {
  const { site, signal } = hands;
  return hands.on(async (connection) => {
    if (!connection.onlyFiles) return findPrivateFolder(connection, scripts, site, signal);
    const [place] = await privateFoldersOf(await connection.files(), site);
    return place ?? joinRemote(site.root, '.groundskeeper');
  });
}

/** Core, plugins and themes as they are now. */
async function installed(hands: Hands): Promise<readonly Component[]> {
  const { inventory } = await hands.reading();
  return inventory.components.filter(({ kind }) => ['core', 'plugin', 'theme'].includes(kind));
}

/** A component whose version in the backup is another one; null: it is the same, or the backup does not have it. */
async function partIn(
  snapshot: Snapshot,
  hands: Hands,
  component: Component,
  runFolder: RemotePath,
): Promise<JournaledPart | null> {
  const { site } = hands;
  const { kind, slug, name, version } = component;
  const items = (await pathsOf(snapshot, hands, component)).map((found) => itemAt(site, found, runFolder));
  if (items.length === 0) return null;
  const then = await versionsInBackup(snapshot, site, { kind, items }).catch((error: unknown): string[] => {
    if (error instanceof Problem && error.code === 'no-such-path') return [];
    throw error;
  });
  const [from] = then;
  if (from === undefined || then.includes(version)) return null;
  return {
    ...{ kind, slug, name, from, to: version, migrates: 'perhaps', items },
    ...{ dump: null, offlineAt: null, outcome: 'kept' },
  };
}

interface Found {
  readonly kind: 'folder' | 'file';
  readonly path: string;
}

async function pathsOf(snapshot: Snapshot, hands: Hands, component: Component): Promise<Found[]> {
  if (component.kind !== 'core') {
    const place = placeOf(hands, component, await hands.reading());
    return place === null ? [] : [{ kind: place.single ? 'file' : 'folder', path: place.path }];
  }
  const top = await listFolder(snapshot, '');
  return top.flatMap(({ kind, name }): Found[] => {
    if (kind === 'folder' && (name === 'wp-admin' || name === 'wp-includes')) return [{ kind, path: name }];
    return kind === 'file' && CORE_FILES.has(name) ? [{ kind, path: name }] : [];
  });
}

/** Where a component lies below the root; null: elsewhere, where nothing is touched. */
function placeOf({ platform, site }: Hands, component: Component, reading: Reading): ComponentPlace | null {
  try {
    return platform.module?.place(component, reading, site.root) ?? null;
  } catch (error) {
    if (error instanceof Problem && error.code === 'component-elsewhere') return null;
    throw error;
  }
}

/** Something that has to come from the backup: nothing of it was kept on the site, which is what the other places say. */
function itemAt(site: Site, { kind, path }: Found, runFolder: RemotePath): JournaledPart['items'][number] {
  const nowhere = joinRemote(runFolder, 'not-kept');
  return {
    ...{ kind, live: joinRemote(site.root, path), inode: '0' },
    ...{ staged: nowhere, old: nowhere, discarded: nowhere },
  };
}
