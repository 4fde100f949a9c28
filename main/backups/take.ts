import type { Connection } from '../connections/index.ts';
import type { DatabaseAccess } from '../platforms/index.ts';
import {
  bytesInWords,
  counted,
  Problem,
  type OnProgress,
  type RemotePath,
  type BackupId,
  type SiteId,
} from '../words/index.ts';
import type { Backup } from './backup.ts';
import { countRows, dumpTo, type DatabaseScripts } from './database/tools.ts';
import { filesAsBefore, filesAsStored, writeFolders } from './folders.ts';
import { leftOutBy, withoutLeftOut, type LeaveOut } from './pull/leave-out.ts';
import { readManifest, type ManifestEntry } from './pull/manifest.ts';
import { pullFiles } from './pull/pull.ts';
import { rememberIn, type Memory } from './remember.ts';
import { hiddenChanges, sweep } from './sweep.ts';
import type { BlobId } from './store/keys.ts';
import type { SnapshotWriter, Store, StoredDatabase } from './store/types.ts';

/** A database of MySQL or MariaDB that is dumped by another way than commands on the server. */
export interface DumpSource {
  readonly kind: 'mysql' | 'mariadb';
  /** Every table of the site and how many rows it has. */
  tables(): Promise<{ name: string; rows: number }[]>;
  /** The same SQL as that of our scripts. */
  dump(): AsyncIterable<Buffer>;
  /** What is not in the dump, or odd about it, once it has come. */
  lacking(): readonly string[];
}

export interface TakeOptions {
  readonly site: { readonly id: SiteId; readonly name: string; readonly root: RemotePath };
  readonly reason: Backup['reason'];
  readonly leaveOut: LeaveOut;
  /** Paths that are about to be changed: they are backed up whatever the rules say. None, when not given. */
  readonly touches?: (path: string) => boolean;
  readonly database: {
    readonly access: DatabaseAccess;
    readonly kind: NonNullable<Backup['database']>;
    readonly php: string;
  } | null;
  /** How the database is dumped where no commands are run. */
  readonly source?: DumpSource | null;
  readonly scripts: DatabaseScripts;
  /** Compares what looks unchanged by its contents as well, and is told how many files had changed without showing it. */
  readonly onSwept?: ((hidden: number) => void) | undefined;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  readonly log: (level: 'info' | 'warning', text: string) => void;
}

/**
 * Takes a backup of a site: files that changed since the last one, and the database.
 * @throws Problem; nothing of a backup that failed is seen, but the next one goes on where it was cut off
 */
export async function takeBackup(
  store: Store,
  connection: Connection,
  options: TakeOptions,
): Promise<Backup> {
  const { site, reason } = options;
  await using writer = await store.begin({ siteId: site.id, siteName: site.name, reason });
  const memory = rememberIn(writer);
  try {
    return await takeInto(writer, memory, store, connection, options);
  } catch (error) {
    await memory.keep();
    throw error;
  }
}

