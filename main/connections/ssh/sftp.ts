import type { Client, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { Problem, wordsOf } from '../../words/index.ts';

/** What lies in a folder of a server. */
export interface SftpEntry {
  readonly name: string;
  readonly size: number;
  readonly kind: 'file' | 'folder' | 'other';
}

/** Files of a server over SFTP. Paths are absolute or begin at the account's own folder. */
export interface Sftp {
  /** null: there is no such folder. */
  list(folder: string): Promise<SftpEntry[] | null>;
  /** null: there is no such file. */
  sizeOf(path: string): Promise<number | null>;
  /** Exactly so many bytes from there on; fewer where the file ends before. @throws Problem `no-such-file` */
  read(path: string, from: number, length: number): Promise<Buffer>;
  /** Makes a new file, and has it on the disk where the server can promise that. */
  create(path: string, bytes: Buffer): Promise<void>;
  /** Takes the place of what is there, in one instant where the server knows how. */
  rename(from: string, to: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** What is not there is gone already. */
  remove(path: string): Promise<void>;
  /** Takes an empty folder away; one that holds something stays. */
  removeFolder(path: string): Promise<void>;
  /** Bytes that this account may still write; null: the server does not say. */
  free(path: string): Promise<number | null>;
  close(): void;
}

/** Requests in flight, and bytes of each: 32 KiB is what every server takes. */
const AT_ONCE = 64;
const PIECE = 32 * 1024;
/** SSH_FX_NO_SUCH_FILE, SSH_FX_FAILURE, SSH_FX_OP_UNSUPPORTED */
const NO_SUCH_FILE = 2;
const FAILURE = 4;

/** Opens the SFTP subsystem. @throws Problem `no-sftp` */
export async function openSftp(client: Client, label: string): Promise<Sftp> {
  // ssh2 does not answer every question that is open when a connection breaks.
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  const lost = () =>
    gone.reject(asSftpProblem(new Error('The connection was closed.'), 'Reach the files', label));
  client.once('close', lost).once('end', lost);
  const opening = new Promise<SFTPWrapper>((resolve, reject) => {
    const refused = (error: unknown) =>
      reject(
        new Problem(
          {
            code: 'no-sftp',
            message: `${label} does not give access to files.`,
            attempted: `Open SFTP on ${label}`,
            answered: wordsOf(error),
            todo: 'Ask the host to allow SFTP for this account.',
          },
          error,
        ),
      );
    try {
      client.sftp((error, opened) => (error ? refused(error) : resolve(opened)));
    } catch (error) {
      refused(error);
    }
  });
  const sftp = await Promise.race([opening, gone.promise]);
  sftp.on('error', () => {}).once('close', lost);
  /** Errors of a call, as problems. */
  const call = <T>(attempted: string, start: (done: (error?: unknown, result?: T) => void) => void) => {
    const answer = new Promise<T | undefined>((resolve, reject) => {
      try {
        start((error, result) =>
          error === undefined || error === null
            ? resolve(result)
            : reject(asSftpProblem(error, attempted, label)),
        );
      } catch (error) {
        reject(asSftpProblem(error, attempted, label));
      }
    });
    return Promise.race([answer, gone.promise]);
  };
  const needed = <T>(result: T | undefined, attempted: string): T => {
    if (result === undefined) throw asSftpProblem(new Error('no answer'), attempted, label);
    return result;
  };
  const open = async (path: string, flags: 'r' | 'wx', attempted: string) =>
    needed(await call<Buffer>(attempted, (done) => sftp.open(path, flags, { mode: 0o600 }, done)), attempted);
  const close = (handle: Buffer) => call('Close a file', (done) => sftp.close(handle, done));
  const orNothing = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Problem && error.code === 'no-such-file') return null;
      throw error;
    }
  };

  return {
    async list(folder) {
      const attempted = `List ${folder}`;
      const found = await orNothing(
        call<FileEntryWithStats[]>(attempted, (done) => sftp.readdir(folder, done)),
      );
      if (found === null) return null;
      return needed(found, attempted)
        .filter(({ filename }) => filename !== '.' && filename !== '..')
        .map(({ filename, attrs }) => ({
          name: filename,
          size: attrs.size,
          kind: attrs.isDirectory() ? 'folder' : attrs.isFile() ? 'file' : 'other',
        }));
    },
    async sizeOf(path) {
      const attempted = `Look at ${path}`;
      const stats = await orNothing(call<Stats>(attempted, (done) => sftp.stat(path, done)));
      return stats === null ? null : needed(stats, attempted).size;
    },
    async read(path, from, length) {
      const attempted = `Read ${path}`;
      const handle = await open(path, 'r', attempted);
      try {
        const bytes = Buffer.allocUnsafe(length);
        let end = length;
        await inPieces(length, async (at, size) => {
          for (let got = 0; got < size;) {
            const some = readSome(sftp, handle, bytes, at + got, size - got, from + at + got);
            const count = await Promise.race([some, gone.promise]).catch((error: unknown) => {
              throw asSftpProblem(error, attempted, label);
            });
            if (count === 0) {
              end = Math.min(end, at + got);
              return;
            }
            got += count;
          }
        });
        return bytes.subarray(0, end);
      } finally {
        await close(handle).catch(() => {});
      }
    },
    async create(path, bytes) {
      const attempted = `Write ${path}`;
      const handle = await open(path, 'wx', attempted);
      try {
        await inPieces(bytes.length, async (at, size) => {
          await call(attempted, (done) => sftp.write(handle, bytes, at, size, at, done));
        });
        // An extension of OpenSSH; a server without it says so.
        await call(attempted, (done) => sftp.ext_openssh_fsync(handle, done)).catch((error: unknown) => {
          if (!isUnknown(error)) throw error;
        });
      } finally {
        await close(handle).catch(() => {});
      }
    },
    async rename(from, to) {
      const attempted = `Rename to ${to}`;
      try {
        await call(attempted, (done) => sftp.ext_openssh_rename(from, to, done));
      } catch (error) {
        if (!isUnknown(error)) throw error;
        // The plain rename of SFTP replaces nothing.
        await orNothing(call(attempted, (done) => sftp.unlink(to, done)));
        await call(attempted, (done) => sftp.rename(from, to, done));
      }
    },
    async makeFolder(path) {
      const attempted = `Make the folder ${path}`;
      try {
        await call(attempted, (done) => sftp.mkdir(path, { mode: 0o700 }, done));
      } catch (error) {
        const there = await call<Stats>(attempted, (done) => sftp.stat(path, done)).catch(() => undefined);
        if (there?.isDirectory() !== true) throw error;
      }
    },
    async remove(path) {
      await orNothing(call(`Remove ${path}`, (done) => sftp.unlink(path, done)));
    },
    async removeFolder(path) {
      await call(`Remove ${path}`, (done) => sftp.rmdir(path, done)).catch((error: unknown) => {
        if (!(error instanceof Problem) || !['no-such-file', 'remote-failed'].includes(error.code))
          throw error;
      });
    },
    async free(path) {
      try {
        const answer: unknown = await call('Ask for free space', (done) =>
          sftp.ext_openssh_statvfs(path, done),
        );
        if (
          typeof answer !== 'object' ||
          answer === null ||
          !('f_bavail' in answer) ||
          !('f_frsize' in answer)
        )
          return null;
        return Number(answer.f_bavail) * Number(answer.f_frsize);
      } catch (error) {
        if (error instanceof Problem && error.code === 'connection-lost') throw error;
        return null;
      }
    },
    close() {
      client.off('close', lost).off('end', lost);
      sftp.end();
    },
  };
}

