import type { RemoteFiles, RemoteStat } from '../../connections/index.ts';
import { joinRemote, Problem, type RemotePath } from '../../words/index.ts';
import type { ManifestEntry } from './manifest-entry.ts';

/** Folders that are listed at once. */
const AT_ONCE = 32;
/** Seconds that the server's clock may be behind ours, and a day's worth where that cannot be told from a file's own time. */
const SKEW = 300;
const DAY = 86_400;

export interface SftpListing {
  readonly root: RemotePath;
  /** Relative to the root; '' is all of it. One that is not there is left out. */
  readonly places: readonly string[];
  readonly isLeftOut: (path: string) => boolean;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/**
 * Lists what is at and below some places over SFTP, many folders at once; what a file is comes with its name. Links are not followed.
 * @throws Problem `no-such-root`
 */
export async function listOverSftp(files: RemoteFiles, options: SftpListing): Promise<ManifestEntry[]> {
  const { root, signal, isLeftOut } = options;
  const began = options.clock();
  const found: ManifestEntry[] = [];
  const folders: string[] = [];
  const links: { at: number; path: string }[] = [];
  const take = (path: string, stat: RemoteStat): void => {
    if (stat.kind === 'other' || (path !== '' && isLeftOut(path))) return;
    if (stat.kind === 'folder') folders.push(path);
    if (stat.kind === 'link') links.push({ at: found.length, path });
    found.push(entryOf(path, stat));
  };
  for (const place of options.places) {
    const stat = await (place === '' ? files.stat(root) : files.lstat(joinRemote(root, place)));
    if (place === '' && stat?.kind !== 'folder') throw noSuchRoot(root);
    if (stat !== null) take(place, stat);
  }
  const closed = new Set<string>();
  await inParallel(folders, AT_ONCE, async (folder) => {
    signal.throwIfAborted();
    const below = await files.readFolder(joinRemote(root, folder)).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code === 'connection-lost') throw error;
      // It went away, or this account may not look into it.
      if (error.code !== 'no-such-file') closed.add(folder);
      return [];
    });
    for (const { name, stat } of below) take(folder === '' ? name : `${folder}/${name}`, stat);
  });
  const targets = new Map<number, string | null>();
  await inParallel(links, AT_ONCE, async ({ at, path }) => {
    signal.throwIfAborted();
    targets.set(at, await files.readLink(joinRemote(root, path)).catch(goneOrThrow));
  });
  const unsure = unsureSince(found, began, options.clock());
  return found.flatMap((entry, at) => {
    const target = targets.get(at);
    if (target === null) return [];
    const ctime = entry.kind === 'file' && Number(entry.mtime) >= unsure ? `?${began}` : '';
    return [{ ...entry, ctime, target: target ?? '', closed: closed.has(entry.path) }];
  });
}

/**
 * From which time on a file may change again without its time showing it, which has whole seconds. The server's clock is not known: it
 * is no earlier than the latest change found, and listing took a while.
 * @returns seconds since 1970
 */
export function unsureSince(entries: readonly ManifestEntry[], began: number, ended: number): number {
  const took = (ended - began) / 1000;
  const now = began / 1000;
  const latest = entries.reduce((last, { mtime }) => Math.max(last, Number(mtime)), 0);
  return Math.min(now - SKEW, Math.max(latest - 2 - took, now - DAY));
}

function entryOf(path: string, { kind, size, mode, mtime }: RemoteStat): ManifestEntry {
  return {
    path,
    kind: kind === 'other' ? 'file' : kind,
    size: kind === 'file' ? size : 0,
    mode,
    mtime: `${mtime}.0000000000`,
    ctime: '',
    inode: '',
    target: '',
    closed: false,
  };
}

function goneOrThrow(error: unknown): null {
  if (error instanceof Problem && error.code !== 'connection-lost') return null;
  throw error;
}

function noSuchRoot(root: RemotePath): Problem {
  return new Problem({
    code: 'no-such-root',
    message: `${root} is not there, or this account may not enter it.`,
    attempted: `List the files of ${root}`,
    todo: 'Check the root on the site’s connection page.',
  });
}

/** Does work for each of a list that may grow meanwhile, a number at once. */
export async function inParallel<T>(
  waiting: T[],
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const busy = new Set<Promise<void>>();
  const failed: { because: unknown }[] = [];
  const start = (one: T) => {
    const doing = work(one)
      .catch((because: unknown) => void failed.push({ because }))
      .finally(() => busy.delete(doing));
    busy.add(doing);
  };
  for (;;) {
    while (busy.size < atOnce && next < waiting.length && failed.length === 0) {
      const one = waiting[next];
      next += 1;
      if (one !== undefined) start(one);
    }
    if (busy.size === 0) break;
    await Promise.race(busy);
  }
  const [first] = failed;
  if (first) throw first.because;
}
