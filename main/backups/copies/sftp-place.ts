import { randomBytes } from 'node:crypto';
import type { Connection, Sftp } from '../../connections/index.ts';
import { Problem, remotePath, Sha256 } from '../../words/index.ts';
import { hashFiles } from '../pull/hashes.ts';
import { HALF } from '../store/durable.ts';
import { isStoreFile, type StoreFile } from '../store/store-files.ts';
import { inTurn } from './in-turn.ts';
import { placeAway, refuseStrangers, type Place } from './place.ts';

/** Most names in one question for hashes: a command has a longest line. */
const NAMES = 200;

/** A folder on an SSH host: files over SFTP, hashes by its own programs where it has a shell. */
export function sftpPlace(connection: Connection, sftp: Sftp, folder: string, signal: AbortSignal): Place {
  const plain = folder.replace(/^~\//, '').replace(/(.)\/+$/, '$1');
  const pathOf = (name: string) => (name === '' ? plain : `${plain}/${name}`);
  const label = `${connection.label}:${plain}`;
  const made = new Set<string>();
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return abortable(work(), signal);
  };
  const top = async () => {
    const found = await ask(() => sftp.list(plain));
    if (found === null) throw placeAway(label);
    return found;
  };
  const below = async (name: string) => (await ask(() => sftp.list(pathOf(name)))) ?? [];
  const packFolders = async () =>
    (await below('packs')).filter(({ kind }) => kind === 'folder').map(({ name }) => `packs/${name}`);
  const foldersOfFiles = async () => ['snapshots', 'marks', ...(await packFolders())];
  return {
    label,
    atOnce: 3,
    async make() {
      const parts = plain.split('/');
      for (let count = 1; count <= parts.length; count += 1) {
        const path = parts.slice(0, count).join('/');
        // A folder above may be one that this account cannot list.
        if (path !== '' && (await ask(() => sftp.sizeOf(path))) === null)
          await ask(() => sftp.makeFolder(path));
      }
    },
    async expectRoom() {
      refuseStrangers(
        (await top()).map(({ name }) => name),
        label,
      );
    },
    async list() {
      const entries = await top();
      const found = new Map<StoreFile, number>();
      const take = (prefix: string, files: typeof entries) => {
        for (const { name, size, kind } of files)
          if (kind === 'file' && isStoreFile(prefix + name)) found.set(prefix + name, size);
      };
      take('', entries);
      await inTurn(await foldersOfFiles(), 16, async (name) => take(`${name}/`, await below(name)));
      return found;
    },
    async read(name) {
      const size = await ask(() => sftp.sizeOf(pathOf(name)));
      if (size !== null) return ask(() => sftp.read(pathOf(name), 0, size));
      await top();
      return null;
    },
    async write(name, bytes) {
      const into = name.split('/').slice(0, -1);
      for (let count = 1; count <= into.length; count += 1) {
        const path = into.slice(0, count).join('/');
        if (made.has(path)) continue;
        await ask(() => sftp.makeFolder(pathOf(path)));
        made.add(path);
      }
      const temporary = pathOf([...into, `${HALF}${randomBytes(6).toString('hex')}`].join('/'));
      try {
        await ask(() => sftp.create(temporary, bytes));
        await ask(() => sftp.rename(temporary, pathOf(name)));
      } catch (error) {
        if (!connection.closed) await sftp.remove(temporary).catch(() => {});
        throw await fullOr(error);
      }
    },
    remove: (name) => ask(() => sftp.remove(pathOf(name))),
    async tidy() {
      for (const name of ['', ...(await foldersOfFiles())])
        for (const entry of name === '' ? await top() : await below(name))
          if (entry.name.startsWith(HALF))
            await ask(() => sftp.remove(pathOf(name === '' ? entry.name : `${name}/${entry.name}`)));
    },
    async removeFolders() {
      for (const name of [...(await packFolders()), 'packs', 'snapshots', 'marks', ''])
        await ask(() => sftp.removeFolder(pathOf(name)));
    },
    free: () => ask(() => sftp.free(plain)),
    async hashes(names) {
      const found = new Map<StoreFile, Sha256>();
      for (let at = 0; at < names.length; at += NAMES) {
        const some = names.slice(at, at + NAMES);
        const answered = await hashFiles(connection, 'sha256', remotePath(plain), some, {
          scripts: null,
          signal,
        });
        for (const [name, hash] of answered) found.set(name, Sha256.parse(hash));
      }
      return found;
    },
  };

  /** SFTP does not say why a write failed; a full disk is what it mostly is. */
  async function fullOr(error: unknown): Promise<unknown> {
    if (!(error instanceof Problem) || error.code !== 'remote-failed') return error;
    const free = await sftp.free(plain).catch(() => null);
    if (free === null || free > 64 * 1024 * 1024) return error;
    return new Problem(
      {
        code: 'disk-full',
        message: 'The disk that holds the copy is full.',
        attempted: error.attempted,
        answered: error.answered,
        todo: 'Free some space there, then try again. What is there already is kept.',
      },
      error,
    );
  }
}

/** An abort is not waited for: a request that is on its way may never be answered. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => {
    signal.removeEventListener('abort', stop);
    resolve(work);
  });
}