async function takeInto(
  writer: SnapshotWriter,
  memory: Memory,
  store: Store,
  connection: Connection,
  options: TakeOptions,
): Promise<Backup> {
  const { site, signal, progress, log } = options;
  progress({ what: 'List the files', done: 0, total: null, unit: 'files' });
  const listing = {
    root: site.root,
    leaveOut: options.leaveOut.paths,
    scripts: options.scripts.files,
    signal,
  };
  const [listed, last, unfinished] = await Promise.all([
    readManifest(connection, listing),
    writer.last(),
    writer.unfinished(),
  ]);
  const leftOut = withoutLeftOut(listed, leftOutBy(options.leaveOut), options.touches ?? (() => false));
  const manifest = leftOut.entries;
  if (leftOut.files > 0)
    log(
      'info',
      `${counted(leftOut.files, 'file')}, ${bytesInWords(leftOut.bytes)}, left out by the site’s rules.`,
    );
  const files = manifest.filter((entry) => entry.kind === 'file');
  const stored = filesAsBefore(last, files);
  const resumed = filesAsStored(
    unfinished,
    files.filter((entry) => !stored.has(entry.path)),
  );
  for (const [path, blobs] of resumed) stored.set(path, blobs);
  if (resumed.size > 0)
    log('info', `${counted(resumed.size, 'file')} had come already, in a backup that was cut off.`);
  const unproved =
    options.onSwept === undefined ? null : await sweep(store, connection, files, stored, options);
  for (const path of unproved?.keys() ?? []) stored.delete(path);
  const stale = files.filter((entry) => !stored.has(entry.path));
  log('info', `${files.length} files, ${stale.length} of them new or changed.`);

  const first = await pull(connection, writer, stale, stored, memory, options);
  // What moved while it was read is listed again and tried once more.
  const again =
    first.moved.length === 0
      ? []
      : await readManifest(connection, { ...listing, only: first.moved.map((entry) => entry.path) });
  const second =
    again.length === 0
      ? { moved: [], unreadable: [] }
      : await pull(
          connection,
          writer,
          again.filter((entry) => entry.kind === 'file'),
          stored,
          memory,
          options,
        );
  if (unproved !== null) {
    const hidden = hiddenChanges(unproved, stored, first.moved);
    for (const path of hidden) log('warning', `Had changed, and its size and time did not show it: ${path}`);
    options.onSwept?.(hidden.length);
  }
  const latest = new Map(again.map((entry) => [entry.path, entry]));
  const closed = manifest.filter((entry) => entry.closed);
  const unreadable = [...closed, ...first.unreadable, ...second.unreadable].map((entry) =>
    entry.path === '' ? '.' : entry.path,
  );
  for (const path of unreadable) stored.delete(path);
  const gone = new Set(first.moved.filter((entry) => !latest.has(entry.path)).map((entry) => entry.path));
  const entries = manifest
    .filter((entry) => !gone.has(entry.path))
    .map((entry) => latest.get(entry.path) ?? entry);
  const moved = [...first.moved.filter((entry) => gone.has(entry.path)), ...second.moved].map(
    (entry) => entry.path,
  );
  for (const path of unreadable)
    log('warning', `Not readable for this account, and so not in the backup: ${path}`);
  for (const path of moved) log('warning', `Changed while it was read: ${path}`);

  for (const entry of entries) {
    if (entry.kind === 'file' && !stored.has(entry.path) && !unreadable.includes(entry.path))
      throw incomplete(entry.path);
  }
  const database = options.source
    ? await dumpBy(options.source, writer, options)
    : options.database === null
      ? null
      : await dump(connection, writer, options.database, options);
  progress({ what: 'Write the snapshot', done: 0, total: null, unit: 'files' });
  const root = await writeFolders(writer, entries, stored, last);
  signal.throwIfAborted();
  await memory.settled();
  return writer.commit({
    root,
    database,
    databaseKind: options.source?.kind ?? options.database?.kind ?? null,
    files: entries.filter((entry) => entry.kind === 'file' && stored.has(entry.path)).length,
    bytes:
      entries.reduce((sum, entry) => sum + (stored.has(entry.path) ? entry.size : 0), 0) +
      (database?.size ?? 0),
    moved,
    unreadable,
    leftOut: { ...options.leaveOut, files: leftOut.files, bytes: leftOut.bytes },
  });
}

async function pull(
  connection: Connection,
  writer: SnapshotWriter,
  wanted: readonly ManifestEntry[],
  stored: Map<string, readonly BlobId[]>,
  memory: Memory,
  options: TakeOptions,
) {
  const total = wanted.reduce((sum, entry) => sum + entry.size, 0);
  let done = 0;
  const storing: Promise<void>[] = [];
  try {
    const pulled = await pullFiles(connection, wanted, {
      root: options.site.root,
      scripts: options.scripts.files,
      signal: options.signal,
      async onFile(entry, size, content) {
        const handed = await writer.handOver(content, entry.path.endsWith('.sql') ? 'dump' : 'file');
        const work = handed.stored.then(({ blobs, size: read }) => {
          if (read !== size) throw incomplete(entry.path);
          stored.set(entry.path, blobs);
          if (size === entry.size) memory.add(entry, blobs);
        });
        work.catch(() => {});
        storing.push(work);
        done += size;
        options.progress({ what: 'Fetch the files', done, total, unit: 'bytes' });
      },
    });
    await Promise.all(storing);
    return pulled;
  } catch (error) {
    // What was handed over is stored all the same.
    await Promise.allSettled(storing);
    throw error;
  }
}

