import { setImmediate } from 'node:timers/promises';
import type { Client } from 'ssh2';
import { decodeName, encodeName, Problem, wordsOf } from '../../words/index.ts';
import { asSftpProblem } from './sftp.ts';
import { ASK, openWire, SftpStatus, type Fields, type Part } from './sftp-wire.ts';

/** What SFTP tells of a file. */
export interface RemoteStat {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly size: number;
  readonly mode: number;
  /** Whole seconds since 1970: SFTP has no finer time, and neither ctime nor inode. */
  readonly mtime: number;
}

declare const handleBrand: unique symbol;
/** A file that is open on the server. */
export interface RemoteHandle {
  readonly [handleBrand]: true;
}

/**
 * Files of a server without a shell. Paths are absolute, names bytes (see RemotePath). Nothing here waits for what was asked before, so
 * that as much can be on its way as the caller likes.
 * @throws Problem `no-such-file`, `remote-permission`, `remote-failed`, `connection-lost`
 */
export interface RemoteFiles {
  realPath(path: string): Promise<string>;
  /** Follows links. null: nothing is there. */
  stat(path: string): Promise<RemoteStat | null>;
  lstat(path: string): Promise<RemoteStat | null>;
  /** @throws Problem `remote-permission` also where the names may be read and nothing else. */
  readFolder(path: string): Promise<{ readonly name: string; readonly stat: RemoteStat }[]>;
  readLink(path: string): Promise<string>;
  open(path: string): Promise<RemoteHandle>;
  /** At most so many bytes from there on; none: the file ends before. */
  read(handle: RemoteHandle, at: number, length: number): Promise<Buffer>;
  statOf(handle: RemoteHandle): Promise<RemoteStat>;
  /** Makes a new file that only this account may read. */
  create(path: string): Promise<RemoteHandle>;
  write(handle: RemoteHandle, at: number, bytes: Buffer): Promise<void>;
  setStat(handle: RemoteHandle, stat: { readonly mode: number; readonly mtime: number }): Promise<void>;
  close(handle: RemoteHandle): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Takes the place of a file that is there; in one instant where the server knows how. */
  rename(from: string, to: string): Promise<void>;
  /** Whether `rename` takes the place of a file in one instant. */
  readonly renamesOver: boolean;
  /** Copies all of a file into a new one on the server. @returns whether the server can */
  copy(from: RemoteHandle, to: RemoteHandle): Promise<boolean>;
  /** What is free for this account on the disk of a path; null: the server does not say. */
  space(path: string): Promise<{ readonly bytes: number; readonly files: number } | null>;
  makeFolder(path: string, mode: number): Promise<void>;
  makeLink(target: string, path: string): Promise<void>;
  /** What is not there is gone already. */
  remove(path: string): Promise<void>;
  /** @returns whether it is gone; one that holds something stays */
  removeFolder(path: string): Promise<boolean>;
  readonly closed: boolean;
  end(): void;
}

/** SSH_FX_FAILURE */
const FAILURE = 4;
const READ = 1;
/** WRITE | CREAT | EXCL */
const CREATE = 2 | 8 | 32;
const HAS = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 };
const RENAME = 'posix-rename@openssh.com';
/** draft-ietf-secsh-filexfer-extensions-00, 7; OpenSSH has it from 9.0 on. */
const COPY = 'copy-data';
const SPACE = 'statvfs@openssh.com';

class Handle implements RemoteHandle {
  declare readonly [handleBrand]: true;
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = Buffer.from(bytes);
  }
}

/**
 * Opens the SFTP subsystem.
 * @param silence milliseconds after which a server that answers nothing counts as lost
 * @param lost whether the connection itself is gone
 * @throws Problem `no-sftp`, `connection-lost`
 */
