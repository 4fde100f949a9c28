import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import {
  BackupId,
  newBackupId,
  Problem,
  readJson,
  Sha256,
  wordsOf,
  type Clock,
  type OnProgress,
  type SiteId,
} from '../../words/index.ts';
import { Backup } from '../backup.ts';
import { HALF, writeDurably } from './durable.ts';
import { openIndex, type StoreIndex } from './index-db.ts';
import { blobIdOf, damaged, decodeBlob, readPack, salvagePack, type BlobId, type BlobPlace } from './pack.ts';
import { createPacker } from './packer.ts';
import { decodeTree, encodeTree, type Tree, type TreeEntry } from './tree.ts';

/** A stream of bytes, stored. */
export interface StoredBytes {
  readonly blobs: readonly BlobId[];
  readonly size: number;
}

const TableCount = z.object({ name: z.string(), rows: z.number() });

/** A database's dump within a backup. */
export const StoredDatabase = z.object({
  kind: z.enum(['mysql', 'sqlite']),
  blobs: z.array(Sha256),
  size: z.number(),
  tables: z.array(TableCount),
});
export type StoredDatabase = z.infer<typeof StoredDatabase>;

/** The truth about what was backed up: one file per backup in `snapshots/`. */
const SnapshotFile = z.object({
  format: z.literal(1),
  backup: Backup.omit({ verifiedAt: true }),
  root: Sha256,
  database: StoredDatabase.nullable(),
});
type SnapshotFile = z.infer<typeof SnapshotFile>;

