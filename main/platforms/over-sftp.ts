import type { RemoteFiles } from '../connections/index.ts';
import { joinRemote, Problem, type RemotePath } from '../words/index.ts';

/** Folders deep below the account's home, and folders in all, that are looked into. */
const DEPTH = 4;
const MOST = 400;
const AT_ONCE = 16;
const NO_SITES = new Set([
  ...[
    'node_modules',
    'wp-content',
    'wp-includes',
    'wp-admin',
    'cgi-bin',
    'logs',
    'log',
    'tmp',
    'mail',
    'backups',
  ],
]);

/** Whether all of some files are there, relative to a root. */
export async function areThere(
  files: RemoteFiles,
  root: RemotePath,
  names: readonly string[],
): Promise<boolean> {
  const stats = await Promise.all(names.map((name) => files.stat(joinRemote(root, name)).catch(orLost)));
  return stats.every((stat) => stat !== null);
}

/** Roots in which a marker lies, below the account's home; the nearest first. What may not be entered is passed by. */
export async function searchOverSftp(
  files: RemoteFiles,
  home: RemotePath,
  markers: readonly string[],
  signal: AbortSignal,
): Promise<RemotePath[]> {
  const found: RemotePath[] = [];
  let level: RemotePath[] = [home];
  let left = MOST;
  for (let depth = 0; depth <= DEPTH && level.length > 0 && left > 0; depth += 1) {
    const next: RemotePath[] = [];
    for (let at = 0; at < level.length && left > 0; at += AT_ONCE) {
      signal.throwIfAborted();
      const some = level.slice(at, at + Math.min(AT_ONCE, left));
      left -= some.length;
      const listed = await Promise.all(
        some.map(async (folder) => ({ folder, names: await files.readFolder(folder).catch(orLost) })),
      );
      for (const { folder, names } of listed) {
        if (names === null) continue;
        if (names.some(({ name }) => markers.includes(name))) found.push(folder);
        for (const { name, stat } of names)
          if (stat.kind === 'folder' && !name.startsWith('.') && !NO_SITES.has(name))
            next.push(joinRemote(folder, name));
      }
    }
    level = next;
  }
  return found;
}

function orLost(error: unknown): null {
  if (error instanceof Problem && error.code !== 'connection-lost') return null;
  throw error;
}
