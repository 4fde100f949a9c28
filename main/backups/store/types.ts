import { z } from 'zod';
import { Sha256, SiteId, type BackupId, type OnProgress } from '../../words/index.ts';
import type { Backup } from '../backup.ts';
import type { CutKind } from './cut.ts';
import type { BlobId } from './keys.ts';
import type { Mark } from './marks.ts';
import type { StoreFile } from './store-files.ts';
import type { FileEntry, Tree, TreeEntry } from './tree.ts';

/** A stream of bytes, stored. */
export interface StoredBytes {
  readonly blobs: readonly BlobId[];
  readonly size: number;
}

const TableCount = z.object({ name: z.string(), rows: z.number() });

/** A database's dump within a backup. */
export const StoredDatabase = z.object({
  kind: z.enum(['mysql', 'postgresql', 'sqlite']),
  blobs: z.array(Sha256),
  size: z.number(),
  tables: z.array(TableCount),
});
export type StoredDatabase = z.infer<typeof StoredDatabase>;

/** A folder as a backup has it. */
export interface LastFolder {
  readonly tree: BlobId;
  readonly entries: Tree;
  /** Files whose contents are not all in the store any more, by name. */
  readonly lost: readonly string[];
}

/** A backup being taken. Nothing of it is seen by others before `commit`. */
export interface SnapshotWriter extends AsyncDisposable {
  readonly id: BackupId;
  /** What the site's latest backup that can be read knows of its folders, by path; '' is the root. */
  last(): Promise<ReadonlyMap<string, LastFolder>>;
  /** Files that backups of this site which came to no end had stored whole, by path; `name` is the path as well. */
  unfinished(): Promise<ReadonlyMap<string, FileEntry>>;
  /** Remembers files that are stored, should this backup come to no end either. `name` is the path. */
  remember(files: readonly FileEntry[]): Promise<void>;
  /** Stores bytes; what is there already costs nothing. `dump`: cut finer, because rows change here and there. */
  put(bytes: AsyncIterable<Buffer>, kind?: CutKind): Promise<StoredBytes>;
  /** As `put`, and resolves as soon as the bytes are taken over, so that the next can be read meanwhile. `stored` may fail later. */
  handOver(bytes: AsyncIterable<Buffer>, kind?: CutKind): Promise<{ readonly stored: Promise<StoredBytes> }>;
  putTree(entries: readonly TreeEntry[]): Promise<BlobId>;
  /** Makes it durable: packs, then the index, then the snapshot file. */
  commit(content: {
    root: BlobId;
    database: StoredDatabase | null;
    files: number;
    bytes: number;
    moved: string[];
    unreadable: string[];
    databaseKind: Backup['database'];
    leftOut?: Backup['leftOut'];
  }): Promise<Backup>;
}

/** A backup as it can be read. */
export interface Snapshot {
  readonly backup: Backup;
  readonly root: BlobId;
  readonly database: StoredDatabase | null;
  tree(id: BlobId): Promise<Tree>;
  /** @throws Problem `store-damaged` */
  read(blobs: readonly BlobId[]): AsyncGenerator<Buffer, void, void>;
}

/** A backup in the store. */
export interface StoredSnapshot extends Snapshot {
  /** What was known of its site when it was taken; null: it is not recorded. */
  readonly site: unknown;
  /**
   * Writes many files to this computer's disk at once, each in one go under its own name; their folders are there.
   * @returns those that were not written, by their place: whoever reads and writes them one by one learns why
   */
  writeFiles(files: readonly FileToWrite[]): Promise<number[]>;
}

/** A file that a backup writes to this computer's disk. */
export interface FileToWrite {
  /** Where nothing is yet. */
  readonly target: string;
  readonly blobs: readonly BlobId[];
  /** Seconds since 1970; null: now. */
  readonly modified: number | null;
}

/** `new`: packs that were never read back are, the others are only looked at; `deep`: every byte is read. */
export type VerifyDepth = 'new' | 'deep';

export interface VerifyReport {
  readonly backups: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Each damage, named by backup and path. */
  readonly damage: readonly string[];
}

/** A pack that was read back. */
export interface ReadPack {
  readonly name: string;
  readonly bytes: number;
  /** Blobs of it that are not what they were, and why. */
  readonly bad: readonly (readonly [BlobId, string])[];
  /** What is wrong with it beside its contents; null: nothing. */
  readonly whole: string | null;
}

/** What a prune gave back, or would. */
export const PruneReport = z.object({
  /** Packs that nothing refers to. */
  deleted: z.number(),
  /** Packs of which more than a fifth was not needed any more. */
  rewritten: z.number(),
  /** Bytes that the store is smaller by. */
  freed: z.number(),
  /** Bytes of all packs afterwards. */
  bytes: z.number(),
});
export type PruneReport = z.infer<typeof PruneReport>;

/** What the backups of one site take in the store. */
export const SiteSpace = z.object({
  siteId: SiteId,
  siteName: z.string(),
  backups: z.number().int(),
  /** Bytes that only this site's backups need: what removing all of them would give back. */
  own: z.number(),
  /** Bytes that backups of other sites need as well. */
  shared: z.number(),
  /** Bytes of all its backups, each counted as if it were alone and not compressed. */
  whole: z.number(),
});
export type SiteSpace = z.infer<typeof SiteSpace>;

