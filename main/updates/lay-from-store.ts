import { hashFiles, sendFiles, type Sending, type Store, type TreeEntry } from '../backups/index.ts';
import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { joinRemote, type BackupId, type OnProgress, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { inBatches } from './in-batches.ts';
import { inodesOf, type SwapItem } from './remote.ts';
import { fileChanges, type FileChanges } from './restore-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { stageDamaged } from './staged.ts';

/** Folders of a backup that are to lie on the site again. */
export interface Laying {
  readonly backupId: BackupId;
  /** Relative to the root. */
  readonly folders: readonly string[];
  /** SHA-256 (hex) of each of their files, by path relative to the root. */
  readonly files: ReadonlyMap<string, string>;
  readonly progress: OnProgress;
}

/** Where the folders lie until they change places with those that are live. */
export const LAID = 'laid';

/**
 * Lays whole folders from a backup beside the site, so that they can take their places by one rename each: what is the same gets a second
 * name or is copied there, only what differs is sent, and each file is compared. What was left out of the backup stays as it is. Nothing on the site changes.
 * @returns the folders as if they had been kept there
 * @throws Problem `stage-damaged`, or what failed, where they can't be laid there (no room, files that may not be read): nothing has changed then
 */
export async function layFromStore(
  services: { readonly store: Store },
  hands: Hands,
  lock: SiteLock,
  { backupId, folders, files, progress }: Laying,
): Promise<SwapItem[]> {
  if (folders.length === 0) return [];
  const { signal, site, scripts } = hands;
  const changes = await fileChanges(services, hands, { backupId, paths: folders, known: files });
  const laid = joinRemote(lock.runFolder, LAID);
  const place = (index: number) => joinRemote(laid, String(index));
  const copies = folders.map((folder, index) =>
    copyOf(joinRemote(site.root, folder), place(index), folder, changes),
  );
  await hands.on((connection) =>
    runOk(
      connection,
      lines(lock.fence, sh`umask 077; rm -rf -- ${laid}; mkdir -p -- ${laid} || exit 1`, ...copies),
      { attempted: 'Lay the old version ready', signal, timeLimit: 20 * 60_000 },
    ),
  );
  const laidAs = (path: string): string | null => {
    const index = folders.findIndex((folder) => path === folder || path.startsWith(`${folder}/`));
    return index === -1 ? null : `${index}${path.slice(folders[index]?.length)}`;
  };
  const sending = changes.changed
    .flatMap(([path, entry]): Sending[] => {
      const name = laidAs(path);
      return name === null ? [] : [sendingOf(name, entry, changes.snapshot)];
    })
    // Each folder before what lies in it.
    .sort(
      (a, b) => Number(a.kind !== 'folder') - Number(b.kind !== 'folder') || a.name.length - b.name.length,
    );
  if (sending.length > 0)
    await hands.on((connection) =>
      sendFiles(connection, laid, sending, {
        ...{ before: lock.fence, scripts: scripts.files, signal, progress },
        what: 'Send the old version',
      }),
    );
  const there = await hands.on((connection) =>
    hashFiles(connection, 'sha256', laid, ['.'], { scripts: scripts.files, signal }),
  );
  const wrong = [...files].flatMap(([path, sha256]) => {
    const name = laidAs(path);
    return name === null || there.get(name) === sha256 ? [] : [path];
  });
  if (wrong.length > 0) throw stageDamaged('the old version', wrong);
  const inodes = await hands.on((connection) =>
    inodesOf(
      connection,
      folders.map((_folder, index) => place(index)),
      signal,
    ),
  );
  return folders.map((folder, index) => ({
    kind: 'folder',
    live: joinRemote(site.root, folder),
    staged: place(index),
    old: place(index),
    discarded: joinRemote(lock.runFolder, 'new', String(index)),
    inode: inodes[index] ?? null,
  }));
}

/**
 * A folder as it is now, without what differs and what has to go: by second names for its files, or as a copy where the system gives none
 * (it gives none for files of others that this account may not write to).
 */
function copyOf(
  live: RemotePath,
  to: RemotePath,
  folder: string,
  { changed, extra, there }: Pick<FileChanges, 'changed' | 'extra' | 'there'>,
): Script {
  const within = (path: string) => path.startsWith(`${folder}/`);
  const inside = (path: string) => `.${path.slice(folder.length)}`;
  const whole = changed.find(([path]) => path === folder);
  if (whole !== undefined && !there.has(folder))
    return sh`mkdir -- ${to} && chmod ${(whole[1].mode & 0o777).toString(8)} -- ${to} || exit 1`;
  const gone = extra.filter(within);
  const isFolder = (path: string) => there.get(path)?.kind === 'folder';
  const away = [
    ...changed.flatMap(([path]) => (within(path) && there.has(path) ? [path] : [])),
    ...gone.filter((path) => !isFolder(path)),
  ];
  const emptied = gone.filter(isFolder).toSorted((a, b) => b.length - a.length);
  return lines(
    sh`[ -d ${live} ] && [ ! -L ${live} ] || exit 1
cp -RPpl -- ${live} ${to} 2>/dev/null || { rm -rf -- ${to} && cp -RPp -- ${live} ${to} || { rm -rf -- ${to}; exit 1; }; }
cd -- ${to} || exit 1`,
    ...inBatches(away.map(inside), (some) => sh`rm -rf -- ${some} || exit 1`),
    // Those that hold what was left out stay.
    ...inBatches(emptied.map(inside), (some) => sh`rmdir -- ${some} 2>/dev/null || :`),
  );
}

function sendingOf(name: string, entry: TreeEntry, snapshot: FileChanges['snapshot']): Sending {
  const common = { name, mode: entry.mode, mtime: Number(entry.mtime) };
  if (entry.kind === 'file')
    return { ...common, kind: 'file', size: entry.size, content: () => snapshot.read(entry.blobs) };
  return entry.kind === 'link'
    ? { ...common, kind: 'link', size: 0, target: entry.target }
    : { ...common, kind: 'folder', size: 0 };
}