export async function openRemoteFiles(
  client: Client,
  label: string,
  silence?: number,
  lost: () => boolean = () => false,
): Promise<RemoteFiles> {
  const wire = await openWire(client, silence).catch(async (error: unknown) => {
    // What was open on it may hear of its end before it does itself.
    await setImmediate();
    if (lost()) throw asSftpProblem(error, 'Open SFTP', label);
    throw new Problem(
      {
        code: 'no-sftp',
        message: `${label} does not give access to files.`,
        attempted: `Open SFTP on ${label}`,
        answered: wordsOf(error),
        todo: 'Ask the host to allow SFTP for this account.',
      },
      error,
    );
  });
  const ask = async (attempted: string, type: number, ...parts: readonly Part[]): Promise<Fields | null> => {
    try {
      return await wire.ask(type, ...parts);
    } catch (error) {
      throw asSftpProblem(error, attempted, label);
    }
  };
  /** What an answer says; one that can't be read is the server's failure. */
  const read = <T>(attempted: string, answer: Fields | null, of: (answer: Fields) => T): T => {
    try {
      if (answer !== null) return of(answer);
    } catch (error) {
      throw asSftpProblem(new SftpStatus(FAILURE, wordsOf(error)), attempted, label);
    }
    throw asSftpProblem(new SftpStatus(FAILURE, 'an answer without what was asked for'), attempted, label);
  };
  const look = async (type: number, path: string): Promise<RemoteStat | null> => {
    try {
      const attempted = `Look at ${path}`;
      return read(attempted, await ask(attempted, type, encodeName(path)), attributes);
    } catch (error) {
      if (error instanceof Problem && error.code === 'no-such-file') return null;
      throw error;
    }
  };
  const bytes = (handle: RemoteHandle): Buffer => {
    if (handle instanceof Handle) return handle.bytes;
    throw new TypeError('not a handle of ours');
  };
  const opened = async (attempted: string, type: number, ...parts: readonly Part[]) =>
    read(attempted, await ask(attempted, type, ...parts), (answer) => new Handle(answer.bytes()));
  const nameIn = async (attempted: string, type: number, path: string) =>
    read(attempted, await ask(attempted, type, encodeName(path)), (answer) => {
      answer.number();
      return decodeName(answer.bytes());
    });
  const remove = async (path: string) => {
    await ask(`Remove ${path}`, ASK.remove, encodeName(path)).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'no-such-file') throw error;
    });
  };
  const lstat = (path: string) => look(ASK.lstat, path);

  return {
    realPath: (path) => nameIn(`Find ${path}`, ASK.realPath, path),
    stat: (path) => look(ASK.stat, path),
    lstat,
    async readFolder(path) {
      const attempted = `List ${path}`;
      const handle = await opened(attempted, ASK.openFolder, encodeName(path));
      const found: { name: string; stat: RemoteStat | null }[] = [];
      let itself = false;
      try {
        // Two questions are on their way, so that an ordinary folder and its end come in one round trip.
        const more = () => {
          const asked = ask(attempted, ASK.readFolder, handle.bytes);
          // Where the connection is lost, both are; the first is told.
          asked.catch(() => {});
          return asked;
        };
        for (const next = [more(), more()]; ;) {
          const answer = await next.shift();
          if (answer === undefined || answer === null) {
            await Promise.allSettled(next);
            break;
          }
          next.push(more());
          for (const entry of read(attempted, answer, namesIn)) {
            if (entry.name === '.') itself = true;
            // A name with a slash is no name: it would lead elsewhere.
            else if (entry.name !== '..' && entry.name !== '' && !/[/\0]/.test(entry.name)) found.push(entry);
          }
        }
      } finally {
        await ask(attempted, ASK.close, handle.bytes).catch(() => null);
      }
      // Of a folder that may be listed but not entered, some servers leave out even “.”.
      if (found.length === 0 && !itself) await look(ASK.stat, `${path}/.`);
      const stats = await Promise.all(
        found.map(async ({ name, stat }) => stat ?? (await lstat(`${path}/${name}`))),
      );
      return found.flatMap(({ name }, at) => {
        const stat = stats[at] ?? null;
        return stat === null ? [] : [{ name, stat }];
      });
    },
    readLink: (path) => nameIn(`Read the link ${path}`, ASK.readLink, path),
    open: (path) => opened(`Read ${path}`, ASK.open, encodeName(path), READ, 0),
    async read(handle, at, length) {
      const answer = await ask('Read a file', ASK.read, bytes(handle), BigInt(at), length);
      return answer === null ? Buffer.alloc(0) : read('Read a file', answer, (found) => found.bytes());
    },
    async statOf(handle) {
      const attempted = 'Look at a file';
      const stat = read(attempted, await ask(attempted, ASK.fstat, bytes(handle)), attributes);
      if (stat !== null) return stat;
      throw asSftpProblem(new Error('the server does not say what kind of file it is'), attempted, label);
    },
    create: (path) => opened(`Write ${path}`, ASK.open, encodeName(path), CREATE, HAS.mode, 0o600),
    async write(handle, at, content) {
      await ask('Write a file', ASK.write, bytes(handle), BigInt(at), content);
    },
    async setStat(handle, { mode, mtime }) {
      const seconds = Math.min(0xffffffff, Math.max(0, Math.floor(mtime)));
      const parts = [HAS.mode + HAS.times, mode & 0o7777, seconds, seconds];
      await ask('Set a file’s mode and time', ASK.fsetStat, bytes(handle), ...parts);
    },
    async close(handle) {
      await ask('Close a file', ASK.close, bytes(handle));
    },
    async setMode(path, mode) {
      await ask(`Set the mode of ${path}`, ASK.setStat, encodeName(path), HAS.mode, mode & 0o7777);
    },
    async rename(from, to) {
      const attempted = `Put ${to} in place`;
      const names = [encodeName(from), encodeName(to)];
      if (wire.offers(RENAME)) {
        await ask(attempted, ASK.extended, Buffer.from(RENAME), ...names);
        return;
      }
      // The plain rename of SFTP replaces nothing.
      await remove(to);
      await ask(attempted, ASK.rename, ...names);
    },
    renamesOver: wire.offers(RENAME),
    async copy(from, to) {
      if (!wire.offers(COPY)) return false;
      const all = [Buffer.from(COPY), bytes(from), 0n, 0n, bytes(to), 0n];
      await ask('Copy a file on the server', ASK.extended, ...all);
      return true;
    },
    async space(path) {
      if (!wire.offers(SPACE)) return null;
      const attempted = `Ask how much space there is at ${path}`;
      return read(
        attempted,
        await ask(attempted, ASK.extended, Buffer.from(SPACE), encodeName(path)),
        (said) => {
          const [, block = 0, , , blocks = 0, , , files = 0] = Array.from({ length: 8 }, () => said.large());
          return { bytes: block * blocks, files };
        },
      );
    },
    async makeFolder(path, mode) {
      await ask(`Make the folder ${path}`, ASK.makeFolder, encodeName(path), HAS.mode, mode & 0o7777);
    },
    async makeLink(target, path) {
      const attempted = `Make the link ${path}`;
      // The target first, as OpenSSH has it; the draft says otherwise. What was made is looked at.
      await ask(attempted, ASK.link, encodeName(target), encodeName(path));
      if ((await lstat(path))?.kind !== 'link')
        throw asSftpProblem(new Error('the server made no link there'), attempted, label);
    },
    remove,
    async removeFolder(path) {
      try {
        await ask(`Remove ${path}`, ASK.removeFolder, encodeName(path));
        return true;
      } catch (error) {
        if (error instanceof Problem && error.code === 'connection-lost') throw error;
        return (await lstat(path)) === null;
      }
    },
    get closed() {
      return wire.closed;
    },
    end: () => wire.end(),
  };
}

function namesIn(answer: Fields): { name: string; stat: RemoteStat | null }[] {
  const names = [];
  for (let left = answer.number(); left > 0; left -= 1) {
    const name = decodeName(answer.bytes());
    // As `ls -l` shows it; not needed.
    answer.bytes();
    names.push({ name, stat: attributes(answer) });
  }
  return names;
}

/** null: the server does not say what kind of file it is. */
function attributes(fields: Fields): RemoteStat | null {
  const has = fields.number();
  const size = has & HAS.size ? fields.large() : 0;
  if (has & HAS.owner) {
    fields.number();
    fields.number();
  }
  const bits = has & HAS.mode ? fields.number() : null;
  if (has & HAS.times) fields.number();
  const mtime = has & HAS.times ? fields.number() : 0;
  if (has & HAS.extended)
    for (let left = fields.number(); left > 0; left -= 1) {
      fields.bytes();
      fields.bytes();
    }
  if (bits === null) return null;
  const type = bits & 0o170000;
  return {
    kind: type === 0o100000 ? 'file' : type === 0o040000 ? 'folder' : type === 0o120000 ? 'link' : 'other',
    size,
    mode: bits & 0o7777,
    mtime,
  };
}