/** @returns bytes read; 0 at the end of the file */
function readSome(
  sftp: SFTPWrapper,
  handle: Buffer,
  into: Buffer,
  at: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    sftp.read(handle, into, at, length, position, (error, count) =>
      error ? (codeOf(error) === 1 ? resolve(0) : reject(error)) : resolve(count),
    );
  });
}

/** Does work for each piece of so many bytes, a number of them at once. */
async function inPieces(length: number, work: (at: number, size: number) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const hand = async () => {
    while (next < length && !failed) {
      const at = next;
      next += PIECE;
      try {
        await work(at, Math.min(PIECE, length - at));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, Math.ceil(length / PIECE)) }, hand));
}

function codeOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}

/** ssh2 says so where the server never announced an extension. */
function isUnknown(error: unknown): boolean {
  const cause = error instanceof Problem ? error.cause : error;
  return codeOf(cause) === 8 || /does not support this extended request/i.test(wordsOf(cause));
}

/** A failed request, in words. `error` may carry SFTP’s status as its `code`. */
export function asSftpProblem(error: unknown, attempted: string, label: string): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  const answered = wordsOf(error);
  const shape =
    code === NO_SUCH_FILE
      ? { code: 'no-such-file', message: 'It is not there.', todo: 'Check the folder’s name.' }
      : code === 3
        ? {
            code: 'remote-permission',
            message: 'The server does not allow that.',
            todo: 'Check that the account may write there.',
          }
        : code === FAILURE || code === 8 || code === 11
          ? {
              code: 'remote-failed',
              message: 'The server answered with an error.',
              todo: 'SFTP does not say why: check the free space and the permissions there.',
            }
          : {
              code: 'connection-lost',
              message: `The connection to ${label} was lost.`,
              todo: 'Check the network, then try again.',
            };
  return new Problem({ ...shape, attempted: `${attempted} on ${label}`, answered }, error);
}