/** A backup being taken. Nothing of it is seen by others before `commit`. */
export interface SnapshotWriter {
  readonly id: BackupId;
  /** Stores bytes; what is there already costs nothing. */
  put(bytes: AsyncIterable<Buffer>): Promise<StoredBytes>;
  putTree(entries: readonly TreeEntry[]): Promise<BlobId>;
  addedBytes(): number;
  /** Makes it durable: packs, then the index, then the snapshot file. */
  commit(content: {
    root: BlobId;
    database: StoredDatabase | null;
    files: number;
    bytes: number;
    moved: string[];
    unreadable: string[];
    databaseKind: Backup['database'];
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

export interface VerifyReport {
  readonly backups: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Each damage, named by backup and path. */
  readonly damage: readonly string[];
}

/** Where all sites' backups are. One writer at a time, readers never wait. */
export interface Store {
  /** Newest first. A backup whose record is damaged is left out; `verify` names it. */
  list(siteId?: SiteId): Promise<Backup[]>;
  /** Whether all of these are known, so that they need not be fetched again. */
  holds(blobs: readonly BlobId[]): boolean;
  begin(about: { siteId: SiteId; siteName: string; reason: Backup['reason'] }): SnapshotWriter;
  /** @throws Problem `no-such-backup` */
  open(id: BackupId): Promise<Snapshot>;
  /** Reads every byte of the given backups (all of them when none is named). */
  verify(ids: readonly BackupId[] | null, signal: AbortSignal, progress: OnProgress): Promise<VerifyReport>;
  /** Takes a backup out; its space is reclaimed by `prune`. */
  remove(id: BackupId): Promise<void>;
  /** Finds every blob again from the packs. */
  rebuildIndex(): Promise<void>;
  close(): void;
}

/** Content larger than this is stored in several blobs. */
const CHUNK = 1024 * 1024;
/** Blobs that a verify reads at once. */
const AT_ONCE = 8;

/** Opens (and makes) the store in a folder. @throws Problem `store-newer` */
export async function openStore(folder: string, clock: Clock): Promise<Store> {
  for (const below of ['packs', 'snapshots'])
    mkdirSync(join(folder, below), { recursive: true, mode: 0o700 });
  const config = join(folder, 'config.json');
  if (existsSync(config)) {
    const { format } = readJson(z.object({ format: z.number() }), await readFile(config, 'utf8'));
    if (format !== 1) {
      throw new Problem({
        code: 'store-newer',
        message: 'The backup store was written by a newer Groundskeeper.',
        todo: 'Update Groundskeeper. Nothing in the store was changed.',
      });
    }
  } else {
    await writeDurably(config, Buffer.from(`${JSON.stringify({ format: 1 })}\n`));
  }
  let index: StoreIndex;
  const indexFile = join(folder, 'index.db');
  try {
    index = openIndex(indexFile);
  } catch {
    // A cache that cannot be read is made anew.
    for (const suffix of ['', '-wal', '-shm']) await rm(`${indexFile}${suffix}`, { force: true });
    index = openIndex(indexFile);
  }
  const packFile = (name: string) => join(folder, 'packs', name.slice(0, 2), `${name}.pack`);

  /** A damaged pack gives what is still whole in it; what is missing is found by reading. */
  const placesOf = async (name: string, bytes: Buffer): Promise<BlobPlace[]> => {
    try {
      return readPack(name, bytes);
    } catch {
      return salvagePack(bytes);
    }
  };

  const rebuildIndex = async () => {
    const known = new Set(index.packs().map((pack) => pack.name));
    const found = new Set<string>();
    for (const below of await readdir(join(folder, 'packs'))) {
      for (const file of await readdir(join(folder, 'packs', below))) {
        if (!file.endsWith('.pack')) continue;
        const name = file.slice(0, -5);
        found.add(name);
        if (known.has(name)) continue;
        const bytes = await readFile(join(folder, 'packs', below, file));
        index.add(name, bytes.length, await placesOf(name, bytes));
      }
    }
    for (const name of known) if (!found.has(name)) index.forgetPack(name);
  };
  await removeHalves(folder);
  // Packs that a crash left without an index entry are found again, and used by the next backup.
  await rebuildIndex();

  const readBlob = async (id: BlobId): Promise<Buffer> => {
    const place = index.find(id);
    if (!place) throw damaged(`blob ${id} is in no pack`);
    let payload: Buffer;
    // What is not what it was is stored anew by the next backup that has it.
    const lost = (problem: unknown) => {
      index.forgetBlob(id);
      return problem;
    };
    try {
      const file = await open(packFile(place.pack), 'r');
      try {
        payload = Buffer.alloc(place.stored);
        const { bytesRead } = await file.read(payload, 0, place.stored, place.offset);
        if (bytesRead !== place.stored) throw lost(damaged(`pack ${place.pack} is cut`));
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw damaged(`pack ${place.pack}: ${wordsOf(error)}`, error);
    }
    return decodeBlob(place, payload).catch((error: unknown) => {
      throw lost(error);
    });
  };

  const snapshotFile = (id: BackupId) => join(folder, 'snapshots', `${id}.json`);
  // Snapshot files never change, so each is read once.
  const snapshots = new Map<BackupId, SnapshotFile>();
  const readSnapshot = async (id: BackupId): Promise<SnapshotFile> => {
    const known = snapshots.get(id);
    if (known) return known;
    let text: string;
    try {
      text = await readFile(snapshotFile(id), 'utf8');
    } catch (error) {
      throw new Problem(
        {
          code: 'no-such-backup',
          message: `There is no backup ${id}.`,
          answered: wordsOf(error),
          todo: '`backups list` shows all of them.',
        },
        error,
      );
    }
    try {
      const file = readJson(SnapshotFile, text);
      snapshots.set(id, file);
      return file;
    } catch (error) {
      throw damaged(`snapshot ${id}: ${wordsOf(error)}`, error);
    }
  };
  const backupOf = (file: SnapshotFile): Backup => ({
    ...file.backup,
    verifiedAt: index.verifiedAt(file.backup.id),
  });

  const allIds = async (): Promise<BackupId[]> => {
    const names = (await readdir(join(folder, 'snapshots'))).filter((name) => name.endsWith('.json'));
    return names.flatMap((name) => BackupId.safeParse(name.slice(0, -5)).data ?? []);
  };

  const store: Store = {
    async list(siteId) {
      const files = await Promise.all((await allIds()).map((id) => readSnapshot(id).catch(() => null)));
      const backups = files.flatMap((file) => (file === null ? [] : [backupOf(file)]));
      return backups
        .filter((backup) => siteId === undefined || backup.siteId === siteId)
        .sort((a, b) => b.takenAt - a.takenAt);
    },
    holds: (blobs) => blobs.every((blob) => index.find(blob) !== null),
    begin(about) {
      const id = newBackupId();
      const packer = createPacker({
        has: (blob) => index.find(blob) !== null,
        async flush(name, bytes, places) {
          mkdirSync(join(folder, 'packs', name.slice(0, 2)), { recursive: true, mode: 0o700 });
          await writeDurably(packFile(name), bytes);
          index.add(name, bytes.length, places);
        },
        newName: () => randomBytes(16).toString('hex'),
      });
      const takenAt = clock();
      return {
        id,
        async put(bytes) {
          const blobs: BlobId[] = [];
          let size = 0;
          for await (const chunk of chunked(bytes)) {
            const blob = blobIdOf(chunk);
            await packer.add(blob, chunk);
            blobs.push(blob);
            size += chunk.length;
          }
          return { blobs, size };
        },
        async putTree(entries) {
          const bytes = encodeTree(entries);
          const blob = blobIdOf(bytes);
          await packer.add(blob, bytes);
          return blob;
        },
        addedBytes: () => packer.added(),
        async commit({ root, database, databaseKind, ...counts }) {
          await packer.finish();
          const backup = {
            id,
            ...about,
            takenAt,
            ...counts,
            addedBytes: packer.added(),
            database: databaseKind,
          };
          const file = SnapshotFile.parse({ format: 1, backup, root, database });
          await writeDurably(snapshotFile(id), Buffer.from(`${JSON.stringify(file, null, 1)}\n`));
          return backupOf(file);
        },
      };
    },
    async open(id) {
      const file = await readSnapshot(id);
      return {
        backup: backupOf(file),
        root: file.root,
        database: file.database,
        tree: async (tree) => decodeTree(await readBlob(tree)),
        async *read(blobs) {
          for (const blob of blobs) yield await readBlob(blob);
        },
      };
    },
    async verify(ids, signal, progress) {
      const backups = ids ?? (await allIds());
      const seen = new Map<BlobId, string | null>();
      const damage: string[] = [];
      let bytes = 0;
      const check = async (blob: BlobId): Promise<Buffer | null> => {
        signal.throwIfAborted();
        const read = await readBlob(blob).catch((error: unknown) => {
          seen.set(blob, error instanceof Problem ? error.answered : wordsOf(error));
          return null;
        });
        if (read !== null) {
          seen.set(blob, null);
          bytes += read.length;
          if (seen.size % 64 === 0) progress({ what: 'Verify', done: bytes, total: null, unit: 'bytes' });
        }
        return read;
      };
      /** Several at a time, because reading and decompressing happen on other threads. */
      const checkAhead = async (blobs: readonly BlobId[]) => {
        const fresh = [...new Set(blobs)].filter((blob) => !seen.has(blob));
        for (let at = 0; at < fresh.length; at += AT_ONCE)
          await Promise.all(fresh.slice(at, at + AT_ONCE).map(check));
      };
      const checkAll = async (blobs: readonly BlobId[], where: string) => {
        await checkAhead(blobs);
        for (const blob of blobs) {
          const why = seen.get(blob) ?? null;
          if (why !== null) damage.push(`${where}: ${why}`);
        }
      };
      const walk = async (backup: BackupId, tree: BlobId, path: string): Promise<void> => {
        const read = await check(tree);
        if (read === null) {
          damage.push(`${backup} ${path === '' ? '/' : path}: ${seen.get(tree) ?? ''}`);
          return;
        }
        const entries = decodeTree(read);
        await checkAhead(entries.flatMap((entry) => (entry.kind === 'file' ? entry.blobs : [])));
        for (const entry of entries) {
          const below = path === '' ? entry.name : `${path}/${entry.name}`;
          if (entry.kind === 'folder') await walk(backup, entry.tree, below);
          if (entry.kind === 'file') await checkAll(entry.blobs, `${backup} ${below}`);
        }
      };
      for (const id of backups) {
        const before = damage.length;
        const file = await readSnapshot(id).catch((error: unknown) => {
          if (error instanceof Problem && error.code === 'store-damaged') return null;
          throw error;
        });
        if (file === null) {
          damage.push(`${id} cannot be read: its record in ${snapshotFile(id)} is damaged`);
          continue;
        }
        await walk(id, file.root, '');
        if (file.database) await checkAll(file.database.blobs, `${id} database`);
        if (damage.length === before) index.setVerified(id, clock());
      }
      return { backups: backups.length, blobs: seen.size, bytes, damage };
    },
    async remove(id) {
      await readSnapshot(id);
      await rm(snapshotFile(id));
      snapshots.delete(id);
    },
    rebuildIndex,
    close: () => index.close(),
  };
  return store;
}

/** Takes away what a crash left half written. The store has one writer, and this is before it writes. */
async function removeHalves(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (basename(name).startsWith(HALF)) await rm(join(folder, name), { force: true });
  }
}

/** Bytes in pieces of {@link CHUNK}; what is smaller comes whole. */
async function* chunked(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const part of bytes) {
    held.push(part);
    size += part.length;
    while (size >= CHUNK) {
      const all = Buffer.concat(held);
      yield all.subarray(0, CHUNK);
      held = [all.subarray(CHUNK)];
      size -= CHUNK;
    }
  }
  if (size > 0) yield Buffer.concat(held);
}
