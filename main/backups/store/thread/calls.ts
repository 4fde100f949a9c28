import { z } from 'zod';
import { Progress, ProblemShape, type BackupId, type Sha256, type SiteId } from '../../../words/index.ts';
import type { Backup } from '../../backup.ts';
import type { CutKind } from '../cut.ts';
import type { BlobId } from '../keys.ts';
import type { Mark } from '../marks.ts';
import type { StoreFile } from '../store-files.ts';
import type { FileEntry, Tree, TreeEntry } from '../tree.ts';
import type {
  FileToWrite,
  LastFolder,
  PruneReport,
  ReadPack,
  SnapshotWriter,
  Store,
  StoreSpace,
  StoreState,
  StoredBytes,
  StoredDatabase,
  VerifyDepth,
  VerifyReport,
} from '../types.ts';

/** What the app asks of the thread that a store lives in. Writers go by number; blobs come as they are. */
export interface StoreCalls {
  open(folder: string, sealed: boolean): StoreState;
  makePhrase(): { phrase: string; state: StoreState };
  confirmPhrase(phrase: string): StoreState;
  dropPhrase(): StoreState;
  unlock(phrase: string): StoreState;
  list(siteId: SiteId | undefined): Backup[];
  snapshot(id: BackupId): {
    backup: Backup;
    root: BlobId;
    database: StoredDatabase | null;
    site: unknown;
  };
  tree(backup: BackupId, id: BlobId): Tree;
  blobs(backup: BackupId, ids: readonly BlobId[]): Uint8Array[];
  writeFiles(backup: BackupId, files: readonly FileToWrite[]): number[];
  begin(about: Parameters<Store['begin']>[0]): { writer: number; id: BackupId };
  last(writer: number): ReadonlyMap<string, LastFolder>;
  unfinished(writer: number): ReadonlyMap<string, FileEntry>;
  remember(writer: number, files: readonly FileEntry[]): null;
  putTree(writer: number, entries: readonly TreeEntry[]): BlobId;
  commit(writer: number, content: Parameters<SnapshotWriter['commit']>[0]): Backup;
  leave(writer: number): null;
  verify(ids: readonly BackupId[] | null, depth: VerifyDepth): VerifyReport;
  size(): number;
  matches(blobs: readonly BlobId[], file: string): boolean;
  digests(files: readonly (readonly BlobId[])[]): (Sha256 | null)[];
  readOldest(notSince: number, except: readonly string[]): ReadPack | null;
  concludeReading(bad: ReadPack['bad']): string[];
  remove(id: BackupId): null;
  mark(id: BackupId, change: Partial<Mark>): Backup;
  prune(options: Parameters<Store['prune']>[0]): PruneReport;
  inspect(name: StoreFile, bytes: Uint8Array): string | null;
  space(): StoreSpace;
  rebuildIndex(): null;
  answers(): boolean;
  close(): null;
}
export type CallName = keyof StoreCalls;

/** Bytes of files for a writer: `bytes` holds parts of one file after the other, `end` where a file is over. */
export interface Handed {
  readonly writer: number;
  readonly bytes: ArrayBuffer;
  readonly parts: readonly {
    readonly file: number;
    readonly kind: CutKind;
    readonly from: number;
    readonly to: number;
    /** `broken`: no more of this file comes, and what came is no file. */
    readonly end: 'no' | 'whole' | 'broken';
  }[];
}

/** To the thread. `at` is the app's clock, in milliseconds. Both ends are of one build, so the arguments are as their types say. */
export const ToThread = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('call'),
    number: z.number(),
    at: z.number(),
    name: z.custom<CallName>((name) => typeof name === 'string'),
    given: z.array(z.unknown()),
  }),
  z.object({ kind: z.literal('cancel'), number: z.number() }),
  /** Nothing more comes. */
  z.object({ kind: z.literal('end') }),
  z.object({ kind: z.literal('hand'), handed: z.custom<Handed>() }),
  /** The answer to a question about keys. */
  z.object({ kind: z.literal('key'), number: z.number(), key: z.string().nullable() }),
  z.object({ kind: z.literal('no-key'), number: z.number(), problem: ProblemShape }),
]);
export type ToThread = z.infer<typeof ToThread>;

/** From the thread. */
export const FromThread = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reply'), number: z.number(), reply: z.unknown() }),
  z.object({ kind: z.literal('problem'), number: z.number(), problem: ProblemShape }),
  z.object({ kind: z.literal('progress'), number: z.number(), progress: Progress }),
  /** Bytes that the writer is done with, and files that are stored. */
  z.object({
    kind: z.literal('taken'),
    writer: z.number(),
    bytes: z.number(),
    stored: z.array(z.custom<readonly [file: number, stored: StoredBytes]>()),
    /** Messages' room that comes back, to be used again. */
    rooms: z.array(z.instanceof(ArrayBuffer)),
    failed: ProblemShape.nullable(),
  }),
  /** The keychain is the app's. `key` null: what is it? */
  z.object({
    kind: z.literal('keeper'),
    number: z.number(),
    storeId: z.string(),
    key: z.string().nullable(),
  }),
]);
export type FromThread = z.infer<typeof FromThread>;
