import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Problem, Sha256, wordsOf } from '../../words/index.ts';
import { HALF, makeFolder, removeDurably, writeDurably } from '../store/durable.ts';
import { isStoreFile, type StoreFile } from '../store/store-files.ts';
import { placeAway, refuseStrangers, type Place } from './place.ts';

/** A folder on this computer: a store's own, or a copy on another disk. */
export function folderPlace(folder: string, signal: AbortSignal): Place {
  const fileOf = (name: StoreFile) => join(folder, ...name.split('/'));
  /** The folders of packs that are there. */
  const made = new Set<string>();
  const entriesOf = async (below: string) => {
    signal.throwIfAborted();
    try {
      return await readdir(join(folder, below), { withFileTypes: true });
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && below !== '') return [];
      throw placeAway(join(folder, below), error);
    }
  };
  const packFolders = async () =>
    (await entriesOf('packs')).filter((entry) => entry.isDirectory()).map(({ name }) => `packs/${name}`);
  return {
    label: folder,
    atOnce: 2,
    async make() {
      try {
        makeFolder(folder);
      } catch (error) {
        throw placeAway(folder, error);
      }
    },
    async expectRoom() {
      refuseStrangers(
        (await entriesOf('')).map(({ name }) => name),
        folder,
      );
    },
    async list() {
      const top = await entriesOf('');
      const found = new Map<StoreFile, number>();
      for (const below of ['', 'snapshots', 'marks', ...(await packFolders())]) {
        const names = (below === '' ? top : await entriesOf(below))
          .map(({ name }) => (below === '' ? name : `${below}/${name}`))
          .filter(isStoreFile);
        await Promise.all(
          names.map(async (name) => {
            try {
              found.set(name, (await stat(fileOf(name))).size);
            } catch (error) {
              // It has gone meanwhile.
              if (codeOf(error) !== 'ENOENT') throw unreadable(fileOf(name), error);
            }
          }),
        );
      }
      return found;
    },
    async read(name) {
      signal.throwIfAborted();
      try {
        return await readFile(fileOf(name));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw unreadable(fileOf(name), error);
        await entriesOf('');
        return null;
      }
    },
    async write(name, bytes) {
      signal.throwIfAborted();
      const below = name.split('/').slice(0, -1).join('/');
      // Never the folder itself: where a disk is away, it would fill the one below.
      if (below !== '' && !made.has(below)) {
        await entriesOf('');
        makeFolder(join(folder, below));
        made.add(below);
      }
      await writeDurably(fileOf(name), bytes);
    },
    remove: (name) => removeDurably(fileOf(name)),
    async tidy() {
      for (const below of ['', 'snapshots', 'marks', ...(await packFolders())])
        for (const { name } of await entriesOf(below))
          if (name.startsWith(HALF)) await rm(join(folder, below, name), { force: true });
    },
    async removeFolders() {
      for (const below of [...(await packFolders()), 'packs', 'snapshots', 'marks', ''])
        await rmdir(join(folder, below)).catch(() => {});
    },
    async free() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
    async hashes(names) {
      const found = new Map<StoreFile, Sha256>();
      for (const name of names) {
        const hash = createHash('sha256');
        try {
          await pipeline(createReadStream(fileOf(name)), hash, { signal });
          found.set(name, Sha256.parse(hash.digest('hex')));
        } catch (error) {
          signal.throwIfAborted();
          if (codeOf(error) !== 'ENOENT') throw unreadable(fileOf(name), error);
        }
      }
      return found;
    },
  };
}

function unreadable(file: string, error: unknown): Problem {
  return new Problem(
    {
      code: 'place-unreadable',
      message: 'A file of the store cannot be read.',
      attempted: `Read ${file}`,
      answered: wordsOf(error),
      todo: 'Check that the disk is there and well, then try again.',
    },
    error,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
