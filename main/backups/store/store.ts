import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { takeOwnership } from '../../database/index.ts';
import { newBackupId, Problem, type Clock } from '../../words/index.ts';
import type { Backup, Pin } from '../backup.ts';
import { isStill, makeConfig, readConfig } from './config.ts';
import { cut, CUT, type CutKind } from './cut.ts';
import { HALF, makeFolder } from './durable.ts';
import { createGate } from './gate.ts';
import { inspectFile } from './inspect.ts';
import { lastFolders } from './last.ts';
import { learnNewPacks, learnPack, learnRecords, openOrRemakeIndex } from './learn.ts';
import { keysOf, type BlobId, type KeyKeeper } from './keys.ts';
import { openMarks, type Marks } from './marks.ts';
import { digestsOf } from './digests.ts';
import { diskProblem } from './disk-problem.ts';
import { matches } from './matches.ts';
import { damaged, decodeBlob } from './pack.ts';
import { openPackFiles } from './pack-files.ts';
import { createPacker } from './packer.ts';
import { pruneStore } from './prune.ts';
import { openRecovery } from './recovery.ts';
import { concludeReading, readOldest } from './rolling.ts';
import { openSnapshots, SnapshotRecord } from './snapshots.ts';
import { spaceOf } from './space.ts';
import { backupOfFile, markOfFile, snapshotFile } from './store-files.ts';
import { decodeTree, encodeTree, type Tree } from './tree.ts';
import type { Store, StoredBytes } from './types.ts';
import { unfinishedFiles } from './unfinished.ts';
import { verifyBackups, type StoreParts } from './verify.ts';
import { startWorkers, type StoreWorkers } from './workers.ts';
import { writeOut } from './write-out.ts';

export interface StoreOptions {
  readonly clock: Clock;
  /** Where the keys of sealed stores are on this computer; null: a new store is made open, and a sealed one is locked. */
  readonly keeper: KeyKeeper | null;
}

/** Opens (and makes) the store in a folder. @throws Problem `store-newer`, `store-older`, `store-in-use` */
export async function openStore(folder: string, { clock, keeper }: StoreOptions): Promise<Store> {
  for (const below of ['packs', 'snapshots']) makeFolder(join(folder, below));
  const ownership = takeOwnership(folder);
  if (ownership === null) {
    throw new Problem({
      code: 'store-in-use',
      message: 'Another Groundskeeper is using this backup store.',
      answered: folder,
      todo: 'Close the other one, then try again.',
    });
  }
  try {
    const configFile = join(folder, 'config.json');
    const config = (await readConfig(configFile)) ?? (await makeConfig(configFile, keeper));
    const recovery = openRecovery(configFile, config, clock);
    const stored = config.sealed ? ((await keeper?.get(config.id)) ?? null) : null;
    const packs = openPackFiles(folder);
    const index = await openOrRemakeIndex(join(folder, 'index.db'));
    let inner: Inner | null = null;
    let workers: StoreWorkers | null = null;
    let closed = false;
    const unlockWith = async (master: Buffer | null) => {
      const keys = keysOf(master);
      const snapshots = openSnapshots(join(folder, 'snapshots'), keys);
      workers = startWorkers(master);
      const parts = { keys, index, packs, snapshots, workers, clock };
      await learnNewPacks(parts);
      const marks = await openMarks(join(folder, 'marks'), keys);
      await learnRecords(parts, marks, false);
      inner = innerStore(parts, marks);
    };
    await removeHalves(folder);
    await packs.bringBack();
    let master: Buffer | null = stored === null ? null : Buffer.from(stored, 'base64');
    if (!config.sealed || master !== null) await unlockWith(master);

    const need = (): Inner => {
      if (inner !== null) return inner;
      throw new Problem({
        code: 'store-locked',
        message: 'The backups are sealed, and their key is not on this computer.',
        attempted: 'Open the backup store',
        answered: folder,
        todo: 'Unlock them with the recovery phrase: in Backups, or `groundskeeper backups unlock`.',
      });
    };
    return {
      state: () => ({
        id: config.id,
        sealed: config.sealed,
        locked: inner === null,
        ...recovery.state(),
        away: false,
        folder,
      }),
      async makePhrase() {
        need();
        return recovery.make(master);
      },
      async confirmPhrase(phrase) {
        need();
        await recovery.confirm(master, phrase);
      },
      dropPhrase: () => recovery.drop(),
      async unlock(phrase) {
        if (inner !== null) return;
        const found = await recovery.unwrap(phrase);
        await keeper?.set(config.id, found.toString('base64'));
        master = found;
        await unlockWith(found);
      },
      list: async (siteId) => need().list(siteId),
      begin: async (about) => need().begin(about),
      open: async (id) => need().open(id),
      async verify(ids, ...given) {
        const report = await need().verify(ids, ...given);
        if (ids !== null || (await isStill(configFile, recovery.config))) return report;
        return { ...report, damage: [...report.damage, `${configFile} is not as it was written`] };
      },
      size: async () => need().size(),
      matches: async (...given) => need().matches(...given),
      digests: async (files) => need().digests(files),
      readOldest: async (...given) => need().readOldest(...given),
      concludeReading: async (...given) => need().concludeReading(...given),
      remove: async (id) => need().remove(id),
      mark: async (id, change) => need().mark(id, change),
      prune: async (...given) => need().prune(...given),
      inspect: async (...given) => need().inspect(...given),
      space: async (signal) => need().space(signal),
      rebuildIndex: async () => need().rebuildIndex(),
      async answers() {
        try {
          index.touch();
          return true;
        } catch {
          return false;
        }
      },
      async close() {
        if (closed) return;
        closed = true;
        await workers?.close();
        packs.close();
        try {
          index.close();
        } finally {
          ownership.release();
        }
      },
    };
  } catch (error) {
    ownership.release();
    throw error;
  }
}

