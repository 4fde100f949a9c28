import { dirname, isAbsolute } from 'node:path';
import { z } from 'zod';
import type { JsonFile } from '../../settings/index.ts';
import { syncFolderNow, unwritable } from '../store/durable.ts';

const Where = z.object({
  /** null: the folder `store` in the data folder. */
  folder: z.string().refine(isAbsolute).nullable().default(null),
  /** The folder that the store has left, and that is still to be emptied. */
  leaving: z.string().refine(isAbsolute).nullable().default(null),
});

/** Where the store lies. One small file, written whole: after a crash either the old folder holds or the new one. */
export interface StoreHome {
  readonly folder: string;
  /** Whether the user chose the folder: then it is never made anew, because its disk may be away. */
  readonly chosen: boolean;
  readonly leaving: string | null;
  /** @param leaving the folder before, if it is to be emptied. @throws Problem `disk-full`, `store-unwritable` */
  set(folder: string, leaving: string | null): void;
}

/**
 * @param usual the folder of a store that was not moved
 * @param settings the folder that `file` lies in
 */
export function openStoreHome(file: JsonFile, usual: string, settings = dirname(usual)): StoreHome {
  // What cannot be read must not look like a store that is gone.
  const read = () => Where.parse(file.get('where') ?? {});
  return {
    get folder() {
      return read().folder ?? usual;
    },
    get chosen() {
      return read().folder !== null;
    },
    get leaving() {
      return read().leaving;
    },
    set(folder, leaving) {
      try {
        file.set('where', { folder: folder === usual ? null : folder, leaving });
        // What is written to the new folder, or removed from the old one, comes after it also when the power is cut.
        syncFolderNow(settings);
      } catch (error) {
        throw unwritable('where the store is', error);
      }
    },
  };
}
