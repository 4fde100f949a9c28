import { sendOverSftp } from '../../backups/index.ts';
import { readStartOverSftp, type RemoteFiles } from '../../connections/index.ts';
import { joinRemote, Problem, remotePath, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';

/** Works with a site's files; over a connection that comes again when it was lost. */
export function withFiles<T>(hands: Hands, work: (files: RemoteFiles) => Promise<T>): Promise<T> {
  return hands.on(async (connection) => work(await connection.files()));
}

/** Whether what was thrown is a problem, of one kind where a code is given. */
export function isProblem(error: unknown, code?: string): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code);
}

/** The start of a file; null: it is not there, or is none. */
export async function readStart(files: RemoteFiles, path: RemotePath, most: number): Promise<Buffer | null> {
  return readStartOverSftp(files, path, most).catch((error: unknown) => {
    if (isProblem(error, 'connection-lost')) throw error;
    return null;
  });
}

/** Writes a file whole before it stands under its name. */
export async function putFile(
  files: RemoteFiles,
  path: RemotePath,
  content: string | Buffer,
  mode: number,
  signal: AbortSignal,
): Promise<void> {
  const part = remotePath(`${path}.gk-new`);
  await files.remove(part);
  await makeFile(files, part, content, mode, signal);
  await files.rename(part, path);
}

/** Writes a file that was not there. @throws Problem where it is */
export async function makeFile(
  files: RemoteFiles,
  path: RemotePath,
  content: string | Buffer,
  mode: number,
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(content);
  const stat = { size: bytes.length, mode, mtime: Math.floor(Date.now() / 1000) };
  await sendOverSftp(files, path, { ...stat, content: once(bytes) }, signal, () => {});
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  if (bytes.length > 0) yield bytes;
}

/** Makes a folder and those above it, where they are not there. */
export async function makeFolders(files: RemoteFiles, path: RemotePath, mode: number): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '');
  for (let count = 1; count <= parts.length; count += 1) {
    const folder = `/${parts.slice(0, count).join('/')}`;
    try {
      if ((await files.stat(folder)) !== null) continue;
    } catch (error) {
      if (isProblem(error, 'connection-lost')) throw error;
      continue;
    }
    await files.makeFolder(folder, mode).catch(async (error: unknown) => {
      // Somebody else was faster.
      if ((await files.stat(folder)) === null) throw error;
    });
  }
}

/** Removes a file, or a folder with all that is in it; links are not followed. What is not there is gone already. */
export async function removeTree(files: RemoteFiles, path: RemotePath): Promise<void> {
  const stat = await files.lstat(path);
  if (stat === null) return;
  if (stat.kind !== 'folder') {
    await files.remove(path);
    return;
  }
  const below = await files.readFolder(path);
  await Promise.all(
    below.filter((one) => one.stat.kind !== 'folder').map((one) => files.remove(joinRemote(path, one.name))),
  );
  for (const one of below)
    if (one.stat.kind === 'folder') await removeTree(files, joinRemote(path, one.name));
  await files.removeFolder(path);
}

/** A file's content, piece by piece. @param size how much of it is read at most, in bytes */
export async function* contentOf(
  files: RemoteFiles,
  path: RemotePath,
  size: number,
): AsyncGenerator<Buffer, void, void> {
  const handle = await files.open(path);
  try {
    for (let at = 0; at < size;) {
      const chunk = await files.read(handle, at, Math.min(32_768, size - at));
      if (chunk.length === 0) break;
      at += chunk.length;
      yield chunk;
    }
  } finally {
    await files.close(handle).catch(() => {});
  }
}
