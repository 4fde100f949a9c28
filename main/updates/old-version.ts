import { hashFiles, type Snapshot, type Store } from '../backups/index.ts';
import { run, sh } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, Problem } from '../words/index.ts';
import { versionsInBackup } from './backup-version.ts';
import { areKeptOverSftp } from './files-only/kept.ts';
import type { Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import { inodesOf } from './remote.ts';
import { entriesOf } from './restore-plan.ts';
import type { JournaledPart } from './run-plan.ts';

/** What a rollback brings back, known to be what it has to be. */
export interface OldVersion {
  /** SHA-256 (hex) of each of its files, by path relative to the root. */
  readonly files: ReadonlyMap<string, string>;
  readonly bytes: number;
}

/**
 * Makes sure that a backup holds the version that a rollback says it brings back: its record, each byte of it, and the version that its files
 * name themselves.
 * @throws Problem `backup-wrong`, `backup-damaged`, `store-damaged`, `no-such-backup`, …; none of them is ever forced
 */
export async function oldVersionOf(
  services: { readonly store: Store },
  site: Site,
  { tree }: Pick<KeptRecord, 'tree'>,
  parts: readonly JournaledPart[],
): Promise<OldVersion> {
  const snapshot = await services.store.open(tree.backupId);
  if (snapshot.backup.siteId !== site.id) throw wrongBackup(`it is a backup of ${snapshot.backup.siteName}`);
  for (const part of parts) await refuseOtherVersion(snapshot, site, part);
  const entries = await entriesOf(snapshot, pathsOf(site, parts));
  const files = [...entries].flatMap(([path, entry]) => (entry.kind === 'file' ? [{ path, entry }] : []));
  const digests = await services.store.digests(files.map(({ entry }) => entry.blobs));
  const damaged = files.filter((_file, index) => digests[index] === null).map(({ path }) => path);
  if (damaged.length > 0)
    throw new Problem({
      code: 'backup-damaged',
      message: 'The backup that holds the old version cannot be read any more. Nothing was changed.',
      attempted: `Read all of it in backup ${tree.backupId}`,
      answered: damaged.slice(0, 5).join(', '),
      todo: 'Heal the store from a copy (`backups copies heal`), or restore another backup.',
    });
  return {
    files: new Map(files.map(({ path }, index) => [path, digests[index] ?? ''])),
    bytes: files.reduce((sum, { entry }) => sum + entry.size, 0),
  };
}

async function refuseOtherVersion(snapshot: Snapshot, site: Site, part: JournaledPart): Promise<void> {
  const { name, from, items } = part;
  const wasThere = items.some(({ inode }) => inode !== null);
  if (from === '' || !wasThere) return;
  const versions = await versionsInBackup(snapshot, site, part).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'no-such-path') throw wrongBackup(error.message);
    throw error;
  });
  if (versions.length > 0 && !versions.includes(from))
    throw wrongBackup(`it holds ${name} ${versions.join(' and ')}, not ${from}`);
}

function wrongBackup(answered: string): Problem {
  return new Problem({
    code: 'backup-wrong',
    message: 'The backup does not hold the version that it was taken for. Nothing was changed.',
    attempted: 'Look which version the backup holds',
    answered,
    todo: 'Somebody may have changed the records on this computer. Look at the backups of this site, and restore one that you know.',
  });
}

/** Paths that a rollback brings back, relative to the root. */
export function pathsOf(site: Site, parts: readonly Pick<JournaledPart, 'items'>[]): string[] {
  return parts.flatMap((part) => part.items.map((item) => item.live.slice(site.root.length + 1)));
}

/**
 * Whether the old version still lies on the site as it was backed up.
 * @param coming what it has to be; the site is looked at meanwhile
 * @param how `glance`: over SFTP, that it lies there will do
 * @returns why it does not, and has to come from the backup; null: it does
 */
export async function whyNotKept(
  hands: Hands,
  { tree }: Pick<KeptRecord, 'tree'>,
  parts: readonly JournaledPart[],
  coming: OldVersion | Promise<OldVersion>,
  how: 'glance' | 'read' = 'read',
): Promise<string | null> {
  const isThere = await (hands.site.connection.kind === 'sftp' ? areKeptOverSftp : areKept)(hands, parts);
  if (!isThere) return 'The old version comes from the backup.';
  // Over SFTP hashing is reading all of it: too long for a look.
  if (how === 'glance' && hands.site.connection.kind === 'sftp') return null;
  const places = parts.flatMap(({ items }) => items).filter(({ inode }) => inode !== null);
  const asked = places.map(({ old: place }) => place.slice(tree.runFolder.length + 1));
  const found = await hands.on((connection) =>
    hashFiles(connection, 'sha256', tree.runFolder, asked, {
      scripts: hands.scripts.files,
      signal: hands.signal,
    }),
  );
  const keptAt = (path: string) => {
    const live = joinRemote(hands.site.root, path);
    const place = places.find((one) => live === one.live || live.startsWith(`${one.live}/`));
    return place === undefined
      ? ''
      : `${place.old}${live.slice(place.live.length)}`.slice(tree.runFolder.length + 1);
  };
  const old = await coming;
  const differing = [...old.files].filter(([path, sha256]) => found.get(keptAt(path)) !== sha256);
  const [first] = differing;
  return first === undefined
    ? null
    : `The old version on the site is not as it was backed up (${first[0]}${differing.length > 1 ? ` and ${differing.length - 1} more` : ''}), so it comes from the backup.`;
}

/** Whether every old tree is still there and nothing has been installed over it since. */
async function areKept(hands: Hands, parts: readonly JournaledPart[]): Promise<boolean> {
  const items = parts.flatMap((part) => part.items);
  const folders = items.filter(
    (item) => item.kind === 'folder' && item.inode !== null && item.staged !== null,
  );
  const files = items.filter((item) => item.kind === 'file' && item.inode !== null);
  return hands.on(async (connection) => {
    const inodes = await inodesOf(
      connection,
      folders.map((item) => item.old),
      hands.signal,
    );
    if (folders.some((item, index) => item.inode !== inodes[index])) return false;
    if (files.length === 0) return true;
    const there = await run(
      connection,
      sh`for one in ${files.map((item) => item.old)}; do [ -f "$one" ] || exit 1; done`,
      { attempted: 'Look for the old files', signal: hands.signal, timeLimit: 30_000 },
    );
    return there.code === 0;
  });
}