/** Who needs what in the store. */
export const StoreSpace = z.object({
  /** Bytes of all packs. */
  total: z.number(),
  /** Bytes that more than one site needs; counted once. */
  shared: z.number(),
  /** Bytes of contents that no backup needs. */
  unused: z.number(),
  /** Bytes of the packs' own headers and tables. */
  overhead: z.number(),
  /** The largest first, by what is its own. */
  sites: z.array(SiteSpace),
});
export type StoreSpace = z.infer<typeof StoreSpace>;

/** Whether backups can be read, and what becomes of them when this computer is lost. */
export const StoreState = z.object({
  id: z.string(),
  sealed: z.boolean(),
  /** Sealed, and its key is not on this computer: the recovery phrase opens it. */
  locked: z.boolean(),
  /** Whether a recovery phrase was made and confirmed. Without one, backups are lost with this computer's key. */
  hasPhrase: z.boolean(),
  /** When it was confirmed, in milliseconds; null: there is none, or it is not known. */
  phraseAt: z.number().nullable(),
  /** Whether a new one was made and not confirmed. It opens the store as well, but replaces nothing. */
  phraseWaits: z.boolean(),
  /** Its folder is not there: its disk is away. Nothing is known of it then. */
  away: z.boolean(),
  folder: z.string(),
});
export type StoreState = z.infer<typeof StoreState>;

/** Where all sites' backups are. One writer at a time, readers never wait. */
export interface Store {
  state(): StoreState;
  /** Makes a new recovery phrase beside the one that holds. It is not kept anywhere. @throws Problem `store-open` */
  makePhrase(): Promise<string>;
  /** The user has kept the phrase that was made last: it replaces the one before. @throws Problem `phrase-mistyped`, `phrase-not-waiting` */
  confirmPhrase(phrase: string): Promise<void>;
  /** Forgets a phrase that was made and not confirmed; the one before still holds. */
  dropPhrase(): Promise<void>;
  /** Opens a locked store. @throws Problem `phrase-mistyped`, `wrong-phrase`, `no-phrase` */
  unlock(phrase: string): Promise<void>;
  /** Newest first. @throws Problem `store-locked`, as everything below. A backup whose record is damaged is left out; `verify` names it. */
  list(siteId?: SiteId): Promise<Backup[]>;
  /** Waits while the store is pruned. */
  begin(about: {
    siteId: SiteId;
    siteName: string;
    reason: Backup['reason'];
    /** Goes into the record, so that the site can be made again from it. */
    site?: unknown;
  }): Promise<SnapshotWriter>;
  /** @throws Problem `no-such-backup` */
  open(id: BackupId): Promise<StoredSnapshot>;
  /** Reads the given backups (all of them when none is named). */
  verify(
    ids: readonly BackupId[] | null,
    signal: AbortSignal,
    progress: OnProgress,
    depth?: VerifyDepth,
  ): Promise<VerifyReport>;
  /** Whether a file on this computer holds just the bytes that these blobs name. */
  matches(blobs: readonly BlobId[], file: string): Promise<boolean>;
  /** The SHA-256 of each file of a backup, by the blobs it is made of; null: not all of it can be read. */
  digests(files: readonly (readonly BlobId[])[]): Promise<(Sha256 | null)[]>;
  /** Bytes of all packs. */
  size(): Promise<number>;
  /**
   * Reads back the pack that was read longest ago.
   * @param notSince packs that were read since then are passed over; so are `except`, by name
   * @returns null when none is left
   */
  readOldest(notSince: number, except: readonly string[]): Promise<ReadPack | null>;
  /**
   * Says of each backup since when all of it has been read, after some packs were; a backup is verified since its oldest was.
   * @param bad what was not as it should be
   * @returns each damage, named by backup and path
   */
  concludeReading(bad: ReadPack['bad'], signal: AbortSignal): Promise<string[]>;
  /** Takes a backup out; its space is reclaimed by `prune`. @throws Problem `backup-pinned` */
  remove(id: BackupId): Promise<void>;
  /** Pins a backup (null: unpins it), or notes what a drill proved; durable, and kept with the store. */
  mark(id: BackupId, change: Partial<Mark>): Promise<Backup>;
  /**
   * Gives back the space that no backup needs.
   * @param without backups that are counted as removed: to tell beforehand what removing them would give
   * @throws Problem `store-damaged` when a backup cannot be read: then nothing is thrown away
   */
  prune(
    options: { readonly dryRun: boolean; readonly without?: readonly BackupId[] },
    signal: AbortSignal,
    progress: OnProgress,
  ): Promise<PruneReport>;
  /** Whether bytes are a whole pack or record of this store, by the file's name in it. @returns what is wrong; null: nothing */
  inspect(name: StoreFile, bytes: Uint8Array): Promise<string | null>;
  /** Who needs what: per site, shared, and unused. */
  space(signal: AbortSignal): Promise<StoreSpace>;
  /** Finds every blob again from the packs. */
  rebuildIndex(): Promise<void>;
  /** Whether what it holds open can still be read: after a disk was away it cannot, although the disk is back. */
  answers(): Promise<boolean>;
  close(): Promise<void>;
}
