import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem, wordsOf } from '../../words/index.ts';
import { makeFolderIn, syncFolder } from './durable.ts';
import { damaged } from './pack.ts';

/** Pack files by name, in folders named by their first two digits. */
export interface PackFiles {
  names(): Promise<string[]>;
  size(name: string): Promise<number>;
  readonly fileOf: (name: string) => string;
  /** Where a new pack goes; its folder is made. @throws Problem `disk-full`, `store-unwritable` */
  readonly roomFor: (name: string) => string;
  /** @throws Problem `store-damaged` when it is shorter, `store-unreadable` when the disk does not give it */
  read(name: string, offset: number, length: number): Promise<Buffer>;
  /** Lays a pack aside; `bringBack` undoes that, `emptyAside` makes it final. */
  layAside(name: string): Promise<void>;
  bringBack(): Promise<void>;
  /** @returns bytes freed */
  emptyAside(): Promise<number>;
  close(): void;
}

/** Files that stay open between reads. */
const OPEN = 16;
const ENDING = '.pack';

/** The disk is not there, say: that is no damage, and nothing is forgotten for it. */
function unreadable(name: string, error: unknown): Problem {
  return new Problem(
    {
      code: 'store-unreadable',
      message: 'The backup store cannot be read.',
      attempted: `Read pack ${name}`,
      answered: wordsOf(error),
      todo: 'Check that the disk with the backups is there, then verify them.',
    },
    error,
  );
}

/** A folder that is not there is empty; one that the disk does not give may be full. */
function noneThere(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
    return [];
  throw error;
}

export function openPackFiles(folder: string): PackFiles {
  const packs = join(folder, 'packs');
  const aside = join(folder, 'aside');
  const below = (name: string) => name.slice(0, 2);
  const folderOf = (name: string) => join(packs, below(name));
  const fileOf = (name: string) => join(folderOf(name), `${name}${ENDING}`);
  const handles = new Map<string, Promise<FileHandle>>();
  const close = (name: string) => {
    const handle = handles.get(name);
    handles.delete(name);
    void handle?.then((file) => file.close()).catch(() => {});
  };
  const handleOf = (name: string): Promise<FileHandle> => {
    const known = handles.get(name);
    if (known) {
      handles.delete(name);
      handles.set(name, known);
      return known;
    }
    const opened = open(fileOf(name), 'r');
    handles.set(name, opened);
    opened.catch(() => handles.delete(name));
    return opened;
  };
  /** Closing waits until nobody reads any more. */
  const reading = new Map<string, number>();
  const trim = () => {
    for (const name of handles.keys()) {
      if (handles.size <= OPEN) return;
      if ((reading.get(name) ?? 0) === 0) close(name);
    }
  };
  const packsIn = async (place: string) =>
    (await readdir(place).catch(noneThere))
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length));
  return {
    async names() {
      const below = await readdir(packs);
      return (await Promise.all(below.map((one) => packsIn(join(packs, one))))).flat();
    },
    size: async (name) => (await stat(fileOf(name))).size,
    fileOf,
    roomFor(name) {
      makeFolderIn(packs, below(name));
      return fileOf(name);
    },
    async read(name, offset, length) {
      reading.set(name, (reading.get(name) ?? 0) + 1);
      try {
        const bytes = Buffer.allocUnsafe(length);
        const { bytesRead } = await (await handleOf(name)).read(bytes, 0, length, offset);
        if (bytesRead !== length) throw damaged(`pack ${name} is cut`);
        return bytes;
      } catch (error) {
        if (error instanceof Problem) throw error;
        // A file that was open while the disk was away stays unreadable; opened anew it may be well.
        close(name);
        throw unreadable(name, error);
      } finally {
        const left = (reading.get(name) ?? 1) - 1;
        if (left === 0) reading.delete(name);
        else reading.set(name, left);
        trim();
      }
    },
    async layAside(name) {
      close(name);
      makeFolderIn(folder, 'aside');
      await rename(fileOf(name), join(aside, `${name}${ENDING}`));
    },
    async bringBack() {
      for (const name of await packsIn(aside)) {
        makeFolderIn(packs, below(name));
        await rename(join(aside, `${name}${ENDING}`), fileOf(name));
        await syncFolder(folderOf(name));
      }
    },
    async emptyAside() {
      let freed = 0;
      for (const name of await packsIn(aside)) {
        const file = join(aside, `${name}${ENDING}`);
        freed += (await stat(file)).size;
        await rm(file);
      }
      return freed;
    },
    close() {
      for (const name of handles.keys()) close(name);
    },
  };
}
