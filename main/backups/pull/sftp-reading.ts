import type { RemoteFiles, RemoteHandle } from '../../connections/index.ts';
import { joinRemote, Problem, type RemotePath } from '../../words/index.ts';
import type { ManifestEntry } from './manifest-entry.ts';

/** What every server gives in one answer. */
const PIECE = 32 * 1024;

/** What became of a file. */
export type Came = 'whole' | 'moved' | 'unreadable';

/** A file that is being read over SFTP, piece by piece, each asked for before the one before has come. */
export interface Reading {
  readonly entry: ManifestEntry;
  /** Whether it could be opened. */
  readonly opened: Promise<boolean>;
  /** Asks for its next piece. @returns how many bytes; 0: all are asked for */
  ask(): number;
  /** The next piece that was asked for, of its full length: what is missing is zeros. null: all have been taken */
  take(): Promise<Buffer> | null;
  /** Asks for no more of it. */
  giveUp(): void;
  /** Resolves when it is closed on the server again. */
  readonly closed: Promise<Came>;
}

/** Begins to read a file. Of what goes wrong, only a lost connection is thrown. */
export function beginReading(files: RemoteFiles, root: RemotePath, entry: ManifestEntry): Reading {
  let came: Came = 'whole';
  const worse = (than: Came) => {
    if (came !== 'unreadable') came = than;
  };
  const opening = files.open(joinRemote(root, entry.path)).catch((error: unknown) => {
    worse(refusalOf(error) === 'no-such-file' ? 'moved' : 'unreadable');
    return null;
  });
  const pieces: Promise<Buffer>[] = [];
  const asked = Promise.withResolvers<undefined>();
  let at = 0;
  let taken = 0;
  if (entry.size === 0) asked.resolve(undefined);

  const read = async (handle: RemoteHandle, from: number, length: number): Promise<Buffer> => {
    let got: Buffer = Buffer.alloc(0);
    while (got.length < length) {
      const more = await files.read(handle, from + got.length, length - got.length);
      if (more.length === 0) {
        worse('moved');
        return filled(got, length);
      }
      got = got.length === 0 ? more : Buffer.concat([got, more]);
    }
    return got.subarray(0, length);
  };
  const piece = async (from: number, length: number): Promise<Buffer> => {
    const handle = await opening;
    if (handle === null) return Buffer.alloc(length);
    return read(handle, from, length).catch((error: unknown) => {
      refusalOf(error);
      worse('unreadable');
      return Buffer.alloc(length);
    });
  };
  const close = async (): Promise<Came> => {
    const handle = await opening;
    await asked.promise;
    await Promise.all(pieces);
    if (handle === null) return came;
    try {
      const now = await files.statOf(handle);
      if (now.size !== entry.size || now.mtime !== Math.floor(Number(entry.mtime))) worse('moved');
    } catch (error) {
      refusalOf(error);
    }
    await files.close(handle).catch(refusalOf);
    return came;
  };
  const opened = opening.then((handle) => handle !== null);
  const closed = close();
  for (const promise of [opened, closed]) promise.catch(() => {});
  return {
    entry,
    opened,
    closed,
    ask() {
      const length = Math.min(PIECE, entry.size - at);
      if (length <= 0) return 0;
      const coming = piece(at, length);
      coming.catch(() => {});
      pieces.push(coming);
      at += length;
      if (at === entry.size) asked.resolve(undefined);
      return length;
    },
    take() {
      const next = pieces[taken];
      if (next === undefined) return null;
      // What was taken is not held on to: a file may be larger than memory.
      pieces[taken] = NONE;
      taken += 1;
      return next;
    },
    giveUp() {
      at = entry.size;
      asked.resolve(undefined);
    },
  };
}

const NONE = Promise.resolve(Buffer.alloc(0));

/** What a server objects to. @throws what is no objection of a server: then nothing more comes from it */
function refusalOf(error: unknown): string {
  if (error instanceof Problem && error.code !== 'connection-lost') return error.code;
  throw error;
}

function filled(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)], length);
}
