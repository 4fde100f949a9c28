import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { encodeName, type OnProgress } from '../../words/index.ts';
import { flatten } from './browse.ts';
import { localProblem, refuseExisting } from './local-disk.ts';
import { createSafePaths } from './safe-paths.ts';
import type { Snapshot } from '../store/types.ts';
import type { TreeEntry } from '../store/tree.ts';

export interface ZipExport {
  readonly files: number;
  readonly links: number;
  /** Bytes of the zip itself. */
  readonly size: number;
  /** Names that not every system can have, and what they are in the zip. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/** Where the files lie in the zip. The dump lies beside them, so that a zip unpacked into a web root does not publish it. */
const FILES = 'files';
const TYPE = { file: 0o100000, folder: 0o40000, link: 0o120000 };

/**
 * Writes a whole backup as one zip that opens anywhere: the files with their modes and times, links as links, and the
 * database's dump beside them. Streamed; under a temporary name until it is whole.
 * @throws Problem `exists` when the file is there already, `disk-full`, `cannot-write`, `store-damaged`
 */
export async function exportZip(
  snapshot: Snapshot,
  file: string,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<ZipExport> {
  signal.throwIfAborted();
  const temporary = join(dirname(file), `.gk-part-${randomBytes(6).toString('hex')}`);
  try {
    refuseExisting(file);
    await mkdir(dirname(file), { recursive: true });
    const written = await write(snapshot, temporary, signal, progress);
    refuseExisting(file);
    await rename(temporary, file);
    return { ...written, size: (await stat(file)).size };
  } catch (error) {
    // What went wrong first is what is told.
    await rm(temporary, { force: true }).catch(() => {});
    throw localProblem(error, file);
  }
}

async function write(
  snapshot: Snapshot,
  target: string,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Omit<ZipExport, 'size'>> {
  const zip = new ZipFile();
  const broken = new AbortController();
  const end = AbortSignal.any([signal, broken.signal]);
  zip.on('error', (error: unknown) => broken.abort(error));
  const output = createWriteStream(target, { flags: 'wx', mode: 0o600, flush: true });
  const adding = addAll(zip, snapshot, end, progress);
  const results = await Promise.allSettled([
    adding.catch((error: unknown) => {
      broken.abort(error);
      throw error;
    }),
    pipeline(zip.outputStream, output, { signal: end }).catch((error: unknown) => {
      broken.abort(error);
      throw error;
    }),
  ]);
  signal.throwIfAborted();
  // The first that went wrong; what it brought down after it says only that it was ended.
  if (broken.signal.aborted) throw broken.signal.reason;
  const [added] = results;
  if (added.status === 'rejected') throw added.reason;
  return added.value;
}

/** Adds one entry after the other; the next is begun when the bytes of the one before are read. */
async function addAll(
  zip: ZipFile,
  snapshot: Snapshot,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Omit<ZipExport, 'size'>> {
  const paths = createSafePaths();
  const total = snapshot.backup.bytes + (snapshot.database?.size ?? 0);
  let done = 0;
  let files = 0;
  let links = 0;
  const addContent = async (
    name: string,
    content: Pick<Extract<TreeEntry, { kind: 'file' }>, 'blobs' | 'size'>,
    options: { mode: number; mtime: Date },
  ) => {
    const counted = async function* () {
      for await (const chunk of snapshot.read(content.blobs)) {
        done += chunk.length;
        progress({ what: 'Write the zip', done, total: Math.max(total, done), unit: 'bytes' });
        yield chunk;
      }
    };
    const stream = Readable.from(counted(), { objectMode: false });
    try {
      // With the size given, a content that is shorter or longer is an error, not a zip that looks whole.
      zip.addReadStream(stream, name, { ...options, size: content.size });
      await finished(stream, { signal });
    } finally {
      stream.destroy();
    }
  };
  zip.addEmptyDirectory(FILES, { mode: TYPE.folder | 0o755, mtime: new Date(snapshot.backup.takenAt) });
  for await (const { path, entry } of flatten(snapshot)) {
    signal.throwIfAborted();
    const name = `${FILES}/${paths.of(path)}`;
    const options = { mode: TYPE[entry.kind] | (entry.mode & 0o7777), mtime: timeOf(entry) };
    if (entry.kind === 'folder') {
      zip.addEmptyDirectory(name, options);
    } else if (entry.kind === 'link') {
      links += 1;
      zip.addBuffer(encodeName(entry.target), name, { ...options, compress: false });
    } else {
      files += 1;
      await addContent(name, entry, options);
    }
  }
  if (snapshot.database !== null) {
    files += 1;
    await addContent(
      snapshot.database.kind === 'sqlite' ? 'database.sqlite' : 'database.sql',
      snapshot.database,
      { mode: TYPE.file | 0o600, mtime: new Date(snapshot.backup.takenAt) },
    );
  }
  zip.end();
  return { files, links, renamed: paths.renamed };
}

/** The format has no time before 1970. */
function timeOf({ mtime }: TreeEntry): Date {
  const seconds = Number(mtime);
  return new Date(Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0);
}