type Inner = Omit<
  Store,
  'state' | 'makePhrase' | 'confirmPhrase' | 'dropPhrase' | 'unlock' | 'answers' | 'close'
>;

/** A store whose key is known. */
function innerStore(
  { keys, index, packs, snapshots, workers, clock }: Omit<StoreParts, 'readTree'>,
  marks: Marks,
): Inner {
  const gate = createGate();

  const readBlob = async (id: BlobId): Promise<Buffer> => {
    for (;;) {
      const place = index.find(id);
      const pack = place === null ? null : index.pack(place.pack);
      if (place === null || pack === null) throw damaged(`blob ${id} is in no pack`);
      try {
        return decodeBlob(keys, pack.salt, place, await packs.read(place.pack, place.offset, place.stored));
      } catch (error) {
        // A prune has moved it meanwhile.
        if (index.find(id)?.pack !== place.pack) continue;
        // What is not what it was is stored anew by the next backup that has it.
        if (error instanceof Problem && error.code === 'store-damaged') index.forgetBlob(id);
        throw error;
      }
    }
  };
  const readTree = async (id: BlobId): Promise<Tree | null> => {
    try {
      return decodeTree(await readBlob(id));
    } catch {
      return null;
    }
  };
  const parts: StoreParts = { keys, index, packs, snapshots, workers, clock, readTree };
  const backupOf = (record: SnapshotRecord): Backup => ({
    ...record.backup,
    verifiedAt: index.verifiedAt(record.backup.id),
    ...marks.of(record.backup.id),
  });

  /** Marks that are damaged, and records that are not there any more although nobody removed them. */
  const recordDamage = async (): Promise<string[]> => {
    const there = new Set([...(await snapshots.ids()).map(snapshotFile), ...marks.files()]);
    const missing = index.records().filter((name) => !there.has(name));
    return [
      ...(await marks.damage()),
      ...missing.map((name) => `${backupOfFile(name) ?? markOfFile(name)?.backup ?? ''} ${name} is missing`),
    ];
  };

  return {
    async list(siteId) {
      const ids = await snapshots.ids();
      const records = await Promise.all(ids.map((id) => snapshots.read(id).catch(withoutDamaged)));
      return records
        .flatMap((record) => (record === null ? [] : [backupOf(record)]))
        .filter((backup) => siteId === undefined || backup.siteId === siteId)
        .sort((a, b) => b.takenAt - a.takenAt);
    },
    async begin(about) {
      const leave = await gate.together();
      const id = newBackupId();
      const packer = createPacker({
        keys,
        has: index.has,
        workers,
        roomFor: packs.roomFor,
        onPack(pack, places) {
          try {
            index.add(pack, places);
          } catch (error) {
            throw diskProblem(error, packs.fileOf(pack.name));
          }
        },
      });
      const takenAt = clock();
      const put = async (bytes: AsyncIterable<Buffer>, kind: CutKind = 'file'): Promise<StoredBytes> => {
        const blobs: BlobId[] = [];
        let size = 0;
        for await (const piece of cut(bytes, CUT[kind], keys.gear)) {
          const blob = keys.blobId(piece);
          await packer.add(blob, piece);
          blobs.push(blob);
          size += piece.length;
        }
        return { blobs, size };
      };
      return {
        id,
        last: () => lastFolders({ snapshots, readTree, lacks: index.lacks }, about.siteId),
        unfinished: () => unfinishedFiles(parts, about.siteId),
        async remember(files) {
          // A blob as any other: sealed, and gone with the next prune.
          const bytes = encodeTree(files);
          const list = keys.blobId(bytes);
          await packer.add(list, bytes);
          index.addUnfinished(about.siteId, list);
        },
        put,
        async handOver(bytes, kind) {
          const stored = put(bytes, kind);
          stored.catch(() => {});
          await stored;
          return { stored };
        },
        async putTree(entries) {
          const bytes = encodeTree(entries);
          const blob = keys.blobId(bytes);
          await packer.add(blob, bytes);
          return blob;
        },
        async commit({ root, database, databaseKind, ...counts }) {
          await packer.finish();
          const { site = null, ...told } = about;
          const record = SnapshotRecord.parse({
            format: 2,
            backup: { id, ...told, takenAt, ...counts, addedBytes: packer.added(), database: databaseKind },
            root,
            database,
            site,
          });
          await snapshots.write(record);
          try {
            index.expectRecord(snapshotFile(id));
            index.forgetUnfinished(about.siteId);
            index.settle();
          } catch {
            // The backup is whole; the index is a cache.
          }
          leave();
          return backupOf(record);
        },
        async [Symbol.asyncDispose]() {
          // What is still being written is waited for, so that nothing is written while another prunes.
          await packer.finish().catch(() => {});
          leave();
        },
      };
    },
    async open(id) {
      const record = await snapshots.read(id);
      return {
        backup: backupOf(record),
        root: record.root,
        database: record.database,
        site: record.site,
        tree: async (tree) => decodeTree(await readBlob(tree)),
        async *read(blobs) {
          for (const blob of blobs) yield await readBlob(blob);
        },
        writeFiles: (files) => writeOut(parts, files),
      };
    },
    async verify(ids, signal, progress, depth = 'deep') {
      const leave = await gate.together();
      try {
        const report = await verifyBackups(parts, ids, depth, signal, progress);
        if (ids !== null) return report;
        return { ...report, damage: [...report.damage, ...(await recordDamage())] };
      } finally {
        leave();
      }
    },
    async size() {
      return index.packs().reduce((sum, { size }) => sum + size, 0);
    },
    matches: (...given) => matches(parts, ...given),
    digests: (files) => digestsOf(readBlob, files),
    async readOldest(...given) {
      const leave = await gate.together();
      try {
        return await readOldest(parts, ...given);
      } finally {
        leave();
      }
    },
    async concludeReading(...given) {
      const leave = await gate.together();
      try {
        return await concludeReading(parts, ...given);
      } finally {
        leave();
      }
    },
    async remove(id) {
      const { backup } = await snapshots.read(id);
      const { pin } = marks.of(id);
      if (pin !== null) throw pinned(backup.siteName, pin);
      for (const name of [snapshotFile(id), ...marks.files().filter((one) => markOfFile(one)?.backup === id)])
        index.forgetRecord(name);
      await snapshots.remove(id);
      await marks.forget(id);
    },
    async mark(id, change) {
      const record = await snapshots.read(id);
      const before = marks.files().filter((name) => markOfFile(name)?.backup === id);
      await marks.set(id, change);
      for (const name of before) index.forgetRecord(name);
      for (const name of marks.files()) index.expectRecord(name);
      return backupOf(record);
    },
    prune: (options, signal, progress) =>
      options.dryRun
        ? pruneStore(parts, options, signal, progress)
        : gate.alone(() => pruneStore(parts, options, signal, progress)),
    inspect: (name, bytes) => inspectFile(parts, name, bytes),
    async space(signal) {
      const leave = await gate.together();
      try {
        return await spaceOf(parts, signal);
      } finally {
        leave();
      }
    },
    rebuildIndex: () =>
      gate.alone(async () => {
        await learnNewPacks(parts);
        await learnRecords(parts, marks, true);
        // What was forgotten as damaged is found again as well; a verify says what it is worth.
        for (const name of await packs.names()) await learnPack(parts, name);
      }),
  };
}

/** A disk that is away is another thing than a backup that is damaged. */
function withoutDamaged(error: unknown): null {
  if (error instanceof Problem && ['store-damaged', 'no-such-backup'].includes(error.code)) return null;
  throw error;
}

function pinned(siteName: string, { note }: Pin): Problem {
  return new Problem({
    code: 'backup-pinned',
    message: 'This backup is pinned, so it stays.',
    attempted: `Remove a backup of ${siteName}`,
    answered: note,
    todo: 'Unpin it first: on its screen, or with `backups unpin`.',
  });
}

/** Takes away what a crash left half written. The store has one writer, and this is before it writes. */
async function removeHalves(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (basename(name).startsWith(HALF)) await rm(join(folder, name), { force: true });
  }
}