async function dump(
  connection: Connection,
  writer: SnapshotWriter,
  database: NonNullable<TakeOptions['database']>,
  options: TakeOptions,
): Promise<StoredDatabase> {
  const { access } = database;
  const work = {
    connection,
    access,
    php: database.php,
    scripts: options.scripts,
    signal: options.signal,
  };
  options.progress({ what: 'Dump the database', done: 0, total: null, unit: 'bytes' });
  const tables = await countRows(work);
  let found: Awaited<ReturnType<SnapshotWriter['put']>> | null = null;
  const lacking = await dumpTo(work, async (stdout) => {
    found = await writer.put(
      watched(stdout, (done) =>
        options.progress({ what: 'Dump the database', done, total: null, unit: 'bytes' }),
      ),
      'dump',
    );
  });
  for (const line of lacking) options.log('warning', `The database: ${line}`);
  const { blobs, size } = stored(found);
  options.log('info', `Database: ${tables.length} tables, ${size} bytes.`);
  return { kind: access.kind, blobs: [...blobs], size, tables };
}

async function dumpBy(
  source: DumpSource,
  writer: Pick<SnapshotWriter, 'put'>,
  { progress, log }: Pick<TakeOptions, 'progress' | 'log'>,
): Promise<StoredDatabase> {
  progress({ what: 'Dump the database', done: 0, total: null, unit: 'bytes' });
  const tables = await source.tables();
  const found = await writer.put(
    watched(source.dump(), (done) =>
      progress({ what: 'Dump the database', done, total: null, unit: 'bytes' }),
    ),
    'dump',
  );
  for (const line of source.lacking()) log('warning', `The database: ${line}`);
  const { blobs, size } = stored(found);
  log('info', `Database: ${tables.length} tables, ${size} bytes.`);
  return { kind: 'mysql', blobs: [...blobs], size, tables };
}

/**
 * Takes a backup of nothing but the database as it is now; its files are those of an earlier backup, which nobody has changed since.
 * @param files the backup whose files it has
 */
export async function takeDump(
  store: Store,
  files: BackupId,
  source: DumpSource,
  options: Pick<TakeOptions, 'site' | 'reason' | 'signal' | 'progress' | 'log'>,
): Promise<Backup> {
  const { site, reason, signal } = options;
  const { backup, root, database: before } = await store.open(files);
  await using writer = await store.begin({ siteId: site.id, siteName: site.name, reason });
  const database = await dumpBy(source, writer, options);
  signal.throwIfAborted();
  return writer.commit({
    root,
    database,
    databaseKind: source.kind,
    files: backup.files,
    bytes: backup.bytes - (before?.size ?? 0) + database.size,
    moved: backup.moved,
    unreadable: backup.unreadable,
    leftOut: backup.leftOut,
  });
}

function stored(found: Awaited<ReturnType<SnapshotWriter['put']>> | null) {
  if (found === null || found.size === 0) {
    throw new Problem({
      code: 'dump-empty',
      message: 'The dump of the database is empty.',
      attempted: 'Dump the database',
      todo: 'Check the site’s database; no backup was made.',
    });
  }
  return found;
}

async function* watched(
  stdout: AsyncIterable<unknown>,
  on: (done: number) => void,
): AsyncGenerator<Buffer, void, void> {
  let done = 0;
  for await (const chunk of stdout) {
    if (!Buffer.isBuffer(chunk)) continue;
    done += chunk.length;
    on(done);
    yield chunk;
  }
}

function incomplete(path: string): Problem {
  return new Problem({
    code: 'backup-incomplete',
    message: 'The backup is not complete, so it was not kept.',
    attempted: 'Compare what came with the list of files',
    answered: `${path} did not come in full`,
    todo: 'Try again. If it happens again, a program on the server may be rewriting that file all the time: leave it out.',
  });
}
