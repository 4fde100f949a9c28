import { Problem, wordsOf, type Sha256 } from '../../words/index.ts';
import type { StoreFile } from '../store/store-files.ts';

/** The files of a store or of a copy, with their sizes. */
export type Listing = ReadonlyMap<StoreFile, number>;

/** A file beside those of the copy: who is writing there now. */
export const LEASE = 'writer.json';

/** Where a store or a copy of it lies. Every call is refused with a Problem where the place cannot be reached. */
export interface Place {
  /** For people, e.g. `deploy@nas.example:/backups`. */
  readonly label: string;
  /** How many transfers at once serve it best. */
  readonly atOnce: number;
  /** Makes the place itself where it is not there yet. Only when it is chosen: one that is gone later is not made anew. */
  make(): Promise<void>;
  /** Only when it is chosen. @throws Problem `place-taken` when something else lies there than a copy */
  expectRoom(): Promise<void>;
  /** @throws Problem `place-away` */
  list(): Promise<Listing>;
  /** A whole file. null: it is not there. */
  read(name: StoreFile): Promise<Buffer | null>;
  /** Either the whole file is there afterwards, or what was before. */
  write(name: StoreFile, bytes: Buffer): Promise<void>;
  remove(name: StoreFile): Promise<void>;
  /** Takes away what was left half written. Only for who writes there. */
  tidy(): Promise<void>;
  /** Takes away what is left of an emptied copy. */
  removeFolders(): Promise<void>;
  /** Bytes that can still be written; null: unknown, or without a limit. */
  free(): Promise<number | null>;
  /** SHA-256 of files, read by the place itself. Names that it does not answer are not there. null: it cannot. */
  readonly hashes: ((names: readonly StoreFile[]) => Promise<ReadonlyMap<StoreFile, Sha256>>) | null;
}

/** What may lie in the folder of a copy beside it. */
const BESIDE =
  /^(\.new-|\.|writer\.json$|lost\+found$|System Volume Information$|\$RECYCLE\.BIN$|desktop\.ini$|Thumbs\.db$)/;
const TOP = new Set([
  'packs',
  'snapshots',
  'marks',
  'config.json',
  'index.db',
  'index.db-wal',
  'index.db-shm',
  'owner.lock',
  'owner.lock-journal',
  'aside',
]);

/** @throws Problem `place-taken` when names in a folder are not those of a store */
export function refuseStrangers(names: readonly string[], where: string): void {
  const stranger = names.find((name) => !TOP.has(name) && !BESIDE.test(name));
  if (stranger === undefined) return;
  throw new Problem({
    code: 'place-taken',
    message: 'Something else lies in this folder already.',
    attempted: `Look into ${where}`,
    answered: stranger,
    todo: 'Choose an empty folder, or a new one below it.',
  });
}

export function placeAway(where: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'place-away',
      message: 'The place of this copy is not there.',
      attempted: `Look into ${where}`,
      answered: cause === undefined ? 'There is no such folder.' : wordsOf(cause),
      todo: 'Connect the disk or the network, then try again. The copy is not damaged by that.',
    },
    cause,
  );
}
